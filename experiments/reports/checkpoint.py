"""What an interrupted run goes on from, kept as an artifact of its task, so that any machine can.

The artifact ``checkpoint`` is a compressed text: a line of JSON about the run, then the lines of its journal. It is
written whole to a file and uploaded from there: a task has the old one or the new one, never a torn one. Tasks that
evaluated on the same folds are found by a system tag, so that a run starts with what all of them know.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import clearml

from experiments.search.journal import Journal

log = logging.getLogger(__name__)

ARTIFACT = "checkpoint"
INTERVAL = 5.0  # seconds between two checkpoints while evaluations come in
TAG = "evaluations-"  # system tag, followed by the journal's key
EARLIER_RUNS = 3  # whose checkpoints are looked into: each holds what its run knew of those before
FETCHING = 3.0  # seconds that fetching them may take


@dataclass(frozen=True)
class Interrupted:
    """What a task's checkpoint says of the run before this one."""

    #: the name in the journal's entries
    run: str
    #: of the budget
    spent_seconds: float = 0.0
    #: told of already
    generations: int = 0
    #: the journal's lines; empty where there is no checkpoint
    journal: bytes = b""

    @classmethod
    def of(cls, task: clearml.Task) -> Interrupted:
        """Reads a task's checkpoint, where there is one that can be read."""
        artifact = task.artifacts.get(ARTIFACT)
        # a run that begins afresh, after a reset for instance, must not take an earlier one's evaluations for its own
        afresh = cls(f"{task.id}-{time.time_ns():x}")
        if artifact is None:
            return afresh
        try:
            return _read(Path(artifact.get_local_copy(force_download=True, raise_on_error=True)).read_bytes())
        except Exception as error:  # of any kind: it depends on where the file is
            log.warning("the checkpoint cannot be read, the run begins afresh: %s", error)
            return afresh


def _read(content: bytes) -> Interrupted:
    head, _, lines = gzip.decompress(content).partition(b"\n")
    about = json.loads(head)
    return Interrupted(about["run"], about["spent_seconds"], about["generations"], lines)


class Checkpoints:
    """Keeps a task's checkpoint up to date while its run goes on.

    Args:
        task: of the run.
        journal: of its evaluations.
        spent: tells the seconds of the budget that are spent.
        clock: seconds, for the interval.
    """

    def __init__(
        self,
        task: clearml.Task,
        journal: Journal,
        spent: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._task = task
        self._journal = journal
        self._spent = spent
        self._clock = clock
        self._saved_at = clock()
        self._saving: threading.Thread | None = None

    def begin(self) -> None:
        """Takes over what other runs know, and lets later ones find this one; for a few seconds at most."""
        fetching = threading.Thread(target=self._fetch, name="checkpoints", daemon=True)
        fetching.start()
        fetching.join(FETCHING)
        with _unless_it_fails("marking the task"):
            self._task.set_system_tags([*self._task.get_system_tags(), TAG + self._journal.key])

    def save(self, generations: int, at_once: bool = False) -> None:
        """Saves in the background, where the last time was long enough ago.

        Args:
            generations: told of so far.
            at_once: saves whenever the last time was, and waits for it.
        """
        busy = self._saving is not None and self._saving.is_alive()
        if not at_once and (busy or self._clock() - self._saved_at < INTERVAL):
            return
        self.await_saved()
        self._saved_at = self._clock()
        about = {"run": self._journal.run, "spent_seconds": self._spent(), "generations": generations}
        content = self._journal.checkpoint(json.dumps(about))
        self._saving = threading.Thread(target=self._upload, args=(content,), name="checkpoint", daemon=True)
        self._saving.start()
        if at_once:
            self.await_saved()

    def await_saved(self) -> None:
        """Blocks until what is being saved is there."""
        if self._saving is not None:
            self._saving.join()

    def _upload(self, content: bytes) -> None:
        with _unless_it_fails("saving the checkpoint"), tempfile.TemporaryDirectory(prefix="checkpoint-") as folder:
            path = Path(folder, f"{ARTIFACT}.jsonl.gz")
            path.write_bytes(content)
            self._task.upload_artifact(ARTIFACT, path, wait_on_upload=True)

    def _fetch(self) -> None:
        with _unless_it_fails("looking for earlier evaluations"):
            for task in earlier_runs(self._journal.key, self._task.id):
                self._journal.absorb(Interrupted.of(task).journal)


def earlier_runs(key: str, but: str) -> list[clearml.Task]:
    """The latest tasks that evaluated on the same folds.

    Args:
        key: of the journal.
        but: id of the task that asks.
    """
    return [
        task
        for task in clearml.Task.get_tasks(
            task_filter={
                "system_tags": [TAG + key],
                "order_by": ["-last_update"],
                "page": 0,
                "page_size": EARLIER_RUNS + 1,
            }
        )
        if task.id != but
    ][:EARLIER_RUNS]


@contextlib.contextmanager
def _unless_it_fails(action: str) -> Iterator[None]:
    """Lets a run go on without its checkpoint."""
    try:
        yield
    except Exception as error:
        log.warning("%s failed, the run goes on without: %s: %s", action, type(error).__name__, error)

"""What was evaluated, written down as it happens: what a run that was killed goes on from, and what later runs reuse.

A search is a function of its seed and of its evaluations' results, so these results are all that has to be kept. A run
that was interrupted is begun anew and finds each of its evaluations in the journal, until it comes to the first one
that is not there: random stream, population, early-stop counters and all are then what they would have been.

One file a problem, a JSON object a line, appended by every run on this machine that evaluates on the same folds with
the same libraries. A line that was torn by the end of its writer is passed over. The same lines, compressed, travel as
a task's checkpoint to other machines.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from experiments.search.events import Evaluation, Measures, Outcome
from experiments.search.problem import Problem
from experiments.search.versions import installed

#: outcomes that would be the same in every run; a limit that was hit may have been the machine's fault
REPEATABLE = frozenset({"valid", "dropped", "invalid"})


@dataclass(frozen=True)
class Entry:
    """How one pipeline did on one problem."""

    #: canonical text
    pipeline: str
    outcome: Outcome
    cause: str
    #: score of each look that was taken
    looks: tuple[float, ...]
    measures: Measures | None
    #: compute time
    seconds: float
    #: which run evaluated it
    run: str

    @classmethod
    def of(cls, evaluation: Evaluation, run: str) -> Entry:
        """What is kept of an evaluation."""
        first = () if evaluation.first_look is None else (evaluation.first_look,)
        return cls(
            evaluation.pipeline, evaluation.outcome, evaluation.cause, (*first, *evaluation.fold_scores),
            evaluation.measures, evaluation.seconds, run,
        )  # fmt: skip

    def line(self) -> str:
        """As a line of JSON, its end included."""
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False) + "\n"


class Journal:
    """Entries of one problem.

    Args:
        problem: that they are about.
        seed: of the run: it is in every estimator.
        run: the run's name; its own entries are taken over whatever their outcome was.
        folder: where the files of this machine are; None keeps nothing.
        reuse: whether to take over what other runs have evaluated.
        definitions: digest of a person's own classes, whose names in a pipeline's text do not say what they do.
    """

    def __init__(
        self,
        problem: Problem,
        seed: int,
        run: str = "",
        folder: Path | None = None,
        reuse: bool = True,
        definitions: str = "",
    ) -> None:
        self.key = _key(problem, seed, definitions)
        self.run = run
        self._reuse = reuse
        self._entries: dict[str, Entry] = {}
        self._own: dict[str, Entry] = {}
        self._path = folder / f"{self.key}.jsonl" if folder else None
        if self._path and self._path.is_file():
            content = self._path.read_bytes()
            self._take(_entries(content))
            if not content.endswith(b"\n"):
                self._append(b"\n")  # after a torn line

    def recall(self, pipeline: str) -> Entry | None:
        """What is known of a pipeline: this run's own entry, or one of another run that holds for this one, too."""
        return self._own.get(pipeline) or self._entries.get(pipeline)

    def is_own(self, entry: Entry) -> bool:
        """Whether it is from this run, before it was interrupted."""
        return entry.run == self.run

    def note(self, evaluation: Evaluation) -> None:
        """Writes an evaluation down. It outlasts this process at once, and the machine as soon as the system writes."""
        entry = Entry.of(evaluation, self.run)
        self._own[entry.pipeline] = entry
        self._append(entry.line().encode())

    def checkpoint(self, about: str) -> bytes:
        """All entries, to go on from elsewhere.

        Args:
            about: the first line.
        """
        known = {**self._entries, **self._own}
        text = about + "\n" + "".join(entry.line() for entry in known.values())
        return gzip.compress(text.encode(), compresslevel=5)

    def absorb(self, lines: bytes) -> None:
        """Takes over the entries of a checkpoint, without its first line, of the same key."""
        self._take(_entries(lines))

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if self.is_own(entry):
                self._own.setdefault(entry.pipeline, entry)
            elif self._reuse and entry.outcome in REPEATABLE:
                known = self._entries.get(entry.pipeline)
                if known is None or len(known.looks) < len(entry.looks):
                    self._entries[entry.pipeline] = entry

    def _append(self, line: bytes) -> None:
        """Adds a line in one call of the system, so that several runs can."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path, "ab", buffering=0) as file:
            file.write(line)


def _key(problem: Problem, seed: int, definitions: str) -> str:
    """One name for everything that decides what an evaluation finds besides the pipeline."""
    versions = sorted(installed().items())
    return hashlib.sha256(f"{problem.fingerprint} {seed} {versions} {definitions}".encode()).hexdigest()[:32]


def _entries(lines: bytes) -> Iterator[Entry]:
    for line in lines.splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            fields = json.loads(line)
            measures = fields.pop("measures")
            yield Entry(
                **{**fields, "looks": tuple(fields["looks"])}, measures=Measures(**measures) if measures else None
            )

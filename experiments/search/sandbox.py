"""The owner's side of an evaluating process."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

from experiments.search.framing import PipeClosed, read_frame, write_frame
from experiments.search.order import Packed
from experiments.search.verdict import Verdict

#: how long an ended process may take to be gone before it is killed, in seconds
PATIENCE = 2.0
#: how long another thread may be writing to the process before that is not waited for, in seconds
WRITE_PATIENCE = 0.1
#: a file descriptor that no file has
_NOWHERE = -1

#: one thread a model: pipelines are evaluated side by side, and a fork does not copy threads
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
    "MPLBACKEND": "Agg",
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # macOS refuses to fork after Objective-C was loaded
}


class SandboxLost(Exception):
    """The evaluating process is gone."""


@dataclass(frozen=True)
class Limits:
    """What one evaluation may take."""

    #: wall clock, in seconds
    per_run_limit: float
    #: megabytes beyond what the libraries and the problem take
    memory_limit_mb: int


class Origin(NamedTuple):
    """What a sandbox comes from: two of one origin know the same."""

    interpreter: str
    #: as PYTHONPATH has it
    modules: str


class Sandbox:
    """An evaluating process; it is started at once and gets ready in the background (2-3 s).

    One thread evaluates; `cancel` and `close` may be called from any.

    Args:
        limits: of each evaluation.
        seed: of the random generators that an evaluation finds.
    """

    def __init__(self, limits: Limits, seed: int) -> None:
        self._limits = limits
        self._seed = seed
        self._writing = threading.Lock()
        self._ready = False
        #: tasks of this or a smaller ticket are not wanted any more
        self._cancelled = 0
        self.origin = origin()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the process
        # Not a multiprocessing process: Dask's workers are daemonic and may not have such children. A session of its
        # own, so that Ctrl-C in a terminal reaches the owner only, which then decides.
        self._process = subprocess.Popen(
            [self.origin.interpreter, "-m", "experiments.search.sandbox_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=os.environ | _ENVIRONMENT | {"PYTHONPATH": self.origin.modules},
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._inbox = self._process.stdin.fileno()
        self._outbox = self._process.stdout.fileno()

    @property
    def was_ready(self) -> bool:
        """Whether it ever came so far as to evaluate; where not, another one will not either."""
        return self._ready

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def hand_over(self, limits: Limits, seed: int) -> None:
        """Sets limits and seed anew; between evaluations, before it learns what the next are about."""
        self._limits, self._seed, self._cancelled = limits, seed, 0

    def await_ready(self) -> None:
        """Blocks until the process has imported its libraries; returns, too, where it is gone."""
        with contextlib.suppress(PipeClosed, ValueError):
            self._await_ready()

    def learn(self, lesson: bytes) -> None:
        """Gives it the problem of the tasks to come, as `lesson` made it.

        Raises:
            SandboxLost: the process is gone.
        """
        self._tell(lesson)

    def evaluate(self, packed: Packed, ticket: int = 0) -> Verdict:
        """Does a task, whatever it does, within the limits.

        Args:
            packed: the task, which is called with what was learnt; its own limit of time goes before the sandbox's.
            ticket: by which `cancel` knows it.

        Raises:
            SandboxLost: the process is gone, with why as far as known.
        """
        limits = self._limits
        seconds = limits.per_run_limit if packed.seconds is None else packed.seconds
        try:
            self._await_ready()
            order = ("evaluate", ticket, self._seed, packed.task, seconds, limits.memory_limit_mb)
            with self._writing:
                if 0 < ticket <= self._cancelled:
                    return Verdict(None)
                write_frame(self._inbox, pickle.dumps(order))
            verdict = pickle.loads(read_frame(self._outbox))
        except (PipeClosed, ValueError) as error:
            raise SandboxLost(self._last_words()) from error
        assert isinstance(verdict, Verdict)
        return verdict

    def cancel(self, ticket: int = 0) -> None:
        """Ends the running evaluation within a tenth of a second; its outcome is None. Returns in no more, too.

        Args:
            ticket: what runs is ended only if it has this or a smaller one, and those that are still to come end so,
                too; if 0, what runs is ended whatever it is.
        """
        self._cancelled = max(self._cancelled, ticket)
        # Where somebody writes for longer, it is the problem, to a process that is not ready: nothing runs in it yet.
        if self._writing.acquire(timeout=WRITE_PATIENCE):
            try:
                with contextlib.suppress(PipeClosed, ValueError):
                    write_frame(self._inbox, pickle.dumps(("cancel", ticket)))
            finally:
                self._writing.release()

    def hang_up(self) -> None:
        """Tells the process to end what runs in it and itself; returns at once."""
        assert self._process.stdin is not None
        if not self._writing.acquire(timeout=WRITE_PATIENCE):
            self._process.kill()  # it is being written to and does not read: it is not ready yet
            return
        try:
            self._inbox = _NOWHERE
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        finally:
            self._writing.release()

    def close(self) -> None:
        """Ends the process and what runs in it, and waits for that. Nobody may be evaluating."""
        self.hang_up()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._complaints.close()

    def _await_ready(self) -> None:
        if not self._ready:
            read_frame(self._outbox)
            self._ready = True

    def _tell(self, frame: bytes) -> None:
        try:
            with self._writing:
                write_frame(self._inbox, frame)
        except (PipeClosed, ValueError) as error:
            raise SandboxLost(self._last_words()) from error

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        try:
            self._complaints.seek(0)
            lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        except ValueError:
            lines = []
        return f"the evaluating process ended with {self._process.returncode}: {lines[-1] if lines else 'no message'}"


def origin() -> Origin:
    """What a sandbox that was started now would come from."""
    return Origin(sys.executable, os.pathsep.join(path for path in sys.path if path))


def lesson(problem: Any) -> bytes:
    """The message that teaches sandboxes what their tasks are about, pickled once for all of them."""
    return pickle.dumps(("learn", problem))

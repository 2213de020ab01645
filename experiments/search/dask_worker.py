"""What runs inside a Dask worker: one sandbox for each run, and the functions that the driver calls.

This project must be importable there, in the same versions as the driver's: start workers in its environment.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from distributed import WorkerPlugin, get_worker, secede
from distributed.worker import thread_state

from experiments.search import idle_sandboxes
from experiments.search.order import Packed
from experiments.search.sandbox import Limits, Sandbox, SandboxLost
from experiments.search.turns import Turns
from experiments.search.verdict import Verdict

#: an evaluation whose sandbox was lost that often is the one that ends sandboxes
ATTEMPTS = 3
#: how long a cancelled evaluation may take to end, in seconds; the worker waits that long
CANCEL_PATIENCE = 0.5
#: the worker's metric that tells what each run had of it lately; it travels with the heartbeat, twice a second
COMPUTE_SECONDS = "compute seconds by run"
_TURNS = "turns"


class SandboxPlugin(WorkerPlugin):
    """Gives every worker, those that join later too, a sandbox that knows the run's problem.

    Args:
        run: unique name.
        lesson: the problem, as `sandbox.lesson` made it; it lives in the scheduler as long as the plugin is registered,
            so that the loss of workers loses no data.
        limits: of each evaluation.
        seed: of the random generators that an evaluation finds.
    """

    def __init__(self, run: str, lesson: bytes, limits: Limits, seed: int) -> None:
        self.name = plugin_name(run)
        self._run = run
        self._lesson = lesson
        self._limits = limits
        self._seed = seed

    def __reduce__(self) -> Any:
        """Travels as it was made."""
        return type(self), (self._run, self._lesson, self._limits, self._seed)

    def setup(self, worker: Any) -> None:
        """Starts the sandbox; it gets ready in the background."""
        idle_sandboxes.keep(1)  # a worker does one evaluation at a time
        self._over = False
        #: held while something runs in the sandbox
        self._in_use = threading.Lock()
        self._cancelled = 0
        self._turns = _turns_of(worker)
        self._start()

    def teardown(self, worker: Any) -> None:
        """Ends what runs in the sandbox and leaves it to the next run."""
        self._over = True
        self._turns.forget(self._run)
        self._sandbox.cancel()
        if self._teaching.is_alive() or not self._in_use.acquire(timeout=CANCEL_PATIENCE):
            self._sandbox.hang_up()
            idle_sandboxes.prepare()
        else:
            idle_sandboxes.give_back(self._sandbox)
            self._in_use.release()  # one that just had its turn sees that it is over, and gives the turn back

    def evaluate(self, packed: Packed, ticket: int, is_asked_for: Callable[[], bool]) -> tuple[Verdict, int]:
        """One evaluation, in a new sandbox where the old one was lost, when it is the run's turn on this worker.

        Args:
            packed: what to do.
            ticket: by which `cancel` knows it.
            is_asked_for: whether there still is somebody who waits for it.

        Returns:
            The verdict, and how often the sandbox was lost before it came.
        """

        def is_wanted() -> bool:
            return not self._over and ticket > self._cancelled and is_asked_for()

        for attempt in range(ATTEMPTS):
            self._teaching.join()  # not within the turn: another run may have it meanwhile
            if not self._turns.take(self._run, is_wanted):
                return Verdict(None), attempt
            try:
                with self._in_use:
                    return self._sandbox.evaluate(packed, ticket) if is_wanted() else Verdict(None), attempt
            except SandboxLost as error:
                if not is_wanted():
                    return Verdict(None), attempt
                lost = error
                self._sandbox.close()
                self._start()
            finally:
                self._turns.give_back()
        return Verdict("crashed", f"its process was lost {ATTEMPTS} times: {lost}"), ATTEMPTS - 1

    def cancel(self, ticket: int) -> None:
        """Ends the running evaluation, and those of this ticket that are still to come."""
        self._cancelled = max(self._cancelled, ticket)
        self._turns.reconsider()
        self._sandbox.cancel(ticket)

    def _start(self) -> None:
        self._sandbox = idle_sandboxes.take(self._limits, self._seed)
        # In a thread: a pipe holds little, and the process reads only when it has imported its libraries.
        self._teaching = threading.Thread(target=self._teach, args=(self._sandbox,), daemon=True)
        self._teaching.start()

    def _teach(self, sandbox: Sandbox) -> None:
        with contextlib.suppress(SandboxLost):  # the next evaluation finds that out, too, and starts another
            sandbox.learn(self._lesson)
        sandbox.await_ready()


def plugin_name(run: str) -> str:
    """Name of a run's plugin."""
    return f"sandbox-{run}"


def evaluate_here(run: str, task: bytes, seconds: float | None, ticket: int) -> tuple[Verdict, int]:
    """The task that the driver submits: evaluates in this worker's sandbox of a run.

    Raises:
        KeyError: the run is over, or not begun here.
    """
    worker = get_worker()
    plugin, key = worker.plugins[plugin_name(run)], thread_state.key

    def is_asked_for() -> bool:
        state = worker.state.tasks.get(key)  # it is cancelled there when the driver is gone
        return state is not None and state.state in ("executing", "long-running")

    secede()  # whose turn it is, is decided here and not by Dask, which knows only what came first
    return plugin.evaluate(Packed(task, seconds), ticket, is_asked_for)


def cancel_here(run: str, ticket: int, dask_worker: Any = None) -> None:
    """Ends what this worker evaluates for a run.

    Args:
        dask_worker: filled in by ``Client.run``.
    """
    plugin = dask_worker.plugins.get(plugin_name(run))
    if plugin is not None:
        plugin.cancel(ticket)


def _turns_of(worker: Any) -> Turns:
    """The one that all runs on a worker share."""
    turns = worker.extensions.setdefault(_TURNS, Turns())
    worker.metrics[COMPUTE_SECONDS] = lambda worker: turns.seconds()
    return turns

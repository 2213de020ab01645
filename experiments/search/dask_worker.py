"""What runs inside a Dask worker: one sandbox for each run, and the functions that the driver calls.

This project must be importable there, in the same versions as the driver's: start workers in its environment.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from distributed import WorkerPlugin, get_worker

from experiments.search import spare_sandbox
from experiments.search.sandbox import Limits, Sandbox, SandboxLost
from experiments.search.verdict import Verdict

#: an evaluation whose sandbox was lost that often is the one that ends sandboxes
ATTEMPTS = 3


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
        self._lesson = lesson
        self._limits = limits
        self._seed = seed

    def __reduce__(self) -> Any:
        """Travels as it was made."""
        return type(self), (self.name.removeprefix(plugin_name("")), self._lesson, self._limits, self._seed)

    def setup(self, worker: Any) -> None:
        """Starts the sandbox; it gets ready in the background."""
        self._over = False
        self._one_at_a_time = threading.Lock()
        self._start()

    def teardown(self, worker: Any) -> None:
        """Ends the sandbox."""
        self._over = True
        self._sandbox.hang_up()
        spare_sandbox.refill()

    def evaluate(self, estimator: bytes, ticket: int) -> tuple[Verdict, int]:
        """One evaluation, in a new sandbox where the old one was lost.

        Returns:
            The verdict, and how often the sandbox was lost before it came.
        """
        with self._one_at_a_time:
            for attempt in range(ATTEMPTS):
                self._teaching.join()
                try:
                    return self._sandbox.evaluate(estimator, ticket), attempt
                except SandboxLost as error:
                    if self._over:
                        return Verdict(None), attempt
                    lost = error
                    self._sandbox.close()
                    self._start()
        return Verdict("crashed", f"its process was lost {ATTEMPTS} times: {lost}"), ATTEMPTS - 1

    def cancel(self, ticket: int) -> None:
        """Ends the running evaluation, and those of this ticket that are still to come."""
        self._sandbox.cancel(ticket)

    def _start(self) -> None:
        self._sandbox = spare_sandbox.take(self._limits, self._seed)
        # In a thread: a pipe holds little, and the process reads only when it has imported its libraries.
        self._teaching = threading.Thread(target=self._teach, args=(self._sandbox,), daemon=True)
        self._teaching.start()

    def _teach(self, sandbox: Sandbox) -> None:
        with contextlib.suppress(SandboxLost):  # the next evaluation finds that out, too, and starts another
            sandbox.learn(self._lesson)


def plugin_name(run: str) -> str:
    """Name of a run's plugin."""
    return f"sandbox-{run}"


def evaluate_here(run: str, estimator: bytes, ticket: int) -> tuple[Verdict, int]:
    """The task that the driver submits: evaluates in this worker's sandbox of a run.

    Raises:
        KeyError: the run is over, or not begun here.
    """
    return get_worker().plugins[plugin_name(run)].evaluate(estimator, ticket)


def cancel_here(run: str, ticket: int, dask_worker: Any = None) -> None:
    """Ends what this worker evaluates for a run.

    Args:
        dask_worker: filled in by ``Client.run``.
    """
    plugin = dask_worker.plugins.get(plugin_name(run))
    if plugin is not None:
        plugin.cancel(ticket)

"""Load and memory of a Dask worker with all its sub-processes: evaluations run in those, where Dask does not look.

For workers of the local pool: ``dask worker --preload pipelines.worker_load``. The two numbers travel with the worker's
heartbeat, as metrics of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

#: names of the metrics: per cent of one processor, and bytes
LOAD, MEMORY = "tree cpu", "tree memory"
INTERVAL = 5.0  # seconds between two looks: finding sub-processes takes milliseconds, which evaluations could use


class Tree:
    """A process and all below it.

    Args:
        process: the root.
        clock: seconds.
    """

    def __init__(self, process: psutil.Process, clock: Callable[[], float] = time.monotonic) -> None:
        self._process = process
        self._clock = clock
        self._looked_at = clock()
        self._seconds = self._look()
        #: per cent of one processor since the look before the last one
        self.load = 0.0

    def refresh(self) -> Tree:
        """Looks again, where the last look is older than `INTERVAL`."""
        now = self._clock()
        passed = now - self._looked_at
        if passed >= INTERVAL:
            seconds = self._look()
            used = sum(max(0.0, total - self._seconds.get(pid, 0.0)) for pid, total in seconds.items())
            self.load = 100 * used / passed
            self._looked_at, self._seconds = now, seconds
        return self

    def _look(self) -> dict[int, float]:
        """Process id -> seconds of processor time; what has just ended is left out."""
        seconds: dict[int, float] = {}
        #: resident bytes of all processes
        self.memory = 0
        for process in (self._process, *self._process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds[process.pid] = times.user + times.system
                self.memory += process.memory_info().rss
        return seconds


def dask_setup(worker: Any) -> None:
    """Called by Dask when a worker that preloads this module starts."""
    tree = Tree(psutil.Process())
    worker.metrics[LOAD] = lambda _: tree.refresh().load
    worker.metrics[MEMORY] = lambda _: tree.refresh().memory

"""A sandbox that waits in a Dask worker until a run comes, its libraries imported already.

For workers that serve one run after the other: ``dask worker --preload experiments.search.spare_sandbox``. A run's
first evaluation then begins at once instead of after the 2-3 s that the imports take. Without the preload, or where the
spare one is gone, `take` starts a new sandbox.
"""

from __future__ import annotations

import threading
from typing import Any

from experiments.search.sandbox import Limits, Sandbox

_lock = threading.Lock()
_spare: Sandbox | None = None
_is_kept = False


def take(limits: Limits, seed: int) -> Sandbox:
    """The spare sandbox, or a new one."""
    global _spare
    with _lock:
        spare, _spare = _spare, None
    if spare is not None and spare.is_alive:
        spare.hand_over(limits, seed)
        return spare
    return Sandbox(limits, seed)


def refill() -> None:
    """Starts the next spare sandbox, where one is kept; called when a run is over, so that it costs no run anything."""
    global _spare
    with _lock:
        if _is_kept and (_spare is None or not _spare.is_alive):
            _spare = Sandbox(Limits(per_run_limit=0.0, memory_limit_mb=0), seed=0)  # `take` sets what it is for


def await_ready() -> None:
    """Blocks until the spare sandbox, where there is one, has imported its libraries."""
    with _lock:
        if _spare is not None:
            _spare.await_ready()


def dask_setup(worker: Any) -> None:
    """Called by Dask when a worker that preloads this module starts."""
    global _is_kept
    _is_kept = True
    refill()


def dask_teardown(worker: Any) -> None:
    """Called by Dask when the worker ends."""
    global _is_kept
    _is_kept = False
    with _lock:
        if _spare is not None:
            _spare.hang_up()

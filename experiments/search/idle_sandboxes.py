"""Sandboxes that have done what they were for and wait for the next: their libraries are imported already.

A sandbox takes 2-3 s and as much processor time to get ready, and evaluations leave no trace in it. So whoever is done
with one gives it back: the next run of a notebook, the last fit after a local search, and the next run on a Dask worker
begin at once. ``dask worker --preload experiments.search.idle_sandboxes`` has the first one ready before the first run.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from typing import Any

from experiments.search.sandbox import Limits, Sandbox, SandboxLost, lesson, origin

#: of one that waits; `take` sets what it is for
_NO_LIMITS = Limits(per_run_limit=0.0, memory_limit_mb=0)

_lock = threading.Lock()
_idle: list[Sandbox] = []
#: so many wait at most; more than there are processors are not used side by side
_most = os.cpu_count() or 1


def take(limits: Limits, seed: int) -> Sandbox:
    """A sandbox that waits and knows the modules that this process knows, or a new one."""
    wanted = origin()
    with _lock:
        position = next((i for i, each in enumerate(_idle) if each.is_alive and each.origin == wanted), None)
        idle = None if position is None else _idle.pop(position)
    if idle is None:
        return Sandbox(limits, seed)
    idle.hand_over(limits, seed)
    return idle


def give_back(sandbox: Sandbox) -> None:
    """Keeps a sandbox in which nothing runs; one that is not usable any more, or too many, is ended."""
    try:
        sandbox.learn(lesson(None))  # what it knew takes memory
    except SandboxLost:
        sandbox.close()
        return
    with _lock:
        ended = [each for each in _idle if not each.is_alive]
        _idle[:] = [each for each in _idle if each.is_alive]
        _idle.append(sandbox)
        while len(_idle) > _most:
            ended.append(_idle.pop(0))
    for each in ended:
        each.close()


def keep(most: int) -> None:
    """From now on, so many wait at most."""
    global _most
    _most = most


def prepare() -> None:
    """Starts one, where none waits."""
    with _lock:
        if not any(each.is_alive for each in _idle):
            _idle.append(Sandbox(_NO_LIMITS, seed=0))


def await_ready() -> None:
    """Blocks until those that wait have imported their libraries."""
    with _lock:
        for each in _idle:
            each.await_ready()


def close_all() -> None:
    """Ends those that wait."""
    with _lock:
        ended, _idle[:] = list(_idle), []
    for each in ended:
        each.hang_up()
    for each in ended:
        each.close()


atexit.register(close_all)


async def dask_setup(worker: Any) -> None:
    """Called by Dask before a worker that preloads this module joins its pool: one that is there can evaluate."""
    prepare()
    await asyncio.to_thread(await_ready)


def dask_teardown(worker: Any) -> None:
    """Called by Dask when the worker ends."""
    close_all()

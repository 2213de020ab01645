"""A distributed pool that outlives its scheduler: it is reached again, or one local worker goes on in its place."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from experiments.search.order import Order
from experiments.search.pool import Pool, PoolLost, PoolUnreachable, Result
from experiments.search.problem import Problem

#: how often a pool that is lost again while it learns is reached for once more
ATTEMPTS = 3

_log = logging.getLogger(__name__)


class LastingPool(Pool):
    """See `Pool`. What a lost pool had not given back is submitted again to the one that comes after it.

    Args:
        first: the pool to begin with.
        reach: opens another one like it, in a thread of its own; raises PoolUnreachable when it has tried for long
            enough.
        fall_back: opens the one to go on with where there is none any more, and is told why.
    """

    def __init__(self, first: Pool, reach: Callable[[], Pool], fall_back: Callable[[str], Pool]) -> None:
        #: None while one is being reached for
        self._pool: Pool | None = first
        self._reach = reach
        self._open_fallback = fall_back
        self._fell_back = False
        self._closed = False
        self._problem: Problem | None = None
        #: what is not back, by number, in order of submission
        self._orders: dict[int, Order] = {}
        #: how often each of them was submitted again here
        self._again: Counter[int] = Counter()
        self._reached: queue.SimpleQueue[Pool | str] = queue.SimpleQueue()
        self._known_workers = first.workers()

    def learn(self, problem: Problem) -> None:
        self._problem = problem
        if self._pool is not None:
            try:
                self._pool.learn(problem)
            except PoolLost as error:
                self._reach_again(error)

    def submit(self, order: Order) -> None:
        self._orders[order.number] = order
        if self._pool is not None:
            self._pool.submit(order)

    def wait(self, timeout: float) -> list[Result]:
        end = time.monotonic() + timeout
        while self._pool is not None or self._take_over(end - time.monotonic()):
            assert self._pool is not None
            try:
                results = self._pool.wait(max(0.0, end - time.monotonic()))
            except PoolLost as error:
                self._reach_again(error)
            except PoolUnreachable as error:
                if self._fell_back:
                    raise
                self._fall_back(str(error))
            else:
                return [self._taken_back(result) for result in results]
        return []

    def workers(self) -> int:
        """While all are lost: as many as there were, since they will be back in a moment."""
        self._known_workers = (self._pool.workers() if self._pool else 0) or self._known_workers
        return self._known_workers

    def share(self) -> float:
        return self._pool.share() if self._pool else 1.0

    def abandon(self) -> float:
        self._orders.clear()
        self._again.clear()
        return self._pool.abandon() if self._pool else 0.0

    def close(self) -> None:
        self._closed = True
        if self._pool is not None:
            self._pool.close()

    def _taken_back(self, result: Result) -> Result:
        del self._orders[result.number]
        return replace(result, retried=result.retried + self._again.pop(result.number, 0))

    def _reach_again(self, error: PoolLost) -> None:
        """Reaches for another pool in the background, so that nobody waits longer than they wanted to."""
        _log.warning("%s; reaching for it again", error)
        lost, self._pool = self._pool, None
        assert lost is not None
        threading.Thread(target=self._reach_and_teach, args=(lost,), name="reach-pool", daemon=True).start()

    def _reach_and_teach(self, lost: Pool) -> None:
        """What that thread does: puts a pool into `_reached`, or why there is none."""
        reached: Pool | str = ""
        try:
            lost.close()
            for _ in range(ATTEMPTS):
                reached = self._reach_once()
                if isinstance(reached, Pool):
                    break
        except PoolUnreachable as error:
            reached = str(error)
        except Exception as error:  # whatever it is, the search must go on
            reached = f"{type(error).__name__}: {error}"
        self._reached.put(reached)
        if self._closed and isinstance(reached, Pool):
            reached.close()

    def _reach_once(self) -> Pool | str:
        """A pool that knows the problem; why there is none where it was lost again meanwhile.

        Raises:
            PoolUnreachable: there is none to be had.
        """
        try:
            pool = self._reach()
        except PoolLost as error:
            return str(error)
        try:
            if self._problem is not None:
                pool.learn(self._problem)
        except PoolLost as error:
            pool.close()
            return str(error)
        return pool

    def _take_over(self, timeout: float) -> bool:
        """Goes on with what was reached; False where there is nothing yet."""
        try:
            reached = self._reached.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return False
        if isinstance(reached, str):
            self._fall_back(reached)
        else:
            _log.warning("the pool is there again, with %d workers", reached.workers())
            self._go_on_with(reached)
        return True

    def _fall_back(self, reason: str) -> None:
        if self._pool is not None:
            self._pool.close()
        self._fell_back = True
        pool = self._open_fallback(reason)
        if self._problem is not None:
            pool.learn(self._problem)
        self._go_on_with(pool)

    def _go_on_with(self, pool: Pool) -> None:
        self._pool = pool
        for order in self._orders.values():
            self._again[order.number] += 1
            pool.submit(order)

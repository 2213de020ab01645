"""Evaluating processes of this machine, each driven by a thread of this process.

No Dask: a local cluster takes 9-11 s to start, a sandbox 2-3 s, in parallel and while the caller does other things.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time

from experiments.search import idle_sandboxes
from experiments.search.order import Order, Packed
from experiments.search.pool import Pool, PoolUnreachable, Result
from experiments.search.problem import Problem
from experiments.search.sandbox import Limits, Sandbox, SandboxLost, lesson
from experiments.search.verdict import Verdict

#: an evaluation whose process was lost that often is the one that ends processes
ATTEMPTS = 3

_Task = tuple[int, int, Packed]  # round, number, what is to be done


class LocalPool(Pool):
    """See `Pool`. Closed, it leaves its processes to the next that need some: see `idle_sandboxes`.

    Args:
        limits: of each evaluation.
        n_workers: evaluating processes.
        seed: of the random generators that an evaluation finds.
    """

    leaves_sandboxes = True

    def __init__(self, limits: Limits, n_workers: int, seed: int = 0) -> None:
        self._lesson = b""
        #: there is a lesson, or there will be none
        self._taught = threading.Event()
        self._limits = limits
        self._seed = seed
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[int, Result] | SandboxLost] = queue.SimpleQueue()
        #: grows when everything is abandoned: results of earlier rounds are forgotten
        self._round = 1
        self._closed = False
        #: index of a busy sandbox -> when its evaluation began
        self._began: dict[int, float] = {}
        self._sandboxes = [idle_sandboxes.take(limits, seed) for _ in range(n_workers)]
        self._threads = [
            threading.Thread(target=self._serve, args=(index,), name=f"sandbox-{index}", daemon=True)
            for index in range(n_workers)
        ]
        for thread in self._threads:
            thread.start()

    def learn(self, problem: Problem) -> None:
        self._lesson = lesson(problem)
        self._taught.set()

    def submit(self, order: Order) -> None:
        self._tasks.put((self._round, order.number, order.packed()))

    def wait(self, timeout: float) -> list[Result]:
        ended: list[Result] = []
        with contextlib.suppress(queue.Empty):
            self._take(self._results.get(timeout=max(0.0, timeout)), ended)
            while True:
                self._take(self._results.get_nowait(), ended)
        return ended

    def workers(self) -> int:
        return len(self._threads)

    def abandon(self) -> float:
        abandoned = self._round
        self._round += 1
        for sandbox in self._sandboxes:
            sandbox.cancel(abandoned)
        now = time.monotonic()
        return sum(now - began for began in list(self._began.values()))

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._taught.set()
        self.abandon()
        for _ in self._threads:
            self._tasks.put(None)
        for sandbox in self._sandboxes:
            if not sandbox.was_ready:
                sandbox.hang_up()  # to give it back, it would have to be waited for
        for thread in self._threads:
            thread.join()

    def _take(self, arrived: tuple[int, Result] | SandboxLost, ended: list[Result]) -> None:
        if isinstance(arrived, SandboxLost):
            raise PoolUnreachable(f"no evaluating process can be started: {arrived}")
        its_round, result = arrived
        if its_round == self._round:
            ended.append(result)

    def _serve(self, index: int) -> None:
        """What a thread does: gives its sandbox one task after the other."""
        self._taught.wait()
        if self._lesson:
            with contextlib.suppress(SandboxLost):  # the first evaluation finds that out, too, and starts another
                self._sandboxes[index].learn(self._lesson)
        while (task := self._tasks.get()) is not None:
            its_round, number, packed = task
            if its_round != self._round:
                continue
            self._began[index] = time.monotonic()
            try:
                verdict, retried = self._evaluate(index, packed, its_round)
            except SandboxLost as error:
                if not self._closed:
                    self._results.put(error)
                continue
            finally:
                del self._began[index]
            if verdict.outcome is not None:
                self._results.put((its_round, Result.of(number, verdict, f"local-{index}", retried)))
        idle_sandboxes.give_back(self._sandboxes[index])

    def _evaluate(self, index: int, packed: Packed, its_round: int) -> tuple[Verdict, int]:
        """The verdict, and how often the process was lost before it came.

        Raises:
            SandboxLost: a process cannot even be started, or the pool is closing.
        """
        for attempt in range(ATTEMPTS):
            if its_round != self._round:
                return Verdict(None), attempt
            try:
                return self._sandboxes[index].evaluate(packed, its_round), attempt
            except SandboxLost:
                if self._closed or not self._sandboxes[index].was_ready:
                    raise
                self._sandboxes[index].close()
                self._sandboxes[index] = Sandbox(self._limits, self._seed)
                if self._closed:
                    self._sandboxes[index].hang_up()
                self._sandboxes[index].learn(self._lesson)
        return Verdict("crashed", f"its process was lost {ATTEMPTS} times"), ATTEMPTS - 1

"""Workers of a Dask scheduler, each with one evaluating process of its own.

The problem goes to each worker once, those that join later included; an evaluation carries the bare estimator. Which
worker does what is decided here, not by the scheduler: two evaluations a worker, one that runs and one to go on with,
so that a worker that is lost or joins is noticed, counted and used at once. Where runs share the workers, each worker
decides whose turn it is; see `experiments.search.turns`.

A pool is bound to one scheduler. When that is gone, it is lost, even where another comes up at the same address: that
one knows nothing of the problem. `experiments.search.lasting_pool` then opens another pool.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from distributed.client import ClosedClientError

from config.errors import BadInput
from experiments.search.dask_scheduler import LEAVE_PATIENCE, Roll, ask, call_roll, leave, reach, versions
from experiments.search.dask_worker import SandboxPlugin, cancel_here, evaluate_here, plugin_name
from experiments.search.order import Order, Packed
from experiments.search.pool import Pool, PoolLost, PoolUnreachable, Result
from experiments.search.problem import Problem
from experiments.search.sandbox import Limits, lesson
from experiments.search.verdict import Verdict
from experiments.search.versions import check_memory, check_versions

#: how often the scheduler is asked for its workers, in seconds
ROLL_CALL_INTERVAL = 0.5
#: evaluations handed to a worker at a time: one that it does, one that it goes on with
HANDED_OUT = 2
#: an evaluation that was with that many lost workers is the one that ends workers
ATTEMPTS = 3
#: how long the workers are waited for to end what is abandoned, in seconds
CANCEL_PATIENCE = 0.8

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Sent:
    """An evaluation that is not back yet."""

    number: int
    packed: Packed
    retried: int = 0
    #: address; empty while it waits for a worker
    worker: str = ""
    future: Any = None
    #: when it was handed to the worker
    since: float = 0.0


class DaskPool(Pool):
    """See `Pool`.

    Args:
        limits: of each evaluation.
        address: of the scheduler; empty where there is a scheduler file.
        scheduler_file: that the scheduler wrote.
        timeout: how long to try to reach the scheduler and its workers, at the beginning and later, in seconds.
        seed: of the random generators that an evaluation finds.

    Raises:
        BadInput: a worker does not fit.
        PoolUnreachable: the scheduler does not answer, or has no workers.

    `wait` and `learn` raise PoolLost when the scheduler is gone.
    """

    def __init__(self, limits: Limits, address: str, scheduler_file: str, timeout: float, seed: int = 0) -> None:
        self._limits = limits
        self._seed = seed
        self._timeout = timeout
        self._run = uuid.uuid4().hex
        self._ticket = 1
        self._closed = threading.Event()
        #: tells submissions from each other: Dask remembers the result of a key for a while, and gives it again
        self._serial = itertools.count()
        self._sent: dict[int, _Sent] = {}
        self._waiting: deque[int] = deque()
        #: (number, attempt, verdict and losses, or None where the worker was lost) as they come back
        self._back: queue.SimpleQueue[tuple[int, int, Any]] = queue.SimpleQueue()
        #: addresses of the workers that fit; replaced, never changed, by the roll call
        self._workers: frozenset[str] = frozenset()
        self._refused: set[str] = set()
        #: when a worker last gave something back
        self._last_back: dict[str, float] = {}
        #: run -> what it had of the workers lately
        self._seconds: Mapping[str, float] = {}
        #: why there is no connection any more
        self._lost = ""
        #: when there were workers
        self._answered = time.monotonic()
        self._where = address or scheduler_file
        self._client = reach(address, scheduler_file, timeout)
        try:
            roll = call_roll(self._client, timeout)
            self._scheduler = roll.scheduler
            self._check_all(roll)
        except OSError as error:  # a TimeoutError is one
            leave(self._client)
            raise PoolLost(f"the Dask scheduler at {self._where} was lost ({error})") from None
        except BaseException:
            leave(self._client)
            raise
        self._roll_call = threading.Thread(target=self._call_roll, name="roll-call", daemon=True)
        self._roll_call.start()

    def learn(self, problem: Problem) -> None:
        try:
            self._client.register_plugin(SandboxPlugin(self._run, lesson(problem), self._limits, self._seed))
        except (OSError, ClosedClientError) as error:
            self._lost = str(error)
            raise PoolLost(f"the Dask scheduler at {self._where} was lost ({error})") from None

    def submit(self, order: Order) -> None:
        self._sent[order.number] = _Sent(order.number, order.packed())
        self._waiting.append(order.number)
        self._hand_out()

    def wait(self, timeout: float) -> list[Result]:
        end = time.monotonic() + timeout
        ended: list[Result] = []
        while not ended:
            if self._lost:
                raise PoolLost(f"the Dask scheduler at {self._where} was lost ({self._lost})")
            self._take_back_from_lost()
            self._hand_out()
            if time.monotonic() - self._answered > self._timeout and not self._workers:
                raise PoolUnreachable(f"the Dask scheduler at {self._where} has no workers any more")
            left = end - time.monotonic()
            with contextlib.suppress(queue.Empty):
                self._take(self._back.get(timeout=max(0.0, min(left, ROLL_CALL_INTERVAL))), ended)
                while True:
                    self._take(self._back.get_nowait(), ended)
            if left <= 0:
                break
        return ended

    def workers(self) -> int:
        return len(self._workers)

    def share(self) -> float:
        everyone = sum(self._seconds.values())
        return self._seconds.get(self._run, 0.0) / everyone if everyone else 1.0

    def abandon(self) -> float:
        ended = self._seconds_running()
        abandoned, self._ticket = self._ticket, self._ticket + 1
        futures = [each.future for each in self._sent.values() if each.future is not None]
        busy = {each.worker for each in self._sent.values()} & self._workers
        self._sent.clear()
        self._waiting.clear()
        if futures and not self._lost:
            with contextlib.suppress(OSError, ClosedClientError):
                ask(
                    self._client, CANCEL_PATIENCE,
                    self._client.run, cancel_here, self._run, abandoned, workers=list(busy), on_error="ignore",
                )  # fmt: skip
                ask(self._client, CANCEL_PATIENCE / 4, self._client.cancel, futures, force=True)
        return ended

    def close(self) -> None:
        if self._closed.is_set():
            return
        self.abandon()
        self._closed.set()
        if not self._lost:
            with contextlib.suppress(OSError, ValueError, ClosedClientError):
                name = plugin_name(self._run)
                ask(self._client, LEAVE_PATIENCE, self._client.unregister_worker_plugin, name)
        leave(self._client)
        self._roll_call.join()

    def _seconds_running(self) -> float:
        """For how long each busy worker has been at what it does now, summed; it goes on as soon as it is done."""
        began: dict[str, float] = {}
        for each in self._sent.values():
            if each.worker in self._workers:
                since = max(each.since, self._last_back.get(each.worker, 0.0))
                began[each.worker] = min(since, began.get(each.worker, since))
        now = time.monotonic()
        return sum(now - since for since in began.values())

    def _check_all(self, roll: Roll) -> None:
        for worker, limit in roll.memory.items():
            check_memory(worker, limit)
        for worker, found in versions(self._client, list(roll.memory), self._timeout).items():
            check_versions(worker, found)
        self._workers = frozenset(roll.memory)

    def _call_roll(self) -> None:
        """What the roll call's thread does: keeps `_workers` true, until the scheduler is gone."""
        while not self._lost and not self._closed.wait(ROLL_CALL_INTERVAL):
            try:
                roll = call_roll(self._client, self._timeout)
                if roll.scheduler != self._scheduler:
                    raise OSError("another one took its place")
                for worker in set(roll.memory) - self._workers - self._refused:
                    self._admit(worker, roll.memory[worker])
            except Exception as error:  # whatever it is: from here on nobody would notice who comes and goes
                if not self._closed.is_set():
                    self._lose(str(error) or type(error).__name__)
                return
            self._workers = frozenset(set(roll.memory) - self._refused)
            self._seconds = roll.seconds
            if self._workers:
                self._answered = time.monotonic()

    def _lose(self, why: str) -> None:
        self._workers = frozenset()
        self._lost = why

    def _admit(self, worker: str, memory_limit: int | None) -> None:
        """Takes down a worker that joined and does not fit, so that it is not used."""
        try:
            check_memory(worker, memory_limit)
            check_versions(worker, versions(self._client, [worker], self._timeout).get(worker, {}))
        except BadInput as error:
            self._refused.add(worker)
            _log.warning("%s", error)

    def _hand_out(self) -> None:
        """Sends what waits to the workers that have least to do."""
        if not self._waiting:
            return
        load = Counter(dict.fromkeys(self._workers, 0))
        load.update(each.worker for each in self._sent.values() if each.worker in self._workers)
        while self._waiting and load:
            worker, busy = min(load.items(), key=lambda item: item[::-1])
            if busy >= HANDED_OUT:
                return
            load[worker] += 1
            self._send(self._sent[self._waiting.popleft()], worker)

    def _send(self, task: _Sent, worker: str) -> None:
        try:
            future = self._client.submit(
                evaluate_here, self._run, *task.packed, self._ticket,
                key=f"{self._run}-{next(self._serial)}",
                workers=[worker], allow_other_workers=False, pure=False,
            )  # fmt: skip
        except ClosedClientError as error:
            self._lose(str(error))
            return
        self._sent[task.number] = replace(task, worker=worker, future=future, since=time.monotonic())
        ticket = self._ticket
        future.add_done_callback(lambda done: self._back.put((task.number, ticket * ATTEMPTS + task.retried, done)))

    def _take_back_from_lost(self) -> None:
        for task in reversed(list(self._sent.values())):  # each is put first in the queue
            if task.worker and task.worker not in self._workers:
                self._send_again(task, "its worker was lost")

    def _send_again(self, task: _Sent, why: str) -> None:
        """Puts an evaluation first in the queue, or gives it up when it ends every worker that it meets."""
        with contextlib.suppress(OSError, ClosedClientError):
            ask(self._client, CANCEL_PATIENCE, self._client.cancel, [task.future], force=True)
        self._sent[task.number] = replace(task, worker="", future=None, retried=task.retried + 1)
        if task.retried + 1 < ATTEMPTS:
            self._waiting.appendleft(task.number)
        else:
            self._back.put((task.number, self._ticket * ATTEMPTS + task.retried + 1, Verdict("crashed", why)))

    def _take(self, arrived: tuple[int, int, Any], ended: list[Result]) -> None:
        number, attempt, outcome = arrived
        task = self._sent.get(number)
        if task is None or attempt != self._ticket * ATTEMPTS + task.retried:
            return  # abandoned, or sent again meanwhile
        if isinstance(outcome, Verdict):
            verdict, lost = outcome, 0
        elif outcome.status == "finished":
            verdict, lost = outcome.result()
        elif outcome.cancelled():  # by the client, which does so when its connection is lost
            self._lose("the connection is lost")
            return
        else:
            error = outcome.exception() if outcome.status == "error" else outcome.status
            self._send_again(task, f"its worker failed: {error}")
            return
        if verdict.outcome is None:
            self._send_again(task, "its sandbox was closed")
            return
        del self._sent[number]
        self._last_back[task.worker] = time.monotonic()
        ended.append(Result.of(number, verdict, task.worker, task.retried + lost))

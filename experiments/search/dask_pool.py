"""Workers of a Dask scheduler, each with one evaluating process of its own.

The problem goes to each worker once, those that join later included; an evaluation carries the bare estimator. Which
worker does what is decided here, not by the scheduler: two evaluations a worker, one that runs and one to go on with,
so that a worker that is lost or joins is noticed, counted and used at once.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
from distributed import Client

from config.errors import BadInput
from experiments.search.dask_worker import SandboxPlugin, cancel_here, evaluate_here, plugin_name
from experiments.search.pool import Pool, PoolUnreachable, Result
from experiments.search.problem import Problem
from experiments.search.sandbox import Limits, lesson
from experiments.search.verdict import Verdict
from experiments.search.versions import check_memory, check_versions, installed

#: how often the scheduler is asked for its workers, in seconds
ROLL_CALL_INTERVAL = 0.5
#: evaluations handed to a worker at a time: one that it does, one that it goes on with
HANDED_OUT = 2
#: an evaluation that was with that many lost workers is the one that ends workers
ATTEMPTS = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Sent:
    """An evaluation that is not back yet."""

    number: int
    estimator: bytes
    retried: int = 0
    #: address; empty while it waits for a worker
    worker: str = ""
    future: Any = None


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
    """

    def __init__(self, limits: Limits, address: str, scheduler_file: str, timeout: float, seed: int = 0) -> None:
        self._limits = limits
        self._seed = seed
        self._timeout = timeout
        self._run = uuid.uuid4().hex
        self._ticket = 1
        self._closed = threading.Event()
        self._sent: dict[int, _Sent] = {}
        self._waiting: deque[int] = deque()
        #: (number, attempt, verdict and losses, or None where the worker was lost) as they come back
        self._back: queue.SimpleQueue[tuple[int, int, Any]] = queue.SimpleQueue()
        #: addresses of the workers that fit; replaced, never changed, by the roll call
        self._workers: frozenset[str] = frozenset()
        self._refused: set[str] = set()
        self._answered = time.monotonic()
        self._where = address or scheduler_file
        self._client = _connect(address, scheduler_file, timeout)
        try:
            self._check_all()
        except BaseException:
            self._client.close()
            raise
        self._roll_call = threading.Thread(target=self._call_roll, name="roll-call", daemon=True)
        self._roll_call.start()

    def learn(self, problem: Problem) -> None:
        self._client.register_plugin(SandboxPlugin(self._run, lesson(problem), self._limits, self._seed))

    def submit(self, number: int, estimator: Any) -> None:
        self._sent[number] = _Sent(number, cloudpickle.dumps(estimator))
        self._waiting.append(number)
        self._hand_out()

    def wait(self, timeout: float) -> list[Result]:
        end = time.monotonic() + timeout
        ended: list[Result] = []
        while not ended:
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

    def abandon(self) -> None:
        abandoned, self._ticket = self._ticket, self._ticket + 1
        futures = [each.future for each in self._sent.values() if each.future is not None]
        busy = {each.worker for each in self._sent.values()} & self._workers
        self._sent.clear()
        self._waiting.clear()
        if futures:
            with contextlib.suppress(OSError, TimeoutError):
                self._client.cancel(futures, force=True)
                self._client.run(cancel_here, self._run, abandoned, workers=list(busy), on_error="ignore")

    def close(self) -> None:
        if self._closed.is_set():
            return
        self.abandon()
        self._closed.set()
        self._roll_call.join(self._timeout)
        with contextlib.suppress(OSError, TimeoutError, ValueError):
            self._client.unregister_worker_plugin(plugin_name(self._run))
        self._client.close()

    def _check_all(self) -> None:
        memory = _memory_limits(self._client)
        for worker, limit in memory.items():
            check_memory(worker, limit)
        for worker, versions in _versions(self._client, list(memory)).items():
            check_versions(worker, versions)
        self._workers = frozenset(memory)

    def _call_roll(self) -> None:
        """What the roll call's thread does: keeps `_workers` true."""
        while not self._closed.wait(ROLL_CALL_INTERVAL):
            try:
                memory = _memory_limits(self._client)
                for worker in set(memory) - self._workers - self._refused:
                    self._admit(worker, memory[worker])
            except (OSError, TimeoutError, RuntimeError) as error:
                _log.debug("roll call failed: %s", error)
                self._workers = self._workers if self._client.status == "running" else frozenset()
                continue
            self._workers = frozenset(set(memory) - self._refused)
            if self._workers:
                self._answered = time.monotonic()

    def _admit(self, worker: str, memory_limit: int | None) -> None:
        """Takes down a worker that joined and does not fit, so that it is not used."""
        try:
            check_memory(worker, memory_limit)
            check_versions(worker, _versions(self._client, [worker]).get(worker, {}))
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
        future = self._client.submit(
            evaluate_here, self._run, task.estimator, self._ticket,
            key=f"{self._run}-{self._ticket}-{task.number}-{task.retried}",
            workers=[worker], allow_other_workers=False, pure=False,
        )  # fmt: skip
        self._sent[task.number] = replace(task, worker=worker, future=future)
        ticket = self._ticket
        future.add_done_callback(lambda done: self._back.put((task.number, ticket * ATTEMPTS + task.retried, done)))

    def _take_back_from_lost(self) -> None:
        for task in list(self._sent.values()):
            if task.worker and task.worker not in self._workers:
                self._send_again(task, "its worker was lost")

    def _send_again(self, task: _Sent, why: str) -> None:
        """Puts an evaluation first in the queue, or gives it up when it ends every worker that it meets."""
        with contextlib.suppress(OSError, TimeoutError):
            self._client.cancel([task.future], force=True)
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
        else:
            error = outcome.exception() if outcome.status == "error" else outcome.status
            self._send_again(task, f"its worker failed: {error}")
            return
        if verdict.outcome is None:
            self._send_again(task, "its sandbox was closed")
            return
        del self._sent[number]
        ended.append(Result.of(number, verdict, task.worker, task.retried + lost))


def _connect(address: str, scheduler_file: str, timeout: float) -> Client:
    """A client of a scheduler that has workers.

    Raises:
        PoolUnreachable: nothing answers in time, or no worker is there.
    """
    where = address or scheduler_file
    end = time.monotonic() + timeout
    while not address and not Path(scheduler_file).exists():
        if time.monotonic() > end:
            raise PoolUnreachable(f"there is no Dask scheduler file {scheduler_file}")
        time.sleep(0.1)
    target = {"address": address} if address else {"scheduler_file": scheduler_file}
    try:
        client = Client(**target, timeout=max(0.1, end - time.monotonic()), set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise PoolUnreachable(f"the Dask scheduler at {where} does not answer ({error})") from None
    # not Client.wait_for_workers: it overlooks workers without memory, which are paused but must be told of
    while not _memory_limits(client):
        if time.monotonic() > end:
            client.close()
            raise PoolUnreachable(f"the Dask scheduler at {where} has no workers")
        time.sleep(0.1)
    return client


def _memory_limits(client: Client) -> dict[str, int | None]:
    """Worker's address -> its memory limit in bytes."""
    workers = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
    return {address: worker.get("memory_limit") for address, worker in workers.items()}


def _versions(client: Client, workers: list[str]) -> dict[str, dict[str, str]]:
    """Worker's address -> what is installed there.

    Raises:
        BadInput: this project is not installed there.
    """
    try:
        found = client.run(installed, workers=workers, on_error="return")
    except ImportError as error:
        found = {workers[0]: error}
    for worker, answer in found.items():
        if isinstance(answer, ImportError):
            raise BadInput(f"worker {worker} cannot import this project ({answer}); start it in the same environment")
    return {worker: answer for worker, answer in found.items() if isinstance(answer, dict)}

"""Where requests wait for a worker: what arrives together is answered together."""

from __future__ import annotations

import asyncio
from collections import deque

import orjson

from models.serving.crew import Crew
from models.serving.messages import Answered, Question, Reply
from models.serving.observer import ObserverThread
from models.serving.request import Request
from models.serving.service_metrics import ServiceMetrics

#: Requests in a batch at most: more would make the first of them wait for little gain.
BATCH_REQUESTS = 64
#: Bytes of bodies in a batch at most; a larger request is answered by itself.
BATCH_BYTES = 64 << 10
#: Requests that wait at most; more are told to come back.
WAITING_REQUESTS = 4_096
WAITING_BYTES = 256 << 20
#: Workers that may be lost over one request before it is given up: it may be what ends them.
LOSSES = 3


class Overloaded(Exception):
    """More requests wait than can be answered in time."""


class Desk:
    """Takes requests, gathers batches, hands them to whoever is free.

    There is no waiting for a batch to fill: what has arrived while all workers were busy is the next batch, and so are
    requests that arrive in the same moment.

    Args:
        metrics: that count.
        observer: that sees the rows; None where nobody looks.
        timeout: seconds that a worker may take for a batch.
    """

    def __init__(self, metrics: ServiceMetrics, observer: ObserverThread | None, timeout: float) -> None:
        self._metrics, self._observer, self._timeout = metrics, observer, timeout
        self._waiting: deque[Request] = deque()
        self._waiting_bytes = 0
        self._is_handing_over = False
        #: requests that nobody has answered yet
        self.in_flight = 0
        #: the workers that answer now; one assignment swaps them
        self.crew: Crew | None = None

    @property
    def waiting(self) -> int:
        """Requests that wait for a worker."""
        return len(self._waiting)

    async def ask(self, question: Question) -> Reply:
        """The answer to a request.

        Raises:
            Overloaded: too many wait already.
        """
        if len(self._waiting) >= WAITING_REQUESTS or self._waiting_bytes + len(question.body) > WAITING_BYTES:
            raise Overloaded
        request = Request(question, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._waiting_bytes += request.size
        self.hand_over_soon()
        self.in_flight += 1
        try:
            return await request.answer
        finally:
            self.in_flight -= 1

    def hand_over_soon(self) -> None:
        """Hands batches to free workers once everything that has arrived in this moment is here."""
        if not self._is_handing_over:
            self._is_handing_over = True
            asyncio.get_running_loop().call_soon(self._hand_over)

    def take_back(self, batch: list[Request], answered: Answered | None) -> None:
        """A batch is answered, or its worker was lost: then another one answers it."""
        if answered is None:
            for request in reversed(batch):
                self._put_back(request)
            self.hand_over_soon()
            return
        for request, reply in zip(batch, answered.replies, strict=True):
            request.reply(reply)
        self._metrics.batch_answered(len(batch), answered.n_rows, answered.seconds)
        if answered.observed and self._observer:
            self._observer.observe(answered.n_rows, answered.observed)

    def _hand_over(self) -> None:
        self._is_handing_over = False
        crew = self.crew
        while self._waiting and crew is not None:
            worker = crew.take_free()
            if worker is None:
                return
            batch = self._next_batch()
            if not batch:  # nobody waits for any of them any more
                crew.put_back(worker)
                return
            worker.give(batch, self._observer is not None, self._timeout)

    def _next_batch(self) -> list[Request]:
        batch: list[Request] = []
        size = 0
        while self._waiting and len(batch) < BATCH_REQUESTS:
            request = self._waiting[0]
            is_alone = request.losses > 0
            if batch and (is_alone or size + request.size > BATCH_BYTES):
                break
            self._waiting.popleft()
            self._waiting_bytes -= request.size
            if request.is_given_up:
                continue
            batch.append(request)
            size += request.size
            if is_alone:
                break
        return batch

    def _put_back(self, request: Request) -> None:
        request.losses += 1
        if request.is_given_up:
            return
        if request.losses >= LOSSES:
            detail = f"{LOSSES} workers have ended while they answered this; it may be too large, send fewer rows"
            request.reply(Reply(503, orjson.dumps({"detail": detail}), 0))
            return
        self._waiting.appendleft(request)
        self._waiting_bytes += request.size

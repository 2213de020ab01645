"""How requests are gathered, handed out, and handed out again when a worker is lost."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from models.serving.desk import BATCH_REQUESTS, LOSSES, WAITING_REQUESTS, Desk, Overloaded
from models.serving.messages import Answered, Question, Reply
from models.serving.service_metrics import ServiceMetrics

POISON = Question("json", b"poison")
PLAIN = Question("json", b"plain")


class Line:
    """A worker that is lost over the poison and answers everything else, once the loop comes round to it."""

    def __init__(self, crew):
        self.crew = crew

    def give(self, batch, is_observed, seconds):
        self.crew.batches.append([request.question for request in batch])
        asyncio.get_running_loop().call_soon(self._end, batch)

    def _end(self, batch):
        is_lost = any(request.question is POISON for request in batch)
        answered = Answered([Reply(200, request.question.body, 1) for request in batch], len(batch), b"", 0.0)
        self.crew.free.append(self)
        self.crew.desk.take_back(batch, None if is_lost else answered)
        self.crew.desk.hand_over_soon()


class Crew:
    """As many workers as wanted, without processes."""

    def __init__(self, desk, size):
        self.desk, self.batches = desk, []
        self.free = deque(Line(self) for _ in range(size))

    def take_free(self):
        return self.free.popleft() if self.free else None

    def put_back(self, worker):
        self.free.appendleft(worker)


def asked(questions, workers=1):
    """The answers to requests that arrive in one moment, and the batches that they came in."""

    async def ask():
        desk = Desk(ServiceMetrics(), None, 10.0)
        desk.crew = Crew(desk, workers)
        return await asyncio.gather(*map(desk.ask, questions)), desk.crew.batches

    return asyncio.run(ask())


def test_what_arrives_together_is_answered_together():
    replies, batches = asked([Question("json", str(number).encode()) for number in range(10)])
    assert [reply.body for reply in replies] == [str(number).encode() for number in range(10)]
    assert [len(batch) for batch in batches] == [10]


def test_a_batch_has_a_limit():
    _, batches = asked([PLAIN] * (2 * BATCH_REQUESTS + 1))
    assert [len(batch) for batch in batches] == [BATCH_REQUESTS, BATCH_REQUESTS, 1]


def test_a_large_request_keeps_nobody_waiting_in_its_batch():
    large = Question("json", b" " * 100_000)
    _, batches = asked([PLAIN, large, PLAIN])
    assert batches == [[PLAIN], [large], [PLAIN]]


def test_a_request_that_ends_workers_is_given_up_and_takes_no_other_with_it():
    replies, batches = asked([PLAIN, POISON, PLAIN], workers=2)
    assert [reply.status for reply in replies] == [200, 503, 200]
    assert [batch.count(POISON) for batch in batches if POISON in batch] == [1] * LOSSES
    assert [batch for batch in batches[1:] if POISON in batch] == [[POISON]] * (LOSSES - 1)


def test_a_request_that_nobody_waits_for_is_not_answered():
    async def ask():
        desk = Desk(ServiceMetrics(), None, 10.0)
        waiting = asyncio.ensure_future(desk.ask(PLAIN))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        desk.crew = Crew(desk, 1)
        desk.hand_over_soon()
        await asyncio.sleep(0)
        assert not desk.crew.batches
        assert len(desk.crew.free) == 1
        assert desk.in_flight == 0
        assert (await desk.ask(PLAIN)).status == 200

    asyncio.run(ask())


def test_too_many_that_wait_are_told_to_come_back():
    async def ask():
        desk = Desk(ServiceMetrics(), None, 10.0)  # without workers
        waiting = [asyncio.ensure_future(desk.ask(PLAIN)) for _ in range(WAITING_REQUESTS)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await desk.ask(PLAIN)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(ask())

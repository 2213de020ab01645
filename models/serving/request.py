"""A request on its way through the service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from models.serving.messages import Question, Reply


@dataclass(eq=False)
class Request:
    """Somebody waits for the answer."""

    question: Question
    answer: asyncio.Future[Reply]
    #: workers that were lost while they had it
    losses: int = 0

    @property
    def size(self) -> int:
        """Bytes of its body."""
        return len(self.question.body)

    @property
    def is_given_up(self) -> bool:
        """Whether nobody waits any more."""
        return self.answer.done()

    def reply(self, reply: Reply) -> None:
        """Answers it, where somebody still waits."""
        if not self.answer.done():
            self.answer.set_result(reply)

"""A time limit for the work on one request, cheaper than asyncio's own: no task is made for it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any


class TimeLimit:
    """``with TimeLimit(30.0):`` raises `TimedOut` where what is inside takes longer.

    Args:
        seconds: that it may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False

    def __enter__(self) -> TimeLimit:
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._handle = asyncio.get_running_loop().call_later(self._seconds, self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.cancel()
        if self._is_over and self._task is not None and kind is not None and issubclass(kind, asyncio.CancelledError):
            if hasattr(self._task, "uncancel"):  # from Python 3.11 on a task counts how often it was cancelled
                self._task.uncancel()
            raise TimedOut from None

    def _end(self) -> None:
        self._is_over = True
        if self._task is not None:
            self._task.cancel()


class TimedOut(Exception):
    """It took longer than it may."""

"""Whose turn it is on a worker that several runs share.

Start-time fair queueing (Goyal, Vin and Cheng, 1996): the next turn goes to the run that has had the least of the
worker, so whatever an evaluation costs, two runs that both always have something to do are never further apart than the
longest evaluation, on each worker. A run that comes, or comes back, begins level with the one that has had the least of
those that are there: what it did not use before is not made up for.

A run whose evaluations are short has none left now and then while its driver thinks of the next. Were every such moment
used for a long evaluation of another run, it would starve. So the next turn of a run that is behind is waited for, for
a moment (as anticipatory disk schedulers do: Iyer and Druschel, 2001).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

#: what `Turns.seconds` looks back on, in seconds
LATELY = 30.0
#: how long a run that has just had a turn, and lags behind by more than that, is waited for, in seconds
EXPECTED = 0.1


class Turns:
    """Turns on one worker, one at a time; each thread that wants one calls `take`, and `give_back` after it.

    Args:
        clock: tells seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        #: run -> who waits for its turn, first come first
        self._waiting: dict[str, deque[object]] = {}
        #: run -> seconds that it has had, or is taken to have had because it came later
        self._had: dict[str, float] = {}
        #: run -> when its last turn ended
        self._ended: dict[str, float] = {}
        #: the run whose turn it is, and since when
        self._turn: tuple[str, float] | None = None
        #: turns that ended lately: run, beginning and end
        self._past: deque[tuple[str, float, float]] = deque()

    def take(self, run: str, is_wanted: Callable[[], bool] = lambda: True) -> bool:
        """Waits for a run's turn.

        Args:
            is_wanted: asked again after each `reconsider`.

        Returns:
            False where it is not wanted any more, and was not taken.
        """
        with self._changed:
            me = object()
            self._come(run)
            self._waiting.setdefault(run, deque()).append(me)
            try:
                while is_wanted():
                    if self._waiting[run][0] is me and self._chosen() == run:
                        self._turn = (run, self._clock())
                        return True
                    self._changed.wait(None if self._turn else EXPECTED)
                return False
            finally:
                self._waiting[run].remove(me)
                if not self._turn:
                    self._changed.notify_all()

    def give_back(self) -> None:
        """Ends the turn."""
        with self._changed:
            assert self._turn
            run, began = self._turn
            now = self._clock()
            self._had[run] = self._had.get(run, 0.0) + now - began
            self._ended[run] = now
            self._past.append((run, began, now))
            self._turn = None
            self._changed.notify_all()

    def reconsider(self) -> None:
        """Lets all that wait ask again whether they are wanted."""
        with self._changed:
            self._changed.notify_all()

    def forget(self, run: str) -> None:
        """Keeps nothing for a run that is over but what it had lately."""
        with self._changed:
            self._had.pop(run, None)
            self._ended.pop(run, None)
            self._changed.notify_all()

    def seconds(self) -> dict[str, float]:
        """What each run had of the worker in the last `LATELY` seconds."""
        with self._changed:
            now = self._clock()
            since = now - LATELY
            while self._past and self._past[0][2] < since:
                self._past.popleft()
            had: dict[str, float] = {}
            running = [(*self._turn, now)] if self._turn else []
            for run, began, ended in (*self._past, *running):
                had[run] = had.get(run, 0.0) + ended - max(began, since)
            return had

    def _come(self, run: str) -> None:
        """Puts a run that was not there level with the one that has had the least of those that are."""
        if not self._is_there(run):
            least = min((had for other, had in self._had.items() if self._is_there(other)), default=0.0)
            self._had[run] = max(self._had.get(run, 0.0), least)

    def _is_there(self, run: str) -> bool:
        has_turn = self._turn is not None and self._turn[0] == run
        return has_turn or bool(self._waiting.get(run)) or self._is_expected(run)

    def _is_expected(self, run: str) -> bool:
        """Whether it had a turn a moment ago, so that the next is on its way."""
        return self._clock() - self._ended.get(run, float("-inf")) < EXPECTED

    def _chosen(self) -> str | None:
        """The run whose turn is next; None while one has it, or one that is behind is waited for."""
        if self._turn:
            return None
        least, chosen = min((self._had.get(run, 0.0), run) for run, waiting in self._waiting.items() if waiting)
        for run, had in self._had.items():
            if not self._waiting.get(run) and self._is_expected(run) and had < least - EXPECTED:
                return None
        return chosen

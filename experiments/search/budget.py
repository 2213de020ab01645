"""The wall clock of a search."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """Time from now to a deadline, of which a part may be kept back for what follows.

    Args:
        deadline: on `time.monotonic`'s clock; None for no end.
        started: on the same clock; earlier than now where an interrupted run goes on.
        reserve: seconds before the deadline at which the search ends; it may change while it runs.
    """

    deadline: float | None = None
    started: float = field(default_factory=time.monotonic)
    reserve: float = 0.0

    @classmethod
    def of(cls, seconds: float) -> Budget:
        """A budget of so many seconds from now."""
        now = time.monotonic()
        return cls(now + seconds, now)

    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started

    def remaining(self) -> float:
        """Seconds to the end of the search, never negative; infinite without a deadline."""
        return float("inf") if self.deadline is None else max(0.0, self.deadline - self.reserve - time.monotonic())

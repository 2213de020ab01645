"""The wall clock of a search."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Budget:
    """Time from now to a deadline.

    Args:
        deadline: on `time.monotonic`'s clock; None for no end.
    """

    deadline: float | None = None
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, seconds: float) -> Budget:
        """A budget of so many seconds from now."""
        now = time.monotonic()
        return cls(now + seconds, now)

    def spent(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.started

    def remaining(self) -> float:
        """Seconds to the deadline, never negative; infinite without one."""
        return float("inf") if self.deadline is None else max(0.0, self.deadline - time.monotonic())

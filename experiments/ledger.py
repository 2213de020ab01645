"""Where the seconds of a run went, and how many are left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil


@dataclass
class Ledger:
    """Wall-clock seconds by phase, from the start of the task's process."""

    #: seconds that the whole run may take
    time_left: float
    #: `time.monotonic` at the start; earlier where an interrupted run goes on
    started: float = field(default_factory=lambda: process_started())
    #: what it had spent before it was interrupted
    earlier: float = 0.0
    #: phase -> seconds
    spent: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.earlier:
            self.spent["before the interruption"] = self.earlier
        self.spent["start"] = time.monotonic() - self.started - self.earlier

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts the block's seconds for a phase."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0.0) + time.monotonic() - began

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @property
    def overrun(self) -> float:
        """Seconds beyond the budget; 0 while it is kept."""
        return max(0.0, self.elapsed - self.time_left)

    def deadline(self, reserve: float) -> float:
        """`time.monotonic` by which something must end that leaves ``reserve`` seconds to what follows."""
        return self.started + self.time_left - reserve


def process_started() -> float:
    """`time.monotonic` at the start of this process: imports count, since a person waits for them."""
    return time.monotonic() - (time.time() - psutil.Process().create_time())

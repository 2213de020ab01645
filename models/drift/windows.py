"""Counts of the last day, by the hour, and since the start."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from models.drift.counts import Counts
from models.drift.profile import Profile

#: seconds of one bucket
BUCKET_SECONDS = 3600.0
#: buckets that are kept, the one that is being filled among them: a day
BUCKETS = 24


class Windows:
    """Counts since the start, and those of the last day as a window that slides by the hour.

    Args:
        profile: what is counted.
        clock: seconds that only rise.
    """

    def __init__(self, profile: Profile, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        #: since the start
        self.total = Counts(profile)
        self._buckets: deque[tuple[int, Counts]] = deque()

    def add(self, counts: Counts) -> None:
        """Counts what was asked now."""
        self.total.merge(counts)
        hour = self._hour()
        if not self._buckets or self._buckets[-1][0] != hour:
            self._buckets.append((hour, Counts(self.total.profile)))
        self._buckets[-1][1].merge(counts)
        self._forget(hour)

    def recent(self) -> Counts:
        """The counts of the last day: of the hour that runs and of the 23 before it."""
        self._forget(self._hour())
        recent = Counts(self.total.profile)
        for _, counts in self._buckets:
            recent.merge(counts)
        return recent

    def _hour(self) -> int:
        return int((self._clock() - self._began) // BUCKET_SECONDS)

    def _forget(self, hour: int) -> None:
        while self._buckets and self._buckets[0][0] <= hour - BUCKETS:
            self._buckets.popleft()

"""What workers have told of themselves: machine statistics and whether they had a task."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded_server.storage.database import Database

KEPT = 14 * 24 * 3600  # seconds

SCHEMA: tuple[str, ...] = (
    """CREATE TABLE worker_reports (
        worker TEXT NOT NULL,
        timestamp REAL NOT NULL,
        has_task INTEGER NOT NULL,
        statistics TEXT NOT NULL,
        PRIMARY KEY (worker, timestamp)
    ) WITHOUT ROWID""",
    "CREATE INDEX worker_reports_by_time ON worker_reports (timestamp)",
)


@dataclass(frozen=True)
class Report:
    """One report of one worker."""

    worker: str
    timestamp: float  # seconds since the epoch
    has_task: bool
    #: metric -> variant ("0", "1", ... of several processors; "" of a single number) -> value
    statistics: Mapping[str, Mapping[str, float]]


class WorkerReports:
    """The reports in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, worker: str, has_task: bool, statistics: Mapping[str, Any]) -> None:
        """Stores a report of now, and forgets those older than `KEPT` seconds."""
        now = time.time()
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO worker_reports VALUES (?, ?, ?, ?)",
                (worker, now, has_task, json.dumps(_by_variant(statistics))),
            )
            connection.execute("DELETE FROM worker_reports WHERE timestamp < ?", (now - KEPT,))

    def between(self, start: float, end: float, workers: Sequence[str] | None = None) -> Iterator[Report]:
        """The reports of a time, in seconds since the epoch, by time."""
        with self._database.snapshot() as connection:
            rows = connection.execute(
                "SELECT * FROM worker_reports WHERE timestamp BETWEEN ? AND ? ORDER BY timestamp", (start, end)
            ).fetchall()
        for row in rows:
            if not workers or row["worker"] in workers:
                yield Report(row["worker"], row["timestamp"], bool(row["has_task"]), json.loads(row["statistics"]))


def by_interval(reports: Iterable[Report], start: float, interval: int) -> dict[int, list[Report]]:
    """Reports by the beginning, in seconds, of the interval that they fall into; empty intervals are left out."""
    found: dict[int, list[Report]] = defaultdict(list)
    for report in reports:
        found[int(start) + int((report.timestamp - start) // interval) * interval].append(report)
    return found


def _by_variant(statistics: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for metric, value in statistics.items():
        values = {str(place): one for place, one in enumerate(value)} if isinstance(value, list) else {"": value}
        numbers = {variant: float(one) for variant, one in values.items() if isinstance(one, int | float)}
        if numbers:
            found[metric] = numbers
    return found

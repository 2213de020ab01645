"""Numbers about the tasks of projects, as the overview of projects shows them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from embedded_server.calls import Call
from embedded_server.entities.records import ARCHIVED
from embedded_server.entities.task_states import TRANSITIONS
from embedded_server.storage import filters
from embedded_server.storage.documents import timestamp
from embedded_server.storage.fields import require as require_field

_RECENT = timedelta(hours=24)


@dataclass
class Stats:
    """What is counted of a set of tasks."""

    by_status: Counter[str] = field(default_factory=Counter)
    total_runtime: int = 0  # seconds
    completed_recently: int = 0
    last_started: str | None = None

    def add(self, other: Stats) -> None:
        """Counts another set in."""
        self.by_status += other.by_status
        self.total_runtime += other.total_runtime
        self.completed_recently += other.completed_recently
        self.last_started = max(filter(None, (self.last_started, other.last_started)), default=None)

    def answer(self) -> dict[str, Any]:
        """As projects.get_all_ex answers it."""
        return {
            "status_count": {status: self.by_status[status] for status in TRANSITIONS},
            "total_tasks": sum(self.by_status.values()),
            "total_runtime": self.total_runtime,
            "completed_tasks_24h": self.completed_recently,
            **({"max_task_started": self.last_started} if self.last_started else {}),
        }


#: project id -> whether archived -> what is counted of its own tasks
OwnStats = Mapping[str, Mapping[bool, Stats]]


def count(call: Call, projects: Iterable[str], task_filter: Mapping[str, Any] | None = None) -> OwnStats:
    """Counts the tasks of projects, each project's own.

    Args:
        call: the call.
        projects: ids.
        task_filter: filters of tasks.get_all that narrow down what is counted.
    """
    counted: dict[str, dict[bool, Stats]] = {project: {False: Stats(), True: Stats()} for project in projects}
    if not counted:
        return counted
    condition = filters.condition("tasks", {"search_hidden": True, **(task_filter or {})})
    sql, parameters = filters.membership(require_field("tasks", "project"), list(counted))
    condition.add(sql, parameters)
    columns = ["project", "status", "system_tags", "active_duration", "started", "completed"]
    recent = timestamp(datetime.now(timezone.utc) - _RECENT)
    for project, status, tags, duration, started, completed in call.store.documents.select(
        "tasks", columns, condition.sql, condition.parameters
    ):
        stats = counted[project][ARCHIVED in json.loads(tags)]
        done = completed and status in {"completed", "published"} and completed > recent
        stats.add(Stats(Counter([status]), duration or 0, int(bool(done)), started))
    return counted


def total(own: OwnStats, projects: Sequence[str], states: Sequence[str]) -> dict[str, Any]:
    """The answer for a project and its descendants together, for ``active`` and ``archived`` tasks."""
    answer = {}
    for state in states:
        together = Stats()
        for project in projects:
            together.add(own[project][state == "archived"])
        answer[state] = together.answer()
    return answer

"""Workers: who works on what and since when, and how busy their machines are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.storage.worker_reports import WorkerReports
from embedded_server.web.experiment_row import duration, link

RECENT = 600  # seconds of reports that a page looks at
#: a worker's load (per cent) and memory (in units of MEBIBYTE bytes), by the names of clearml-agent's reports
_LOAD, _MEMORY_USED, _MEMORY_FREE = "cpu_usage", "memory_used", "memory_free"
MEBIBYTE = 1 << 20


def workers(store: Store) -> list[dict[str, Any]]:
    """The workers that have not been given up, the busy ones first."""
    known = [worker for worker in store.documents.query("workers", order_by=["id"]) if _is_alive(worker)]
    statistics = _latest_statistics(store)
    queues = store.documents.get_many("queues", [queue for worker in known for queue in _queue_ids(worker)])
    tasks = store.documents.get_many("tasks", [worker["task"] for worker in known if worker.get("task")])
    shown = [
        {
            "id": worker["id"],
            "queue_ids": _queue_ids(worker),
            "queues": [queues[queue]["name"] for queue in _queue_ids(worker) if queue in queues],
            "task": _work(tasks.get(worker.get("task") or "")),
            "idle_since": None if worker.get("task") else worker.get("last_activity_time"),
            "last_report": worker["last_report_time"],
            "registered": worker.get("register_time"),
            **_machine(statistics.get(worker["id"], {})),
        }
        for worker in known
    ]
    return sorted(shown, key=lambda worker: worker["task"] is None)


def unattended(store: Store, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Experiments that run without a worker of ours: started by hand, or in a notebook; the latest fifty."""
    attended = {worker["task"]["id"] for worker in known if worker["task"]}
    running = store.documents.query(
        "tasks",
        "json_extract(body, '$.\"status\"') = 'in_progress'"
        " AND NOT EXISTS (SELECT 1 FROM json_each(system_tags) WHERE value IN ('archived', 'hidden'))",
        order_by=["-started"],
        limit=50,
    )
    work = (_work(task) for task in running if task["id"] not in attended)
    return [one for one in work if one]


def _work(task: Document | None) -> dict[str, Any] | None:
    if task is None:
        return None
    return {
        "id": task["id"],
        "name": task.get("name", ""),
        "link": link(task),
        "since": task.get("started"),
        "seconds": duration(task),
        "iteration": task.get("last_iteration", 0),
    }


def _machine(statistics: dict[str, Any]) -> dict[str, Any]:
    """Load of all processors together, from 0 to 1, and memory in bytes; None where the worker has not told."""
    loads = list(statistics.get(_LOAD, {}).values())
    used, free = (_first(statistics.get(name, {})) for name in (_MEMORY_USED, _MEMORY_FREE))
    return {
        "load": sum(loads) / len(loads) / 100 if loads else None,
        "memory_used": None if used is None else used * MEBIBYTE,
        "memory_total": None if used is None or free is None else (used + free) * MEBIBYTE,
    }


def _first(values: dict[str, float]) -> float | None:
    return next(iter(values.values()), None)


def _latest_statistics(store: Store) -> dict[str, dict[str, Any]]:
    """Worker -> the last value of each statistic that it reported lately; one report need not hold all of them."""
    now = time.time()
    latest: dict[str, dict[str, Any]] = {}
    for report in WorkerReports(store.documents.database).between(now - RECENT, now):
        latest.setdefault(report.worker, {}).update(report.statistics)
    return latest


def _queue_ids(worker: Document) -> list[str]:
    return [queue["id"] if isinstance(queue, dict) else queue for queue in worker.get("queues") or ()]


def _is_alive(worker: Document) -> bool:
    return _age(worker["last_report_time"]) < worker["timeout"]


def _age(moment: str) -> float:
    """Seconds since a moment."""
    try:
        return (datetime.now(timezone.utc) - datetime.fromisoformat(moment)).total_seconds()
    except (TypeError, ValueError):  # a client wrote it
        return 0.0

"""Workers: agents that take tasks from queues, and tasks that run by themselves."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, timestamp
from embedded_server.storage.worker_reports import Report, WorkerReports, by_interval

COLLECTION = "workers"
TIMEOUT = 600  # seconds without a report, after which a worker is gone
LAST_SEEN = 3600  # seconds that get_all looks back by default
_MOST_INTERVALS = 10_000  # of one report

#: category -> its metrics, as `get_metric_keys` answers them
_CATEGORIES = {
    "cpu": ("cpu_usage", "cpu_temperature"),
    "gpu": ("gpu_usage", "gpu_temperature", "gpu_memory_used", "gpu_memory_free"),
    "memory": ("memory_used", "memory_free"),
    "network": ("network_tx", "network_rx"),
    "disk": ("disk_free_home", "disk_free_temp", "disk_read", "disk_write"),
}
_AGGREGATIONS: Mapping[str, Callable[[Iterable[float]], float]] = {
    "avg": statistics.fmean,
    "min": min,
    "max": max,
}


@action("workers.register")
def register(call: Call, request: Request) -> Answer:
    """Makes a worker known, or knows it anew."""
    for queue in request.get("queues") or ():
        if call.store.documents.get("queues", queue) is None:
            raise ApiError(400, 701, f"Invalid queue id: id={queue}")
    worker = _new_worker(call, request["worker"])
    worker["timeout"] = request.get("timeout") or TIMEOUT
    _take_over(worker, request)
    call.store.documents.put(COLLECTION, worker)
    return {}


@action("workers.unregister")
def unregister(call: Call, request: Request) -> Answer:
    """Forgets a worker."""
    if not call.store.documents.delete(COLLECTION, request["worker"]):
        raise ApiError(400, 1004, f"Worker is not registered: worker={request['worker']}")
    return {}


@action("workers.status_report")
def status_report(call: Call, request: Request) -> Answer:
    """Notes what a worker is doing; one that is not known, or was given up, becomes known by it."""
    worker = _find(call, request["worker"]) or _new_worker(call, request["worker"])
    now = timestamp()
    worker["last_report_time"] = now
    _take_over(worker, request)
    worker.pop("task", None)
    task = call.store.documents.get("tasks", request["task"]) if request.get("task") else None
    if task is not None:
        worker |= {"task": task["id"], "last_activity_time": now}
        task |= {"last_worker": worker["id"], "last_worker_report": now, "last_update": now}
        call.store.documents.put("tasks", task)
    worker.pop("queue", None)
    if request.get("queue"):
        worker["queue"] = request["queue"]
    call.store.documents.put(COLLECTION, worker)
    told = request.get("machine_stats")
    statistics = told if isinstance(told, dict) else {}
    WorkerReports(call.store.documents.database).add(worker["id"], task is not None, statistics)
    return {}


@action("workers.get_all")
def get_all(call: Call, request: Request) -> Answer:
    """The workers that reported not long ago."""
    return {"workers": [_shown(call, worker) for worker in _seen(call, request)]}


@action("workers.get_count")
def get_count(call: Call, request: Request) -> Answer:
    """How many workers reported not long ago."""
    return {"count": len(_seen(call, request))}


@action("workers.get_activity_report")
def get_activity_report(call: Call, request: Request) -> Answer:
    """How many workers there were, and how many of them had a task, interval by interval."""
    start, end, interval = _times(request)
    reports = WorkerReports(call.store.documents.database).between(start, end)
    total: dict[str, list[int]] = {"dates": [], "counts": []}
    active: dict[str, list[int]] = {"dates": [], "counts": []}
    for date, those in by_interval(reports, start, interval).items():
        for series, chosen in ((total, those), (active, [report for report in those if report.has_task])):
            series["dates"].append(date)
            series["counts"].append(len({report.worker for report in chosen}))
    return {"total": total, "active": active}


@action("workers.get_metric_keys")
def get_metric_keys(call: Call, request: Request) -> Answer:
    """The statistics that machines report, by category."""
    return {"categories": [{"name": name, "metric_keys": list(keys)} for name, keys in _CATEGORIES.items()]}


@action("workers.get_stats")
def get_stats(call: Call, request: Request) -> Answer:
    """Statistics of machines, interval by interval."""
    start, end, interval = _times(request)
    by_worker: dict[str, list[Report]] = defaultdict(list)
    reports = WorkerReports(call.store.documents.database).between(start, end, request.get("worker_ids"))
    for report in reports:
        by_worker[report.worker].append(report)
    workers = []
    for worker, those in by_worker.items():
        intervals = by_interval(those, start, interval)
        metrics = [
            metric for key in _keys(request)
            for metric in _metrics(intervals, key, _categories(request, key), bool(request.get("split_by_variant")))
        ]  # fmt: skip
        workers.append({"worker": worker, "metrics": metrics})
    return {"workers": workers}


def _keys(request: Request) -> list[str]:
    return list(dict.fromkeys(item.get("key") or "" for item in request["items"]))


def _categories(request: Request, key: str) -> list[str]:
    return [item.get("category") or "avg" for item in request["items"] if (item.get("key") or "") == key]


def _metrics(
    intervals: Mapping[int, list[Report]], key: str, aggregations: list[str], split: bool
) -> Iterable[dict[str, Any]]:
    variants = sorted(
        {variant for those in intervals.values() for one in those for variant in one.statistics.get(key, ())}
    )
    for wanted in [[variant] for variant in variants] if split else [variants] if variants else []:
        values = {
            date: [one.statistics[key][variant] for one in those for variant in wanted
                   if variant in one.statistics.get(key, {})]
            for date, those in intervals.items()
        }  # fmt: skip
        filled = {date: numbers for date, numbers in values.items() if numbers}
        stats = [
            {"aggregation": name, "values": [_AGGREGATIONS[name](numbers) for numbers in filled.values()]}
            for name in aggregations
            if name in _AGGREGATIONS
        ]
        yield {"metric": key, **({"variant": wanted[0]} if split else {}), "dates": list(filled), "stats": stats}


def _new_worker(call: Call, id: str) -> Document:
    now = timestamp()
    return {
        "id": id,
        "key": f"worker_{call.identity.company}_{call.identity.user}_{id}",
        "user": call.identity.user,
        "company": call.identity.company,
        "register_time": now,
        "last_report_time": now,
        "last_activity_time": now,
        "timeout": TIMEOUT,
        "queues": [],
        "tags": [],
        "system_tags": [],
    }


def _take_over(worker: Document, request: Request) -> None:
    for name in ("queues", "tags", "system_tags"):
        if request.get(name) is not None:
            worker[name] = list(request[name])


def _find(call: Call, id: str) -> Document | None:
    """A worker that has not been given up."""
    worker = call.store.documents.get(COLLECTION, id)
    return worker if worker and _is_alive(worker) else None


def _is_alive(worker: Document) -> bool:
    return _age(worker["last_report_time"]) < timedelta(seconds=worker["timeout"])


def _age(moment: str) -> timedelta:
    return datetime.now(timezone.utc) - datetime.fromisoformat(moment)


def _seen(call: Call, request: Request) -> list[Document]:
    """The workers that a request asks for."""
    seen = alive(call)
    # A null means the default, 0 means all.
    last_seen = LAST_SEEN if request.get("last_seen") is None else request["last_seen"]
    if last_seen > 0:
        seen = [worker for worker in seen if _age(worker["last_report_time"]) <= timedelta(seconds=last_seen)]
    for name in ("tags", "system_tags"):
        wanted = request.get(name)
        if wanted:
            seen = [worker for worker in seen if _has_tags(worker[name], wanted)]
    return seen


def alive(call: Call) -> list[Document]:
    """All workers but those given up, which are forgotten on the way."""
    found = []
    for worker in call.store.documents.query(COLLECTION):
        if _is_alive(worker):
            found.append(worker)
        else:
            call.store.documents.delete(COLLECTION, worker["id"])
    return found


def _has_tags(tags: list[str], wanted: list[str]) -> bool:
    """Any of the wanted tags, and none of those with a leading "-"."""
    asked = [tag for tag in wanted if not tag.startswith("-")]
    refused = {tag[1:] for tag in wanted if tag.startswith("-")}
    return (not asked or bool(set(asked) & set(tags))) and not refused & set(tags)


def _shown(call: Call, worker: Document) -> Document:
    """A worker with names beside the ids that it holds."""
    documents = call.store.documents
    user, company = call.store.accounts.identity(worker["user"]), documents.get("companies", worker["company"]) or {}
    copied = ("id", "key", "register_time", "last_report_time", "last_activity_time", "tags", "system_tags")
    shown: Document = {
        **{name: worker[name] for name in copied},
        "register_timeout": worker["timeout"],
        "ip": "",
        "user": {"id": worker["user"], "name": user.user_name if user else ""},
        "company": {"id": worker["company"], "name": company.get("name", "")},
        "queues": [_queue(call, queue) for queue in worker["queues"]],
    }
    task = documents.get("tasks", worker["task"]) if worker.get("task") else None
    if task:
        shown["task"] = {
            "id": task["id"],
            "name": task["name"],
            "running_time": int(_age(task["started"]).total_seconds() * 1000) if task.get("started") else 0,
            "last_iteration": task.get("last_iteration", 0),
        }
        project = documents.get("projects", task["project"]) if task.get("project") else None
        if project:
            shown["project"] = {"id": project["id"], "name": project["name"]}
    if worker.get("queue"):
        shown["queue"] = _queue(call, worker["queue"])
    return shown


def _queue(call: Call, id: str) -> dict[str, Any]:
    queue = call.store.documents.get("queues", id)
    if queue is None:
        return {"id": id}
    entries = queue.get("entries", [])
    found: dict[str, Any] = {"id": id, "name": queue["name"], "num_tasks": len(entries)}
    following = call.store.documents.get("tasks", entries[0]["task"]) if entries else None
    if following:
        found["next_task"] = {"id": following["id"], "name": following["name"]}
    return found


def _times(request: Request) -> tuple[float, float, int]:
    start, end, interval = request["from_date"], request["to_date"], request["interval"]
    if end <= start or interval < 1 or (end - start) / interval > _MOST_INTERVALS:
        raise ApiError(
            400, 12, f"Validation error (from_date < to_date, interval at least 1, at most {_MOST_INTERVALS} intervals)"
        )
    return start, end, interval

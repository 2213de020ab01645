"""Queues: where tasks wait for an agent."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import queries, queue_entries, records, task_states
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, timestamp


@action("queues.create")
def create(call: Call, request: Request) -> Answer:
    """Makes a queue."""
    tags = {name: records.tags(request.get(name)) for name in ("tags", "system_tags")}
    more = {"display_name": request["display_name"]} if request.get("display_name") else {}
    return {"id": queue_entries.create(call, request["name"], **tags, **more)["id"]}


@action("queues.get_by_id")
def get_by_id(call: Call, request: Request) -> Answer:
    """One queue with its entries, ``max_task_entries`` of them at most."""
    queue = records.require(call, "queues", request["queue"])
    _shorten(queue, request)
    return {"queue": queue}


@action("queues.get_all")
def get_all(call: Call, request: Request) -> Answer:
    """The queues that a filter finds."""
    answer = queries.get_all(call, "queues", request)
    for queue in answer["queues"]:
        _shorten(queue, request)
    return answer


@action("queues.get_all_ex")
def get_all_ex(call: Call, request: Request) -> Answer:
    """The queues that a filter finds, the tasks in them with their names, and the workers that serve them."""
    chosen = request.get("only_fields") or []
    if not chosen or "entries" in chosen:
        # whole queues come with all their fields, and entries always with names
        own = [name for name in chosen if name != "entries"] or [
            "id", "name", "display_name", "user", "company", "created", "last_update", "tags", "system_tags",
            "metadata",
        ]  # fmt: skip
        request = {**request, "only_fields": [*own, "entries", "entries.task.name"]}
    request = {**request, "only_fields": [name for name in request["only_fields"] if name.split(".")[0] != "workers"]}
    answer = queries.get_all_ex(call, "queues", request)
    workers = call.store.documents.query("workers") if not chosen or "workers" in chosen else []
    for queue in answer["queues"]:
        _shorten(queue, request)
        if not chosen or "workers" in chosen:
            queue["workers"] = [_worker(worker) for worker in workers if queue["id"] in _queues_of(worker)]
    return answer


def _queues_of(worker: Document) -> list[str]:
    return [queue["id"] if isinstance(queue, dict) else queue for queue in worker.get("queues") or ()]


def _worker(worker: Document) -> dict[str, Any]:
    shown = {"key": worker.get("key", worker["id"]), "name": worker["id"], "ip": worker.get("ip")}
    return {name: value for name, value in {**shown, "task": worker.get("task")}.items() if value is not None}


def _shorten(queue: Document, request: Request) -> None:
    limit = request.get("max_task_entries")
    if limit is not None and "entries" in queue:
        # a negative number counts from the end
        queue["entries"] = queue["entries"][:limit] if limit >= 0 else queue["entries"][limit:]


@action("queues.get_default")
def get_default(call: Call, request: Request) -> Answer:
    """The queue for what names none."""
    queue = queue_entries.default(call)
    return {"id": queue["id"], "name": queue["name"]}


@action("queues.update")
def update(call: Call, request: Request) -> Answer:
    """Changes name and tags."""
    queue = records.require(call, "queues", request["queue"])
    fields: dict[str, Any] = {
        name: records.tags(request[name]) for name in ("tags", "system_tags") if request.get(name) is not None
    }
    if request.get("display_name") is not None:
        fields["display_name"] = request["display_name"]
    if request.get("name") is not None:
        fields["name"] = records.checked_name(request["name"])
        other = queue_entries.by_name(call, fields["name"])
        if other is not None and other["id"] != queue["id"]:
            raise ApiError(400, 801, f"Value combination already exists (unique field already contains this value): "
                                     f"{fields['name']}")  # fmt: skip
    if not fields:
        return {"updated": 0, "fields": {}}
    queue.update(fields)
    queue_entries.store(call, queue)
    return {"updated": 1, "fields": fields}


@action("queues.delete")
def delete(call: Call, request: Request) -> Answer:
    """Deletes an empty queue or, with ``force``, any; its tasks get the status back that they had before."""
    queue = records.require(call, "queues", request["queue"])
    if queue["entries"] and not request.get("force"):
        raise ApiError(400, 702, f"Queue is not empty: use force=true: id={queue['id']}")
    call.store.documents.delete("queues", queue["id"])
    waiting = call.store.documents.get_many("tasks", [entry["task"] for entry in queue["entries"]])
    for task in waiting.values():
        if task["status"] == "queued":
            before = task.get("enqueue_status") or "created"
            task["execution"].pop("queue", None)
            task_states.change(task, before, call.identity.user, "Queue was deleted", force=True)
            call.store.documents.put("tasks", task)
    return {"deleted": 1}


@action("queues.add_task")
def add_task(call: Call, request: Request) -> Answer:
    """Puts an id at the end, whatever it stands for; the task itself stays as it is."""
    queue_entries.add(call, records.require(call, "queues", request["queue"]), request["task"])
    return {"added": 1}


@action("queues.remove_task")
def remove_task(call: Call, request: Request) -> Answer:
    """Takes a task out; the task itself stays as it is."""
    queue = records.require(call, "queues", request["queue"])
    queue_entries.require_position(queue, request["task"])
    queue_entries.remove(call, queue["id"], request["task"])
    return {"removed": 1}


@action("queues.clear_queue")
def clear_queue(call: Call, request: Request) -> Answer:
    """Takes all tasks out; they get the status back that they had before."""
    queue = records.require(call, "queues", request["queue"])
    count = len(queue["entries"])
    waiting = call.store.documents.get_many("tasks", [entry["task"] for entry in queue["entries"]])
    for task in waiting.values():
        if task["status"] == "queued":
            task["execution"].pop("queue", None)
            before = task.get("enqueue_status") or "created"
            task_states.change(task, before, call.identity.user, "Queue was cleared", force=True)
            call.store.documents.put("tasks", task)
    queue["entries"] = []
    queue_entries.store(call, queue)
    return {"removed_tasks": count}


@action("queues.get_next_task")
def get_next_task(call: Call, request: Request) -> Answer:
    """Takes the first entry out and gives it to the caller; nothing where there is none."""
    queue = records.require(call, "queues", request["queue"])
    if not queue["entries"]:
        return {}
    entry = queue["entries"].pop(0)
    queue_entries.store(call, queue)
    task = call.store.documents.get("tasks", entry["task"])
    if task is not None:
        task["last_update"] = timestamp()
        call.store.documents.put("tasks", task)
    answer: Answer = {"entry": entry}
    if request.get("get_task_info") and task is not None:
        answer["task_info"] = {"company": task["company"], "user": task["user"]}
    return answer


@action("queues.peek_task")
def peek_task(call: Call, request: Request) -> Answer:
    """The first entry, which stays."""
    queue = records.require(call, "queues", request["queue"])
    return {"task": queue["entries"][0]["task"]} if queue["entries"] else {}


@action("queues.get_num_entries")
def get_num_entries(call: Call, request: Request) -> Answer:
    """How many tasks wait."""
    return {"num": len(records.require(call, "queues", request["queue"])["entries"])}


@action("queues.move_task_forward")
def move_task_forward(call: Call, request: Request) -> Answer:
    """Brings a task ``count`` places towards the front, one by default."""
    return _move(call, request, -_count(request))


@action("queues.move_task_backward")
def move_task_backward(call: Call, request: Request) -> Answer:
    """Brings a task ``count`` places towards the back, one by default."""
    return _move(call, request, _count(request))


@action("queues.move_task_to_front")
def move_task_to_front(call: Call, request: Request) -> Answer:
    """Makes a task the next one."""
    queue = records.require(call, "queues", request["queue"])
    return {"position": queue_entries.move(call, queue, request["task"], 0)}


@action("queues.move_task_to_back")
def move_task_to_back(call: Call, request: Request) -> Answer:
    """Makes a task the last one."""
    queue = records.require(call, "queues", request["queue"])
    return {"position": queue_entries.move(call, queue, request["task"], len(queue["entries"]))}


def _count(request: Request) -> int:
    count = request.get("count")
    return 1 if count is None else int(count)


def _move(call: Call, request: Request, by: int) -> Answer:
    queue = records.require(call, "queues", request["queue"])
    place = queue_entries.require_position(queue, request["task"])
    return {"position": queue_entries.move(call, queue, request["task"], place + by)}


@action("queues.add_or_update_metadata")
def add_or_update_metadata(call: Call, request: Request) -> Answer:
    """Adds metadata or replaces that of the same key."""
    return records.add_metadata(call, "queues", records.require(call, "queues", request["queue"]), request)


@action("queues.delete_metadata")
def delete_metadata(call: Call, request: Request) -> Answer:
    """Deletes metadata by key."""
    return records.delete_metadata(call, "queues", records.require(call, "queues", request["queue"]), request)


@action("queues.get_queue_metrics")
def get_queue_metrics(call: Call, request: Request) -> Answer:
    """How long queues (or, without ids, all of them on average) are, and how long tasks have waited in them, now.

    No history of it is kept.
    """
    if request.get("queue_ids"):
        asked = [records.require(call, "queues", queue) for queue in request["queue_ids"]]
        return {"queues": [_metrics(queue["id"], [queue]) for queue in asked]}
    return {"queues": [_metrics("all", call.store.documents.query("queues"))]}


def _metrics(name: str, queues: list[Document]) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    added = [datetime.fromisoformat(entry["added"]) for queue in queues for entry in queue["entries"]]
    waits = [(now - moment).total_seconds() for moment in added]
    return {
        "queue": name,
        "dates": [int(now.timestamp())],
        "avg_waiting_times": [sum(waits) / len(waits) if waits else 0],
        "queue_lengths": [len(waits) // max(1, len(queues))],
    }

"""Tasks: from one state to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import queue_entries, records, task_states
from embedded_server.errors import ApiError
from embedded_server.services import workers
from embedded_server.storage.documents import Document, timestamp


def move(call: Call, request: Request, target: str) -> Answer:
    """Brings the request's task into a state and stores it."""
    task = records.require(call, "tasks", request["task"])
    if task["status"] == "queued" and target != "queued":
        queue_entries.remove(call, task["execution"].get("queue"), task["id"])
    fields = _change(call, task, target, request)
    call.store.documents.put("tasks", task)
    return {"updated": 1, "fields": fields}


def _change(call: Call, task: Document, target: str, request: Request, force: bool = False) -> dict[str, Any]:
    return task_states.change(
        task,
        target,
        call.identity.user,
        request.get("status_reason") or "",
        request.get("status_message") or "",
        force or bool(request.get("force")),
    )


@action("tasks.started")
def started(call: Call, request: Request) -> Answer:
    """Its process says that it runs."""
    return {"started": 1, **move(call, request, "in_progress")}


@action("tasks.stopped")
def stopped(call: Call, request: Request) -> Answer:
    """Its process says that it was stopped."""
    return move(call, request, "stopped")


@action("tasks.stop")
def stop(call: Call, request: Request) -> Answer:
    """A person wants it stopped; its process sees the new status and ends."""
    return move(call, request, "stopped")


@action("tasks.failed")
def failed(call: Call, request: Request) -> Answer:
    """It has ended with an error."""
    return move(call, request, "failed")


@action("tasks.close")
def close(call: Call, request: Request) -> Answer:
    """It was stopped and will not go on."""
    return move(call, request, "closed")


@action("tasks.completed")
def completed(call: Call, request: Request) -> Answer:
    """It has done its work; with ``publish`` it is published at once."""
    answer = move(call, request, "completed")
    if request.get("publish"):
        answer["fields"].update(publish(call, request)["fields"])
        answer["published"] = 1
    return answer


@action("tasks.publish")
def publish(call: Call, request: Request) -> Answer:
    """Its results are final, and, unless ``publish_model`` is false, its output models are ready."""
    answer = move(call, request, "published")
    if request.get("publish_model") is not False:
        for model in output_models(call, records.require(call, "tasks", request["task"])):
            if not model["ready"]:
                model["ready"] = True
                records.touch(call, model)
                call.store.documents.put("models", model)
    return answer


def output_models(call: Call, task: Document) -> list[Document]:
    """The models that a task has made: those it names, and those that name it."""
    named = call.store.documents.get_many("models", [entry["model"] for entry in task["models"]["output"]])
    naming = call.store.documents.find("models", {"task": task["id"]})
    return list({**named, **{model["id"]: model for model in naming}}.values())


@action("tasks.enqueue")
def enqueue(call: Call, request: Request) -> Answer:
    """Puts it into a queue, by id or by name (made where it is missing), or into the default one."""
    task = records.require(call, "tasks", request["task"])
    queue = _queue(call, request)
    if task["status"] == "queued" and (previous := task["execution"].get("queue")) != queue["id"]:
        queue_entries.remove(call, previous, task["id"])
        fields: dict[str, Any] = {"status": "queued", "status_changed": task["status_changed"]}
    elif task["status"] == "queued" and queue_entries.position(queue, task["id"]) is not None:
        raise ApiError(400, 706, f"Task already queued: task={task['id']}, queue={queue['id']}")
    elif task["status"] == "queued":  # it lost its entry, by queues.remove_task or to an agent that then died
        fields = {"status": "queued", "status_changed": task["status_changed"]}
    else:
        before = task["status"]
        fields = _change(call, task, "queued", request)
        task["enqueue_status"] = fields["enqueue_status"] = before
    queue_entries.add(call, queue, task["id"])
    task["execution"]["queue"] = queue["id"]
    task["last_update"] = task["last_change"] = timestamp()
    call.store.documents.put("tasks", task)
    answer = {"queued": 1, "updated": 1, "fields": {**fields, "execution.queue": queue["id"]}}
    return {**answer, **_watched(call, queue["id"], request)}


def _watched(call: Call, queue: str, request: Request) -> dict[str, bool]:
    """Whether any worker listens to a queue, for who asks."""
    if not request.get("verify_watched_queue"):
        return {}
    return {"queue_watched": any(queue in worker["queues"] for worker in workers.alive(call))}


def _queue(call: Call, request: Request) -> Document:
    if request.get("queue"):
        return records.require(call, "queues", request["queue"])
    if name := request.get("queue_name"):
        return queue_entries.by_name(call, name) or queue_entries.create(call, name)
    return queue_entries.default(call)


@action("tasks.dequeue")
def dequeue(call: Call, request: Request) -> Answer:
    """Takes it out of its queue, back to the status it had before."""
    task = records.require(call, "tasks", request["task"])
    target = task.get("enqueue_status") or "created"
    queue_entries.remove(call, task["execution"].pop("queue", None), task["id"])
    if task["status"] == target:
        call.store.documents.put("tasks", task)
        return {"dequeued": 1, "updated": 0, "fields": {}}
    if task["status"] != "queued":
        task_states.require_legal(task, target)
    finished: dict[str, Any] = {
        name: task[name] for name in ("started", "completed", "active_duration") if name in task
    }
    fields = _change(call, task, target, request, force=True)
    task.update(finished)  # a task that goes back to "stopped" ended when it ended, not now
    call.store.documents.put("tasks", task)
    return {"dequeued": 1, "updated": 1, "fields": fields}


def _many(call: Call, request: Request, do: Callable[[Call, Request], Answer], said: str | None = None) -> Answer:
    """Does for each of ``ids`` what ``do`` does for ``task``; ``said`` is answered as true for each that succeeds."""
    records.require_ids(request)
    common = {name: value for name, value in request.items() if name != "ids"}

    def one(id: str) -> Answer:
        answer = do(call, {**common, "task": id})
        return {**answer, said: True} if said else answer

    return records.each(call, request["ids"], one)


@action("tasks.enqueue_many")
def enqueue_many(call: Call, request: Request) -> Answer:
    """Puts several into a queue."""
    queue = _queue(call, request)  # an unknown queue is an error of the call, not of each task
    each = {name: value for name, value in request.items() if name != "verify_watched_queue"}
    return {**_many(call, each, enqueue, "queued"), **_watched(call, queue["id"], request)}


@action("tasks.dequeue_many")
def dequeue_many(call: Call, request: Request) -> Answer:
    """Takes several out of their queues."""
    return _many(call, request, dequeue, "dequeued")


@action("tasks.stop_many")
def stop_many(call: Call, request: Request) -> Answer:
    """Stops several."""
    return _many(call, request, stop)


@action("tasks.publish_many")
def publish_many(call: Call, request: Request) -> Answer:
    """Publishes several."""
    return _many(call, request, publish)

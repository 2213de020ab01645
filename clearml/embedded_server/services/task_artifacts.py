"""Tasks: artifacts and models, added and taken away one by one."""

from __future__ import annotations

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import records, task_sections
from embedded_server.entities.task_states import require_status
from embedded_server.storage.documents import Document

#: statuses in which artifacts and models come and go; force changes nothing of that
_OPEN = ("created", "in_progress")


@action("tasks.add_or_update_artifacts")
def add_or_update_artifacts(call: Call, request: Request) -> Answer:
    """Adds artifacts or replaces those of the same key and mode."""
    task = _open_task(call, request)
    task["execution"]["artifacts"] = task_sections.artifacts([*task["execution"]["artifacts"], *request["artifacts"]])
    return _store(call, task, "updated")


@action("tasks.delete_artifacts")
def delete_artifacts(call: Call, request: Request) -> Answer:
    """Deletes artifacts by key and mode (output by default)."""
    task = _open_task(call, request)
    gone = {task_sections.artifact_key(item) for item in request["artifacts"]}
    artifacts = task["execution"]["artifacts"]
    task["execution"]["artifacts"] = [a for a in artifacts if task_sections.artifact_key(a) not in gone]
    return _store(call, task, "deleted")


@action("tasks.add_or_update_model")
def add_or_update_model(call: Call, request: Request) -> Answer:
    """Adds an input or output model, or replaces the one of the same name."""
    task = _open_task(call, request)
    records.require(call, "models", request["model"])
    set_model(task, request["type"], request["name"], request["model"])
    if request.get("iteration") is not None:
        task["last_iteration"] = max(task["last_iteration"], request["iteration"])
    return _store(call, task, "updated")


@action("tasks.delete_models")
def delete_models(call: Call, request: Request) -> Answer:
    """Takes models from the task by name and type; the models themselves stay."""
    task = _open_task(call, request)
    gone = {(item["type"], item["name"]) for item in request["models"]}
    for kind, items in task["models"].items():
        task["models"][kind] = [item for item in items if (kind, item["name"]) not in gone]
    return _store(call, task, "updated")


def set_model(task: Document, kind: str, name: str, model: str) -> None:
    """Makes a model the input or output of a task that goes by this name."""
    items = task["models"][kind]
    entry = {"name": name, "model": model}
    place = next((place for place, item in enumerate(items) if item["name"] == name), len(items))
    items[place : place + 1] = [entry]


def _open_task(call: Call, request: Request) -> Document:
    task = records.require(call, "tasks", request["task"])
    require_status(task, *_OPEN)
    return task


def _store(call: Call, task: Document, word: str) -> Answer:
    records.touch(call, task)
    call.store.documents.put("tasks", task)
    return {word: 1}

"""Tasks: cloned, reset, archived, deleted."""

from __future__ import annotations

import copy
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import projects, queue_entries, records, references, task_sections, task_states
from embedded_server.errors import ApiError
from embedded_server.services.task_moves import output_models
from embedded_server.services.tasks import new_task
from embedded_server.storage.documents import Document, timestamp

#: what a clone takes over
_DEFINITION = (
    "name", "type", "project", "parent", "comment", "tags", "system_tags", "script", "container", "hyperparams",
    "configuration", "input", "report", "report_assets",
)  # fmt: skip
#: system tags that tell of the original, not of its definition
_OWN_TAGS = frozenset({"development", records.ARCHIVED})
#: what tasks.reset with clear_all takes out of the section "execution"
_CLEARED_EXECUTION = ("docker_cmd", "framework", "model", "model_desc", "model_labels", "test_split")


@action("tasks.clone")
def clone(call: Call, request: Request) -> Answer:
    """Makes a task of the same definition, without anything of the run."""
    source = records.require(call, "tasks", request["task"])
    fields: dict[str, Any] = {name: copy.deepcopy(source[name]) for name in _DEFINITION if name in source}
    fields["system_tags"] = [tag for tag in fields["system_tags"] if tag not in _OWN_TAGS]
    fields["execution"] = {name: value for name, value in source["execution"].items() if name != "queue"}
    fields["execution"]["artifacts"] = [a for a in source["execution"]["artifacts"] if a.get("mode") == "input"]
    fields["models"] = {"input": source["models"]["input"], "output": []}
    if "destination" in source["output"]:
        fields["output"] = {"destination": source["output"]["destination"]}
    answer: Answer = {}
    name = request.get("new_project_name")
    if name and not request.get("new_task_project"):
        name = projects.checked_name(name)
        project = projects.by_name(call, name) or projects.create(call, name)
        answer["new_project"] = {"id": project["id"], "name": name}
        fields["project"] = project["id"]
    task = new_task(call, fields)
    task_sections.edit(task, _overrides(call, request))
    call.store.documents.put("tasks", task)
    return {"id": task["id"], **answer}


def _overrides(call: Call, request: Request) -> dict[str, Any]:
    names = {
        "new_task_name": "name",
        "new_task_comment": "comment",
        "new_task_tags": "tags",
        "new_task_system_tags": "system_tags",
        "new_task_parent": "parent",
        "new_task_project": "project",
        "new_task_hyperparams": "hyperparams",
        "new_task_configuration": "configuration",
        "new_task_container": "container",
        "execution_overrides": "execution",
    }
    given: Request = {names[key]: request[key] for key in names if request.get(key) is not None}
    if request.get("new_task_input_models") is not None:
        given["models"] = {"input": request["new_task_input_models"]}
    return task_sections.from_request(call, given)


@action("tasks.reset")
def reset(call: Call, request: Request) -> Answer:
    """Forgets the run: events, output artifacts, draft output models; the definition stays."""
    task = records.require(call, "tasks", request["task"])
    force = bool(request.get("force"))
    if not force:
        task_states.require_legal(task, "created")
    models = output_models(call, task)
    if not force:
        _require_drafts(task, models)
    urls = _file_urls(call, task, models)
    dequeued = queue_entries.remove(call, task["execution"].get("queue"), task["id"])
    deleted = _delete_drafts(call, task, models) if request.get("delete_output_models") is not False else 0
    forgotten = call.store.events.delete(task["id"])
    fields = task_states.change(
        task, "created", call.identity.user, request.get("status_reason") or "", request.get("status_message") or "",
        force=True,
    )  # fmt: skip
    task_states.forget_run(task)
    if request.get("clear_all"):
        task["script"] = {}
        for name in _CLEARED_EXECUTION:
            task["execution"].pop(name, None)
    call.store.documents.put("tasks", task)
    answer = {
        "updated": 1, "fields": fields, "dequeued": {"removed": int(dequeued)}, "deleted_models": deleted,
        "events": {"deleted": forgotten},
    }  # fmt: skip
    return {**answer, "urls": urls} if request.get("return_file_urls") else answer


@action("tasks.delete")
def delete(call: Call, request: Request) -> Answer:
    """Deletes a task that has not begun or, with ``force``, any; with its events and its draft output models."""
    task = records.require(call, "tasks", request["task"])
    force = bool(request.get("force"))
    if not force and task["status"] != "created":
        raise ApiError(
            400, 123, f"Task cannot be deleted: use force=true for a task that is {task['status']}: id={task['id']}"
        )
    models = output_models(call, task)
    if not force:
        _require_drafts(task, models)
    urls = _file_urls(call, task, models)
    queue_entries.remove(call, task["execution"].get("queue"), task["id"])
    deleted = _delete_drafts(call, task, models) if request.get("delete_output_models") is not False else 0
    forgotten = call.store.events.delete(task["id"])
    call.store.documents.delete("tasks", task["id"])
    children, updated_models = references.forget_task(call, task["id"])
    answer = {
        "deleted": True, "updated_children": children, "updated_models": updated_models, "deleted_models": deleted,
        "events": {"deleted": forgotten},
    }  # fmt: skip
    return {**answer, "urls": urls} if request.get("return_file_urls") else answer


def _require_drafts(task: Document, models: list[Document]) -> None:
    published = [model["id"] for model in models if model["ready"]]
    if published:
        raise ApiError(
            400, 123, f"Task has published models: use force=true: id={task['id']}, models={', '.join(published)}"
        )


def _delete_drafts(call: Call, task: Document, models: list[Document]) -> int:
    """Deletes those of a task's output models that are neither ready nor used by other tasks; how many."""
    drafts = [model for model in models if not model["ready"] and not _is_used_elsewhere(call, task, model)]
    for model in drafts:
        references.forget_model(call, model["id"])
        call.store.events.delete(model["id"])
        call.store.documents.delete("models", model["id"])
    return len(drafts)


def _is_used_elsewhere(call: Call, task: Document, model: Document) -> bool:
    return any(user["id"] != task["id"] for user in references.tasks_with_model(call, model["id"]))


def _file_urls(call: Call, task: Document, models: list[Document]) -> dict[str, list[str]]:
    """Where the files are that go with the task; whoever deletes it deletes them."""
    images = [
        sample.event.get("url")
        for series in call.store.events.series(task["id"], "image")
        for sample in call.store.events.samples(series, task["id"], "image")
    ]
    artifacts = task["execution"]["artifacts"]
    return {
        "model_urls": sorted({model["uri"] for model in models if model.get("uri") and not model["ready"]}),
        "event_urls": sorted({url for url in images if url}),
        "artifact_urls": sorted({a["uri"] for a in artifacts if a.get("uri") and a.get("mode") == "output"}),
    }


@action("tasks.archive")
def archive(call: Call, request: Request) -> Answer:
    """Puts tasks away; those that wait in a queue leave it."""
    tasks = [records.require(call, "tasks", task) for task in request["tasks"]]
    for task in tasks:
        _archive(call, task, request)
    return {"archived": len(tasks)}


@action("tasks.archive_many")
def archive_many(call: Call, request: Request) -> Answer:
    """Puts tasks away; those that wait in a queue leave it."""
    records.require_ids(request)

    def one(id: str) -> Answer:
        _archive(call, records.require(call, "tasks", id), request)
        return {"archived": True}

    return records.each(call, request["ids"], one)


@action("tasks.unarchive_many")
def unarchive_many(call: Call, request: Request) -> Answer:
    """Brings tasks back."""
    records.require_ids(request)

    def one(id: str) -> Answer:
        task = records.require(call, "tasks", id)
        _note_status(task, request)
        records.unarchive(call, "tasks", task)
        return {"unarchived": True}

    return records.each(call, request["ids"], one)


def _archive(call: Call, task: Document, request: Request) -> None:
    if task["status"] == "queued":
        queue_entries.remove(call, task["execution"].pop("queue", None), task["id"])
        task_states.change(task, task.get("enqueue_status") or "created", call.identity.user, force=True)
    _note_status(task, request)
    records.archive(call, "tasks", task)


def _note_status(task: Document, request: Request) -> None:
    for name in ("status_reason", "status_message"):
        if request.get(name) is not None:
            task[name] = request[name]
            task["status_changed"] = timestamp()


@action("tasks.reset_many")
def reset_many(call: Call, request: Request) -> Answer:
    """Resets several."""
    records.require_ids(request)

    def one(id: str) -> Answer:
        answer = reset(call, {**request, "task": id})
        return {**answer, "dequeued": bool(answer["dequeued"]["removed"])}

    return records.each(call, request["ids"], one)


@action("tasks.delete_many")
def delete_many(call: Call, request: Request) -> Answer:
    """Deletes several."""
    records.require_ids(request)
    return records.each(call, request["ids"], lambda task: delete(call, {**request, "task": task}))

"""Tasks: made, read, edited."""

from __future__ import annotations

from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import queries, records, task_sections
from embedded_server.entities.projects import destination, with_descendants
from embedded_server.entities.task_states import require_status
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, timestamp
from embedded_server.storage.fields import require as require_field
from embedded_server.storage.filters import Condition, membership


def new_task(call: Call, fields: dict[str, Any]) -> Document:
    """A task that has not run; not stored yet."""
    now = timestamp()
    task: Document = records.create(
        call,
        status="created",
        status_changed=now,
        status_reason="",
        status_message="",
        last_change=now,
        last_changed_by=call.identity.user,
        tags=[],
        system_tags=[],
        hyperparams={},
        configuration={},
        runtime={},
        container={},
        script={},
        output={},
        models={"input": [], "output": []},
        execution={"artifacts": [], "parameters": {}},
        last_iteration=0,
        last_metrics={},
        unique_metrics=[],
    )
    task.update(fields)
    return task


@action("tasks.create")
def create(call: Call, request: Request) -> Answer:
    """Makes a task."""
    task = new_task(call, task_sections.from_request(call, request))
    call.store.documents.put("tasks", task)
    return {"id": task["id"]}


@action("tasks.validate")
def validate(call: Call, request: Request) -> Answer:
    """Refuses what tasks.create would refuse, and makes nothing."""
    task_sections.from_request(call, request)
    return {}


@action("tasks.get_by_id")
def get_by_id(call: Call, request: Request) -> Answer:
    """One task, whole."""
    return {"task": records.require(call, "tasks", request["task"])}


@action("tasks.get_by_id_ex")
def get_by_id_ex(call: Call, request: Request) -> Answer:
    """Some tasks, with fields of what they refer to."""
    return queries.get_all_ex(call, "tasks", {**request, "search_hidden": True})


@action("tasks.get_all")
def get_all(call: Call, request: Request) -> Answer:
    """The tasks that a filter finds."""
    return queries.get_all(call, "tasks", _with_types(request), _in_subprojects(call, request))


@action("tasks.get_all_ex")
def get_all_ex(call: Call, request: Request) -> Answer:
    """The tasks that a filter finds, with fields of what they refer to."""
    narrowed = _in_subprojects(call, request)
    if narrowed is not None:
        request = {name: value for name, value in request.items() if name != "project"}
    return queries.get_all_ex(call, "tasks", _with_types(request), narrowed)


def _with_types(request: Request) -> Request:
    """The request with each type that it filters by in small letters, too: ``Training`` finds what is ``training``."""
    if not isinstance(request.get("type"), list):
        return request
    lowered = [name.lower() if isinstance(name, str) else name for name in request["type"]]
    return {**request, "type": list(dict.fromkeys([*request["type"], *lowered]))}


def _in_subprojects(call: Call, request: Request) -> Condition | None:
    """The condition that stands for the projects of a request that includes their subprojects."""
    if not request.get("include_subprojects") or not request.get("project"):
        return None
    sql, parameters = membership(require_field("tasks", "project"), with_descendants(call, request["project"]))
    return Condition([sql], parameters)


@action("tasks.edit")
def edit(call: Call, request: Request) -> Answer:
    """Replaces whole sections of a task that has not begun or, with ``force``, of any."""
    task = records.require(call, "tasks", request["task"])
    if not request.get("force"):
        require_status(task, "created")
    fields = task_sections.from_request(call, request)
    return _store(call, task, fields)


@action("tasks.update")
def update(call: Call, request: Request) -> Answer:
    """Changes what may be changed in any status: name, tags, comment, project, the error of the output."""
    task = records.require(call, "tasks", request["task"])
    named = ("name", "tags", "system_tags", "comment", "project")
    fields = task_sections.from_request(call, {name: request.get(name) for name in named})
    if request.get("created"):
        fields["created"] = request["created"]
    if request.get("output__error") is not None:
        fields["output"] = {**task["output"], "error": request["output__error"]}
    return _store(call, task, fields)


@action("tasks.update_batch")
def update_batch(call: Call, request: Request) -> Answer:
    """Updates several tasks, a line each."""
    updates = request.get("requests") or ()
    if not updates:
        raise ApiError(400, 17, "Batch contains no items")
    for one in updates:
        if not isinstance(one.get("task"), str):
            raise ApiError(400, 12, "Validation error ('task' is a required property)")
    return {"updated": sum(update(call, one)["updated"] for one in updates)}


@action("tasks.set_requirements")
def set_requirements(call: Call, request: Request) -> Answer:
    """Replaces the requirements in the script section, in any status."""
    task = records.require(call, "tasks", request["task"])
    return _store(call, task, {"script": {**task["script"], "requirements": request["requirements"]}})


@action("tasks.ping")
def ping(call: Call, request: Request) -> Answer:
    """Notes that the task's process is alive. That the task is gone is no error: its process learns of it elsewhere."""
    task = call.store.documents.get("tasks", request["task"])
    if task is not None:
        task["last_update"] = timestamp()
        call.store.documents.put("tasks", task)
    return {}


@action("tasks.move")
def move(call: Call, request: Request) -> Answer:
    """Puts tasks into another project, made where it is missing."""
    project = destination(call, request)
    for task in call.store.documents.get_many("tasks", request["ids"]).values():
        _store(call, task, {"project": project})
    return {"project_id": project}


@action("tasks.get_types")
def get_types(call: Call, request: Request) -> Answer:
    """The types of the tasks of some projects and theirs, or of all."""
    projects = with_descendants(call, request.get("projects") or ())
    where, parameters = membership(require_field("tasks", "project"), projects) if projects else ("", [])
    rows = call.store.documents.select("tasks", ["type"], where, parameters)
    return {"types": sorted({row[0] for row in rows if row[0]})}


@action("tasks.make_public")
@action("tasks.make_private")
def share(call: Call, request: Request) -> Answer:
    """There is one company here, nobody to share with: nothing to do."""
    return {"updated": 0}


def _store(call: Call, task: Document, fields: dict[str, Any]) -> Answer:
    if not fields:
        return {"updated": 0, "fields": {}}
    task_sections.edit(task, fields)
    records.touch(call, task)
    call.store.documents.put("tasks", task)
    changed = {"last_update": task["last_update"], "last_change": task["last_change"]}
    return {"updated": 1, "fields": {**fields, **changed}}

"""Models: what tasks make and use."""

from __future__ import annotations

from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import projects, queries, records, references
from embedded_server.entities.task_states import require_status
from embedded_server.errors import ApiError
from embedded_server.services import task_moves
from embedded_server.services.task_artifacts import set_model
from embedded_server.storage.documents import Document
from embedded_server.storage.fields import require as require_field
from embedded_server.storage.filters import Condition, membership

#: fields that models.edit and models.create store as they come
_PLAIN = ("uri", "comment", "framework", "labels", "design", "ready", "ui_cache")
#: since this version two actions are gone from models, where tasks.add_or_update_model does their work
_MOVED_SINCE = (2, 13)
#: the framework of a model that models.update_for_task makes for a task without one
_DEFAULT_FRAMEWORK = "Custom"


@action("models.create")
def create(call: Call, request: Request) -> Answer:
    """Makes a model; ready unless said otherwise."""
    model = records.create(
        call, ready=True, tags=[], system_tags=[], labels={}, design={}, metadata={}, last_metrics={}
    )
    model.update(_fields(call, request))
    call.store.documents.put("models", model)
    return {"id": model["id"], "created": True}


def _fields(call: Call, request: Request) -> dict[str, Any]:
    """The fields of a model that a request gives.

    Raises:
        ApiError: 800 for a short name, 101, 201 and 401 for an unknown task, parent or project.
    """
    fields = {name: request[name] for name in _PLAIN if request.get(name) is not None}
    if request.get("name") is not None:
        fields["name"] = records.checked_name(request["name"])
    for name in ("tags", "system_tags"):
        if request.get(name) is not None:
            fields[name] = records.tags(request[name])
    for name, collection in (("task", "tasks"), ("parent", "models"), ("project", "projects")):
        if request.get(name):
            fields[name] = records.require(call, collection, request[name])["id"]
    if request.get("metadata") is not None:
        fields["metadata"] = records.metadata(request["metadata"])
    return fields


@action("models.get_by_id")
def get_by_id(call: Call, request: Request) -> Answer:
    """One model, whole."""
    return {"model": records.require(call, "models", request["model"])}


@action("models.get_by_id_ex")
def get_by_id_ex(call: Call, request: Request) -> Answer:
    """Some models, with fields of what they refer to."""
    return queries.get_all_ex(call, "models", request)


@action("models.get_all")
def get_all(call: Call, request: Request) -> Answer:
    """The models that a filter finds."""
    return queries.get_all(call, "models", request)


@action("models.get_all_ex")
def get_all_ex(call: Call, request: Request) -> Answer:
    """The models that a filter finds, with fields of what they refer to."""
    narrowed = None
    if request.get("include_subprojects") and request.get("project"):
        below = projects.with_descendants(call, request["project"])
        sql, parameters = membership(require_field("models", "project"), below)
        narrowed = Condition([sql], parameters)
        request = {name: value for name, value in request.items() if name != "project"}
    answer = queries.get_all_ex(call, "models", request, narrowed)
    if request.get("include_stats"):
        for model in answer["models"]:
            model["stats"] = {"labels_count": len(model.get("labels") or ())}
    return answer


@action("models.get_by_task_id")
def get_by_task_id(call: Call, request: Request) -> Answer:
    """The last output model of a task, for clients of old versions."""
    _require_old_version(call)
    outputs = records.require(call, "tasks", request["task"])["models"]["output"]
    if not outputs:
        raise ApiError(400, 200, f"Model is missing: task={request['task']}")
    return {"model": records.require(call, "models", outputs[-1]["model"])}


@action("models.update_for_task")
def update_for_task(call: Call, request: Request) -> Answer:
    """Makes a model the output of a running task, or gives its output another file, for clients of old versions."""
    _require_old_version(call)
    task = records.require(call, "tasks", request["task"])
    require_status(task, "created", "in_progress")
    chosen, uri = request.get("override_model_id"), request.get("uri")
    if bool(chosen) == bool(uri):
        raise ApiError(400, 12, "Validation error (give either uri or override_model_id)")
    if request.get("iteration") is not None:
        task["last_iteration"] = max(task["last_iteration"], request["iteration"])
    answer: Answer
    if chosen:
        model = records.require(call, "models", chosen)
        answer = {"id": model["id"], "created": False}
    else:
        own = {name: request.get(name) for name in ("comment", "tags", "system_tags")}
        name = request.get("name") or task["name"]
        model, answer = _output_with_uri(call, task, {**own, "name": name, "uri": uri})
    set_model(task, "output", model["name"], model["id"])
    records.touch(call, task)
    call.store.documents.put("tasks", task)
    return answer


def _output_with_uri(call: Call, task: Document, request: Request) -> tuple[Document, Answer]:
    outputs = task["models"]["output"]
    known = call.store.documents.get("models", outputs[-1]["model"]) if outputs else None
    if known is not None and not known["ready"]:
        answer = edit(call, {**request, "model": known["id"]})
        return records.require(call, "models", known["id"]), {**answer, "id": known["id"], "created": False}
    framework = task["execution"].get("framework") or _DEFAULT_FRAMEWORK
    made = {**request, "task": task["id"], "project": task.get("project"), "ready": False, "framework": framework}
    answer = create(call, made)
    return records.require(call, "models", answer["id"]), answer


def _require_old_version(call: Call) -> None:
    if call.version >= _MOVED_SINCE:
        raise ApiError(301, 1, f"{call.endpoint} has moved: use tasks.add_or_update_model or tasks.get_by_id")


@action("models.edit")
def edit(call: Call, request: Request) -> Answer:
    """Changes any field of a model."""
    return _store(call, records.require(call, "models", request["model"]), request)


@action("models.update")
def update(call: Call, request: Request) -> Answer:
    """Changes what may be changed of a model that is ready, too."""
    return _store(call, records.require(call, "models", request["model"]), request)


def _store(call: Call, model: Document, request: Request) -> Answer:
    fields = _fields(call, request)
    if request.get("created"):
        fields["created"] = request["created"]
    _note_iteration(call, model, request)
    if not fields:
        return {"updated": 0, "fields": {}}
    model.update(fields)
    records.touch(call, model)
    call.store.documents.put("models", model)
    return {"updated": 1, "fields": {**fields, "last_update": model["last_update"]}}


def _note_iteration(call: Call, model: Document, request: Request) -> None:
    """The iteration at which a model was saved is one that its task has reached."""
    if request.get("iteration") is None:
        return
    task = call.store.documents.get("tasks", request.get("task") or model.get("task", ""))
    if task is not None and task["last_iteration"] < request["iteration"]:
        task["last_iteration"] = request["iteration"]
        records.touch(call, task)
        call.store.documents.put("tasks", task)


@action("models.set_ready")
def set_ready(call: Call, request: Request) -> Answer:
    """Publishes a model and, unless ``publish_task`` is false, the task that made it."""
    model = records.require(call, "models", request["model"])
    if model["ready"]:
        raise ApiError(400, 203, f"Model is ready already: id={model['id']}")
    answer: Answer = {"updated": 1}
    task = call.store.documents.get("tasks", model.get("task", ""))
    if task is not None and request.get("publish_task") is not False and task["status"] != "published":
        published = task_moves.publish(
            call, {"task": task["id"], "force": bool(request.get("force_publish_task")), "publish_model": False}
        )
        answer["published_task"] = {"id": task["id"], "data": published}
    model["ready"] = True
    records.touch(call, model)
    call.store.documents.put("models", model)
    return answer


@action("models.publish_many")
def publish_many(call: Call, request: Request) -> Answer:
    """Publishes several."""
    records.require_ids(request)
    how = {"publish_task": request.get("publish_tasks"), "force_publish_task": request.get("force_publish_task")}
    return records.each(
        call, request["ids"], lambda model: {**set_ready(call, {**how, "model": model}), "updated": True}
    )


@action("models.delete")
def delete(call: Call, request: Request) -> Answer:
    """Deletes a model; with ``force`` also one that tasks use or that a published task made."""
    model = records.require(call, "models", request["model"])
    users = references.tasks_with_model(call, model["id"])
    if not request.get("force"):
        _require_free(call, model, users)
    references.forget_model(call, model["id"])
    call.store.events.delete(model["id"])
    call.store.documents.delete("models", model["id"])
    return {"deleted": True, "url": model.get("uri")}


def _require_free(call: Call, model: Document, users: list[Document]) -> None:
    used = [task["id"] for task in users if task["id"] != model.get("task")]
    used += [task["id"] for task in users if any(e["model"] == model["id"] for e in task["models"]["input"])]
    if used:
        raise ApiError(400, 205, f"Model is used by tasks: use force=true: id={model['id']}, tasks={', '.join(used)}")
    maker = call.store.documents.get("tasks", model.get("task", ""))
    if maker is not None and maker["status"] == "published":
        raise ApiError(
            400, 206, f"Model was made by a published task: use force=true: id={model['id']}, task={maker['id']}"
        )


@action("models.delete_many")
def delete_many(call: Call, request: Request) -> Answer:
    """Deletes several."""
    records.require_ids(request)
    force = request.get("force")
    return records.each(call, request["ids"], lambda model: delete(call, {"model": model, "force": force}))


@action("models.archive_many")
def archive_many(call: Call, request: Request) -> Answer:
    """Puts models away."""
    records.require_ids(request)

    def one(id: str) -> Answer:
        records.archive(call, "models", records.require(call, "models", id))
        return {"archived": True}

    return records.each(call, request["ids"], one)


@action("models.unarchive_many")
def unarchive_many(call: Call, request: Request) -> Answer:
    """Brings models back."""
    records.require_ids(request)

    def one(id: str) -> Answer:
        records.unarchive(call, "models", records.require(call, "models", id))
        return {"unarchived": True}

    return records.each(call, request["ids"], one)


@action("models.move")
def move(call: Call, request: Request) -> Answer:
    """Puts models into another project, made where it is missing."""
    project = projects.destination(call, request)
    for model in call.store.documents.get_many("models", request["ids"]).values():
        model["project"] = project
        records.touch(call, model)
        call.store.documents.put("models", model)
    return {"project_id": project}


@action("models.get_frameworks")
def get_frameworks(call: Call, request: Request) -> Answer:
    """The frameworks of the models of some projects, or of all."""
    wanted = request.get("projects") or ()
    where, parameters = membership(require_field("models", "project"), wanted) if wanted else ("", [])
    rows = call.store.documents.select("models", ["framework"], where, parameters)
    return {"frameworks": sorted({framework for (framework,) in rows if framework})}


@action("models.add_or_update_metadata")
def add_or_update_metadata(call: Call, request: Request) -> Answer:
    """Adds metadata or replaces that of the same key."""
    return records.add_metadata(call, "models", records.require(call, "models", request["model"]), request)


@action("models.delete_metadata")
def delete_metadata(call: Call, request: Request) -> Answer:
    """Deletes metadata by key."""
    return records.delete_metadata(call, "models", records.require(call, "models", request["model"]), request)


@action("models.make_public")
@action("models.make_private")
def share(call: Call, request: Request) -> Answer:
    """There is one company here, nobody to share with: nothing to do."""
    return {"updated": 0}

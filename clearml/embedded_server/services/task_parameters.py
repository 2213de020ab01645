"""Tasks: hyperparameters and configuration objects, edited one by one."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import records
from embedded_server.entities.task_states import require_status
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document

#: the section that a person may edit in any status
USER_PROPERTIES = "properties"


@action("tasks.get_hyper_params")
def get_hyper_params(call: Call, request: Request) -> Answer:
    """The hyperparameters of tasks, as lists."""
    params = []
    for task in _tasks(call, request):
        sections = task["hyperparams"]
        items = [sections[section][name] for section in sorted(sections) for name in sorted(sections[section])]
        params.append({"task": task["id"], "hyperparams": items})
    return {"params": params}


@action("tasks.edit_hyper_params")
def edit_hyper_params(call: Call, request: Request) -> Answer:
    """Adds hyperparameters or replaces those of the same section and name.

    ``replace_hyperparams`` says what goes first: none, every section that is written to, or all.
    """
    task = records.require(call, "tasks", request["task"])
    items = request["hyperparams"]
    if not all(item.get("section") and item.get("name") for item in items):
        raise ApiError(400, 12, "Validation error (a hyperparameter needs section and name)")
    written = {item["section"] for item in items}
    _require_editable(task, request, written)
    replaced = request.get("replace_hyperparams") or "none"
    sections = {
        section: {} if replaced == "section" and section in written else own
        for section, own in task["hyperparams"].items()
        if replaced != "all"
    }
    for item in items:
        sections.setdefault(item["section"], {})[item["name"]] = dict(item)
    task["hyperparams"] = sections
    return _store(call, task, "updated")


@action("tasks.delete_hyper_params")
def delete_hyper_params(call: Call, request: Request) -> Answer:
    """Deletes hyperparameters by section and name, and whole sections by section alone."""
    task = records.require(call, "tasks", request["task"])
    _require_editable(task, request, {item.get("section") for item in request["hyperparams"]})
    sections = task["hyperparams"]
    for item in request["hyperparams"]:
        section = sections.get(item.get("section"), {})
        if item.get("name"):
            section.pop(item["name"], None)
        if not item.get("name") or not section:
            sections.pop(item.get("section"), None)
    return _store(call, task, "deleted")


@action("tasks.get_configurations")
def get_configurations(call: Call, request: Request) -> Answer:
    """The configuration objects of tasks, as lists; only those in ``names``, if given."""
    wanted = request.get("names")
    return {
        "configurations": [
            {
                "task": task["id"],
                "configuration": [
                    item for name, item in sorted(task["configuration"].items()) if not wanted or name in wanted
                ],
            }
            for task in _tasks(call, request)
        ]
    }


@action("tasks.get_configuration_names")
def get_configuration_names(call: Call, request: Request) -> Answer:
    """The names of tasks' configuration objects; tasks without any are left out unless ``skip_empty`` is false."""
    skip_empty = request.get("skip_empty", True)
    return {
        "configurations": [
            {"task": task["id"], "names": sorted(task["configuration"])}
            for task in _tasks(call, request)
            if task["configuration"] or not skip_empty
        ]
    }


@action("tasks.edit_configuration")
def edit_configuration(call: Call, request: Request) -> Answer:
    """Adds configuration objects or replaces those of the same name; with ``replace_configuration`` all others go."""
    task = records.require(call, "tasks", request["task"])
    _require_editable(task, request)
    if not all(item.get("name") for item in request["configuration"]):
        raise ApiError(400, 12, "Validation error (a configuration object needs a name)")
    kept = {} if request.get("replace_configuration") else task["configuration"]
    task["configuration"] = {**kept, **{item["name"]: dict(item) for item in request["configuration"]}}
    return _store(call, task, "updated")


@action("tasks.delete_configuration")
def delete_configuration(call: Call, request: Request) -> Answer:
    """Deletes configuration objects by name."""
    task = records.require(call, "tasks", request["task"])
    _require_editable(task, request)
    for name in request["configuration"]:
        task["configuration"].pop(name, None)
    return _store(call, task, "deleted")


def _tasks(call: Call, request: Request) -> list[Document]:
    """The request's tasks, in its order; those that do not exist are left out."""
    if not request["tasks"]:
        raise ApiError(400, 12, "Validation error (tasks: [] should have at least one)")
    found = call.store.documents.get_many("tasks", request["tasks"])
    return [found[task] for task in dict.fromkeys(request["tasks"]) if task in found]


def _require_editable(task: Document, request: Request, sections: Set[Any] = frozenset()) -> None:
    if sections == {USER_PROPERTIES}:
        return
    require_status(task, "created", *(["in_progress"] if request.get("force") else []))


def _store(call: Call, task: Document, word: str) -> Answer:
    records.touch(call, task)
    call.store.documents.put("tasks", task)
    return {word: 1}

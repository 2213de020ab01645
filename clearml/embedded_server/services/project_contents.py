"""Projects: what occurs in their tasks and models, as choices for a person who filters or compares."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import projects, records
from embedded_server.entities.queries import PAGE_SIZE
from embedded_server.entities.records import ARCHIVED
from embedded_server.storage.fields import require as require_field
from embedded_server.storage.filters import condition, membership


def _within(
    call: Call, collection: str, request: Request, fields: list[str], include_subprojects: bool = True
) -> Iterable[tuple[Any, ...]]:
    """Fields of the documents of the request's projects (and, if wanted, of their descendants), or of all."""
    wanted = request.get("projects") or ([request["project"]] if request.get("project") else [])
    if include_subprojects and request.get("include_subprojects", True) is not False:
        wanted = projects.with_descendants(call, wanted)
    found = condition(collection, {"search_hidden": True, **(request.get("filter") or {})})
    if wanted:
        name = "id" if collection == "projects" else "project"
        sql, parameters = membership(require_field(collection, name), wanted)
        found.add(sql, parameters)
    return call.store.documents.select(collection, fields, found.sql, found.parameters)


def _tags(call: Call, collection: str, request: Request) -> Answer:
    names = ["tags", "system_tags"] if request.get("include_system") else ["tags"]
    sets: dict[str, set[str]] = {name: set() for name in names}
    for row in _within(call, collection, request, names):
        for name, tags in zip(names, row, strict=True):
            sets[name].update(json.loads(tags or "[]"))
    return {name: sorted(tags) for name, tags in sets.items()}


@action("projects.get_task_tags")
def get_task_tags(call: Call, request: Request) -> Answer:
    """The tags of tasks."""
    return _tags(call, "tasks", request)


@action("projects.get_model_tags")
def get_model_tags(call: Call, request: Request) -> Answer:
    """The tags of models."""
    return _tags(call, "models", request)


@action("projects.get_project_tags")
def get_project_tags(call: Call, request: Request) -> Answer:
    """The tags of projects."""
    return _tags(call, "projects", request)


@action("projects.get_task_parents")
def get_task_parents(call: Call, request: Request) -> Answer:
    """The tasks that are parents of tasks: of the active ones, of the archived ones, or (null) of both."""
    state = request.get("tasks_state", "active")
    parents = {
        parent
        for parent, tags in _within(call, "tasks", request, ["parent", "system_tags"])
        if parent and (state is None or (ARCHIVED in json.loads(tags)) == (state == "archived"))
    }
    found = call.store.documents.get_many("tasks", parents)
    owners = call.store.documents.get_many("projects", {t["project"] for t in found.values() if t.get("project")})
    answer = []
    for task in sorted(found.values(), key=lambda task: task["name"]):
        owner = owners.get(task.get("project", ""))
        place = {"project": {"id": owner["id"], "name": owner["name"]}} if owner else {}
        answer.append({"id": task["id"], "name": task["name"], **place})
    return {"parents": answer}


@action("projects.get_unique_metric_variants")
def get_unique_metric_variants(call: Call, request: Request) -> Answer:
    """The metrics and variants that tasks (or, with ``model_metrics``, models) have reported."""
    if request.get("project"):
        records.require(call, "projects", request["project"])
    collection = "models" if request.get("model_metrics") else "tasks"
    if request.get("ids"):
        request = {**request, "filter": {"id": request["ids"]}}
    found = {}
    for (metrics,) in _within(call, collection, request, ["last_metrics"]):
        for metric_hash, variants in json.loads(metrics or "{}").items():
            for variant_hash, last in variants.items():
                found[last["metric"], last["variant"]] = (metric_hash, variant_hash)
    return {
        "metrics": [
            {"metric": metric, "metric_hash": hashes[0], "variant": variant, "variant_hash": hashes[1]}
            for (metric, variant), hashes in sorted(found.items())
        ]
    }


@action("projects.get_hyper_parameters")
def get_hyper_parameters(call: Call, request: Request) -> Answer:
    """The hyperparameters that tasks have, by section and name."""
    records.require(call, "projects", request["project"])
    names = {
        (section, name)
        for (sections,) in _within(call, "tasks", request, ["hyperparams"])
        for section, items in json.loads(sections or "{}").items()
        for name in items
    }
    page, remaining = _page(sorted(names), request)
    parameters = [{"section": section, "name": name} for section, name in page]
    return {"parameters": parameters, "total": len(names), "remaining": remaining}


@action("projects.get_hyperparam_values")
def get_hyperparam_values(call: Call, request: Request) -> Answer:
    """The values that a hyperparameter has."""
    values = {
        json.loads(sections or "{}").get(request["section"], {}).get(request["name"], {}).get("value")
        for (sections,) in _within(call, "tasks", request, ["hyperparams"])
    }
    return _values(values)


@action("projects.get_model_metadata_keys")
def get_model_metadata_keys(call: Call, request: Request) -> Answer:
    """The keys of the metadata of models."""
    records.require(call, "projects", request["project"])
    keys = {
        key for (metadata,) in _within(call, "models", request, ["metadata"]) for key in json.loads(metadata or "{}")
    }
    page, remaining = _page(sorted(keys), request)
    return {"keys": page, "total": len(keys), "remaining": remaining}


@action("projects.get_model_metadata_values")
def get_model_metadata_values(call: Call, request: Request) -> Answer:
    """The values that a key of the metadata has."""
    values = {
        json.loads(metadata or "{}").get(request["key"], {}).get("value")
        for (metadata,) in _within(call, "models", request, ["metadata"])
    }
    return _values(values)


def _values(values: set[str | None]) -> Answer:
    found = sorted(value for value in values if value is not None)
    return {"total": len(found), "values": found}


def _page(items: list[Any], request: Request) -> tuple[list[Any], int]:
    """The page of a list that a request asks for, and how many items come after it."""
    size = max(1, request.get("page_size") or PAGE_SIZE)
    start = max(0, request.get("page") or 0) * size
    page = items[start : start + size]
    return page, max(0, len(items) - start - len(page))

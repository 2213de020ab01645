"""One model: what is known of it, where it comes from, and what a person may change."""

from __future__ import annotations

import json
import math
from typing import Any

from starlette.routing import Route

from embedded_server.calls import Answer, Request, Store
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document
from embedded_server.web import models
from embedded_server.web.actions import json_body
from embedded_server.web.experiment_row import link, parameter, summaries
from embedded_server.web.model_card import card_of, is_ensemble, show_card
from embedded_server.web.page import Content, NotThere, Visit, data, page
from embedded_server.web.perform import perform

#: metadata that has a place of its own on the page
_HEADLINES = {"metric", "cv_score", "holdout_score", "holdout_low", "holdout_high", "input_schema"}
_SHOWN_USERS = 50  # experiments that use a model


def show(visit: Visit) -> Content:
    """The page of a model, under whichever address the SDK prints for it."""
    document = visit.store.documents.get("models", visit.place("id"))
    if document is None:
        raise NotThere("There is no such model, or it has been deleted.")
    return {"model": view(visit.store, document)}


def publish(visit: Visit) -> Answer:
    """``POST /models/{id}/publish``: the model alone, whatever becomes of its experiment."""
    return perform(visit, "models.set_ready", {"model": visit.place("id"), "publish_task": False})


def change_tags(visit: Visit) -> Answer:
    """``POST /models/{id}/tags`` with ``{"add": [tags], "remove": [tags]}``."""
    request, model_id = json_body(visit), visit.place("id")
    added, removed = (_tags(request, name) for name in ("add", "remove"))
    with visit.store.documents.database.transaction():  # nobody else changes them between the two steps
        document = visit.store.documents.get("models", model_id)
        if document is None:
            raise NotThere("There is no such model, or it has been deleted.")
        kept = [tag for tag in document.get("tags") or () if tag not in removed]
        return perform(visit, "models.update", {"model": model_id, "tags": [*kept, *added]})


def _tags(request: Request, name: str) -> list[str]:
    tags = request.get(name) or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag.strip() for tag in tags):
        raise ApiError(400, 12, f"{name} has to be a list of tags")
    return [tag.strip() for tag in tags]


def view(store: Store, document: Document) -> dict[str, Any]:
    """Everything that a model's page shows."""
    same_name = models.versions(store, "json_extract(body, '$.\"name\"') = ?", [document.get("name", "")])
    # SQLite compares names up to their first zero byte, if a client was so kind; and somebody may just have deleted it
    own = [version for version in same_name if version["id"] == document["id"]]
    own = own or models.versions(store, "id = ?", [document["id"]])
    if not own:
        raise NotThere("There is no such model, or it has been deleted.")
    metadata = document.get("metadata") or {}
    return {
        **own[0],
        "uri": document.get("uri") or "",
        "comment": document.get("comment") or "",
        "labels": document.get("labels") or {},
        "metadata": {name: _value(metadata[name]) for name in sorted(metadata) if name not in _HEADLINES},
        "input_schema": _schema(metadata.get("input_schema")),
        "scalars": _scalars(document),
        **_trust(store, document, str(own[0]["metric"] or "")),
        "card": card_of(store, document),
        "made_by": _made_by(store, document),
        "derived_from": _named(store, document.get("parent")),
        "used_by": _used_by(store, document["id"]),
        "versions": same_name,
    }


def _trust(store: Store, document: Document, metric: str) -> dict[str, Any]:
    """How far the two scores can be trusted: their intervals, and how much of the best of many is luck."""
    metadata = document.get("metadata") or {}
    low, high = (models.as_number(_value(metadata.get(f"holdout_{end}", ""))) for end in ("low", "high"))
    task = store.documents.get("tasks", document.get("task") or "")
    found = () if task is None or is_ensemble(document) else summaries(task)
    told = {one.get("variant"): one["value"] for one in found if math.isfinite(one["value"])}
    cv = f"cv {metric}"
    return {
        "holdout_interval": _interval(low, high),
        "cv_interval": _interval(told.get(f"{cv} low"), told.get(f"{cv} high")),
        "optimism": told.get(f"optimism {metric}"),
    }


def _interval(low: Any, high: Any) -> list[float] | None:
    return None if low is None or high is None else [low, high]


def _value(item: Any) -> str:
    value = item.get("value", "") if isinstance(item, dict) else item
    return value if isinstance(value, str) else json.dumps(value)


def _schema(item: Any) -> dict[str, Any]:
    """The columns that a model wants, where its metadata tell: names, and what is said of each."""
    try:
        found = json.loads(_value(item))
    except ValueError:
        return {}
    columns = found.get("columns", found) if isinstance(found, dict) else {}
    if isinstance(columns, list):
        columns = {str(one.get("name", "")): one for one in columns if isinstance(one, dict)}
    return {
        str(name): ", ".join(f"{key}: {_text(part)}" for key, part in told.items() if key != "name")
        if isinstance(told, dict)
        else _text(told)
        for name, told in (columns.items() if isinstance(columns, dict) else ())
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _scalars(document: Document) -> list[dict[str, Any]]:
    found = [
        {"title": one.get("metric", ""), "series": one.get("variant", ""), "value": one["value"]}
        for one in summaries(document)
    ]
    return sorted(found, key=lambda one: (one["title"], one["series"]))


def _made_by(store: Store, document: Document) -> dict[str, Any] | None:
    """The experiment that a model comes from, with what it learnt from, and that experiment's own origin."""
    task = store.documents.get("tasks", document.get("task") or "")
    if task is None:
        return None
    return {
        **_experiment(task),
        "status": task.get("status", ""),
        "completed": task.get("completed"),
        "table": parameter(task, "Data", "data") or "",
        "target": parameter(task, "Data", "target_column") or "",
        "cloned_from": _named_experiment(store, task.get("parent")),
    }


def _used_by(store: Store, id: str) -> list[dict[str, Any]]:
    """The experiments that have the model as an input."""
    users = store.documents.query(
        "tasks",
        "EXISTS (SELECT 1 FROM json_each(body, '$.models.input') WHERE json_extract(value, '$.model') = ?)",
        [id],
        order_by=["-created"],
        limit=_SHOWN_USERS,
    )
    return [_experiment(task) for task in users]


def _experiment(task: Document) -> dict[str, Any]:
    return {"id": task["id"], "name": task.get("name", ""), "link": link(task)}


def _named_experiment(store: Store, id: Any) -> dict[str, Any] | None:
    task = store.documents.get("tasks", id) if id else None
    return _experiment(task) if task else None


def _named(store: Store, id: Any) -> dict[str, str] | None:
    found = store.documents.get("models", id) if id else None
    return {"id": found["id"], "name": found.get("name", ""), "link": f"/models/{found['id']}"} if found else None


ROUTES: list[Route] = [
    data("/models/{id}/publish", publish, methods=["POST"]),
    data("/models/{id}/tags", change_tags, methods=["POST"]),
    data("/models/{id}/card", show_card),
    *page("/models/{id}", "model.html", show),
    *page("/{before:path}/models/{id}", "model.html", show),
    *page("/{before:path}/models/{id}/{after:path}", "model.html", show),
]

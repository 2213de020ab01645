"""Queues and workers: what waits in which order, who works on what, and the Dask pool."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from starlette.responses import RedirectResponse, Response

from embedded_server.calls import Answer, Request, Store
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document
from embedded_server.web import dask_pool, workers
from embedded_server.web.actions import json_body
from embedded_server.web.experiment_row import link
from embedded_server.web.page import Content, Visit, data, page
from embedded_server.web.perform import perform

#: how a task can be moved -> the API action that does it
_MOVES = {
    "first": "queues.move_task_to_front",
    "up": "queues.move_task_forward",
    "down": "queues.move_task_backward",
    "last": "queues.move_task_to_back",
}


def show(visit: Visit) -> Content:
    """The page ``/queues``, with all queues, workers and pools."""
    store = visit.store
    found = workers.workers(store)
    return {
        "queues": queues(store, found),
        "workers": found,
        "unattended": workers.unattended(store, found),
        "pool": dask_pool.local_pool(visit.request.app.state.pool_file),
        "reported_pools": dask_pool.reported_pools(store),
    }


def queues(store: Store, known_workers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All queues by name, those in which something waits first, each with its entries in the order of their turns."""
    found = store.documents.query("queues", order_by=["name"])
    tasks = store.documents.get_many("tasks", [entry["task"] for queue in found for entry in queue["entries"]])
    shown = [
        {
            "id": queue["id"],
            "name": queue["name"],
            "workers": [worker["id"] for worker in known_workers if queue["id"] in worker["queue_ids"]],
            "entries": [
                _entry(place, entry, tasks.get(entry["task"])) for place, entry in enumerate(queue["entries"], start=1)
            ],
        }
        for queue in found
    ]
    return sorted(shown, key=lambda queue: not queue["entries"])


def _entry(place: int, entry: dict[str, Any], task: Document | None) -> dict[str, Any]:
    return {
        "task": entry["task"],
        "place": place,
        "name": task.get("name", "") if task else "",
        "link": link(task) if task else None,
        "added": entry["added"],
        "waiting_seconds": max(
            0.0, (datetime.now(timezone.utc) - datetime.fromisoformat(entry["added"])).total_seconds()
        ),
    }


def move(visit: Visit) -> Answer:
    """``POST /queues/{id}/move`` with ``{"task": id, "to": "first", "up", "down", "last" or a place from 1}``."""
    request, queue = json_body(visit), visit.place("id")
    target = request.get("to")
    task = {"queue": queue, "task": _text(request, "task")}
    if isinstance(target, str) and target in _MOVES:
        return perform(visit, _MOVES[target], task)
    if not isinstance(target, int) or isinstance(target, bool):
        raise ApiError(400, 12, f"to has to be a place, or one of {', '.join(_MOVES)}")
    with visit.store.documents.database.transaction():  # nobody else moves it between the two steps
        perform(visit, _MOVES["first"], task)
        return perform(visit, _MOVES["down"], {**task, "count": target - 1}) if target > 1 else {"position": 0}


def remove(visit: Visit) -> Answer:
    """``POST /queues/{id}/remove`` with ``{"task": id}``: takes it out; it gets the status back that it had before."""
    request, queue = json_body(visit), visit.place("id")
    task = _text(request, "task")
    with visit.store.documents.database.transaction():
        answer = perform(visit, "queues.remove_task", {"queue": queue, "task": task})
        waiting = visit.store.documents.get("tasks", task)
        if waiting is not None and waiting["status"] == "queued":
            perform(visit, "tasks.dequeue", {"task": task})
    return answer


def create(visit: Visit) -> Answer:
    """``POST /queues/new`` with ``{"name": …}``."""
    return perform(visit, "queues.create", {"name": _text(json_body(visit), "name")})


def delete(visit: Visit) -> Answer:
    """``POST /queues/{id}/delete``: of an empty queue."""
    return perform(visit, "queues.delete", {"queue": visit.place("id")})


def _text(request: Request, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(400, 12, f"{name} has to be a text")
    return value


def _to_workers(visit: Visit) -> Response:
    return RedirectResponse("/queues#workers", 303)


_CHANGES: dict[str, Callable[[Visit], Answer]] = {
    "/queues/new": create,
    "/queues/{id}/move": move,
    "/queues/{id}/remove": remove,
    "/queues/{id}/delete": delete,
}

ROUTES = [
    *page("/queues", "queues.html", show),
    data("/workers.json", show),
    data("/workers", _to_workers),
    *(data(path, change, methods=["POST"]) for path, change in _CHANGES.items()),
]

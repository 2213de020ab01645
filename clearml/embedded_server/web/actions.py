"""``POST /actions``: what a person does to experiments, models and queues by a button."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from embedded_server.calls import Answer, Request
from embedded_server.errors import ApiError
from embedded_server.web.page import Visit, data
from embedded_server.web.perform import perform


@dataclass(frozen=True)
class Verb:
    """What a button does.

    Its request is ``{"action": <name>, "ids": [...], ...}``; of what else it brings, only ``takes`` is passed on.
    """

    endpoint: str
    always: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    #: does it in place of one call of ``endpoint`` with all ids
    do: Callable[[Visit, Request], Answer] | None = None


#: "abort" -> what it does
VERBS: dict[str, Verb] = {
    "abort": Verb("tasks.stop_many", {"status_reason": "aborted in the browser", "status_message": "aborted"}),
    "reset": Verb("tasks.reset_many"),
    "enqueue": Verb("tasks.enqueue_many", takes=("queue", "queue_name")),
    "dequeue": Verb("tasks.dequeue_many"),
    "archive": Verb("tasks.archive_many"),
    "unarchive": Verb("tasks.unarchive_many"),
    "delete": Verb("tasks.delete_many", {"force": True}),
    "publish": Verb("tasks.publish_many"),
}


def act(visit: Visit) -> Response:
    """Does what is asked, to each of the ids or, where it cannot be done to one, to the others.

    Answers ``{"done": [ids], "refused": [{"id", "reason"}], "answer": {...}}``; ``answer`` is the API action's own.
    """
    request = json_body(visit)
    verb = VERBS.get(str(request.get("action")))
    if verb is None:
        raise ApiError(400, 0, f"{request.get('action')!r} is none of: {', '.join(sorted(VERBS))}")
    if verb.do is not None:
        return JSONResponse(verb.do(visit, request))
    given = {name: request[name] for name in verb.takes if request.get(name) is not None}
    answer = perform(visit, verb.endpoint, {"ids": ids(request), **verb.always, **given})
    refused = [{"id": one["id"], "reason": one["error"]["msg"]} for one in answer.get("failed", ())]
    return JSONResponse({"done": [one["id"] for one in answer.get("succeeded", ())], "refused": refused})


def ids(request: Request) -> list[str]:
    """The ids of a request.

    Raises:
        ApiError: 400, they are no list of texts, or there is none.
    """
    found = request.get("ids")
    if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
        raise ApiError(400, 12, "ids has to be a list with at least one id")
    return found


def json_body(visit: Visit) -> Request:
    """The JSON object that a request brings.

    Raises:
        ApiError: 400.
    """
    try:
        found = json.loads(visit.body)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, 0, f"The body is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise ApiError(400, 12, "The body has to be a JSON object")
    return found


def clone(visit: Visit, request: Request) -> Answer:
    """Copies experiments as drafts, each named like its original unless ``name`` says otherwise.

    With ``hyperparams`` or ``configuration`` the copy gets these in place of the original's, with ``queue`` it is put
    into that queue; all of it or, where something is refused, nothing.
    """
    copies = []
    with visit.store.documents.database.transaction():
        for original in ids(request):
            edited = {
                f"new_task_{name}": request[name]
                for name in ("name", "tags", "comment", "hyperparams", "configuration")
                if request.get(name)
            }
            edited.setdefault("new_task_name", _copy_name(visit, original))
            copy = perform(visit, "tasks.clone", {"task": original, "new_task_parent": original, **edited})["id"]
            if request.get("queue"):
                perform(visit, "tasks.enqueue", {"task": copy, "queue": request["queue"]})
            copies.append(copy)
    return {"done": copies, "refused": []}


def configure(visit: Visit, request: Request) -> Answer:
    """Gives a draft other ``hyperparams`` and ``configuration``, and with ``queue`` puts it into that queue."""
    (task,) = ids(request)[:1]
    edited = {name: request[name] for name in ("hyperparams", "configuration") if request.get(name) is not None}
    with visit.store.documents.database.transaction():
        perform(visit, "tasks.edit", {"task": task, **edited})
        if request.get("queue"):
            perform(visit, "tasks.enqueue", {"task": task, "queue": request["queue"]})
    return {"done": [task], "refused": []}


def _copy_name(visit: Visit, id: str) -> str:
    original = visit.store.documents.get("tasks", id) or {}
    return f"{original.get('name', '')} again"


def queues(visit: Visit) -> dict[str, Any]:
    """The queues that a button offers, by name."""
    found = visit.store.documents.query("queues", order_by=["name"])
    return {"queues": [{"id": queue["id"], "name": queue["name"]} for queue in found]}


VERBS["clone"] = Verb("tasks.clone", do=clone)
VERBS["configure"] = Verb("tasks.edit", do=configure)

ROUTES = [data("/actions", act, methods=["POST"]), data("/actions/queues", queues)]

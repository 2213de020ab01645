"""Pipelines: started anew from the task of an earlier run."""

from __future__ import annotations

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import task_sections
from embedded_server.entities.records import require
from embedded_server.errors import ApiError
from embedded_server.services import task_lifecycle, task_moves


@action("pipelines.start_pipeline")
def start_pipeline(call: Call, request: Request) -> Answer:
    """Clones a pipeline's task with other arguments, and puts the clone into a queue, the default one if need be."""
    source = require(call, "tasks", request["task"])
    section = task_sections.DEFAULT_SECTION
    arguments = dict(source["hyperparams"].get(section, {}))
    for item in request.get("args") or ():
        if not item.get("name"):
            raise ApiError(400, 12, "Validation error (args: an argument needs a name)")
        known = arguments.get(item["name"], {"section": section, "name": item["name"]})
        arguments[item["name"]] = {**known, "value": item.get("value") or ""}
    hyperparams = {**source["hyperparams"], section: arguments} if arguments else source["hyperparams"]
    made = task_lifecycle.clone(call, {"task": source["id"], "new_task_hyperparams": hyperparams})["id"]
    answer = task_moves.enqueue(call, {"task": made, "queue": request.get("queue")})
    return {"pipeline": made, "enqueued": bool(answer["queued"])}

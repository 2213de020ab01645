"""A new experiment from a table that a person drops: looked at, described, started."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from embedded_server.errors import ApiError
from embedded_server.web.actions import json_body
from embedded_server.web.experiment_command import LOOK_WITHIN, START_WITHIN, ExperimentCommand
from embedded_server.web.page import Content, Visit, data, page, visit_of
from embedded_server.web.uploads import SIZE_LIMIT, SUFFIXES, Uploads

#: where the page is of no use, this does the same
INSTEAD = "clearml-automl enqueue --data table.csv --target column"
LARGEST_FIELD = 100_000  # characters


def show(visit: Visit) -> Content:
    """The page ``/new``."""
    return {
        "available": _command_of(visit.request) is not None,
        "instead": INSTEAD,
        "size_limit": SIZE_LIMIT,
        "suffixes": list(SUFFIXES),
        "projects": sorted(name for (name,) in visit.store.documents.select("projects", ("name",)) if _is_plain(name)),
    }


async def receive(request: Request) -> Response:
    """``POST /new/table?name=file.csv`` with the file as its body: stores it, looks at it, says what is in it.

    Answers what the experiment command tells, with the ``key`` under which the table waits to be started.
    """
    try:
        await run_in_threadpool(visit_of, request)
        command, uploads = _required(request)
        async with uploads.receiving(request.query_params.get("name", "")) as incoming:
            async for chunk in request.stream():
                await run_in_threadpool(incoming.write, chunk)
            await run_in_threadpool(incoming.close)
            question = {"request": "look", "file": str(incoming.upload.file)}
            look = await run_in_threadpool(command.ask, question, LOOK_WITHIN)
            if "error" in look:
                raise ApiError(400, 0, str(look["error"]))
        return JSONResponse({"key": incoming.upload.key, "name": incoming.upload.file.name, **look})
    except ApiError as error:
        return JSONResponse({"error": error.message}, error.code)
    except ClientDisconnect:
        return Response(status_code=400)  # which nobody will read
    except OSError as error:
        return JSONResponse({"error": f"The table cannot be stored ({error.strerror})"}, 507)


def start(visit: Visit) -> Response:
    """``POST /new/start`` with ``{"key": …, "fields": {…}}``: answers ``task`` and its ``page``; or ``errors``."""
    command, uploads = _required(visit.request)
    request = json_body(visit)
    fields = request.get("fields")
    if not isinstance(fields, dict) or not all(_is_field(name, value) for name, value in fields.items()):
        raise ApiError(400, 12, "fields has to be an object of texts")
    upload = uploads.find(str(request.get("key", "")))
    answer = command.ask({"request": "start", "file": str(upload.file), "fields": fields}, START_WITHIN)
    if answer.get("errors"):
        return JSONResponse({"errors": answer["errors"]}, 422)
    uploads.discard(upload)
    return JSONResponse({**answer, "page": f"/projects/*/experiments/{answer.get('task')}"})


def _required(request: Request) -> tuple[ExperimentCommand, Uploads]:
    command = _command_of(request)
    if command is None:
        raise ApiError(501, 0, f"This server was started without a command for experiments; type: {INSTEAD}")
    uploads: Uploads = request.app.state.uploads
    return command, uploads


def _command_of(request: Request) -> ExperimentCommand | None:
    found: ExperimentCommand | None = request.app.state.experiment_command
    return found


def _is_field(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, str) and len(value) <= LARGEST_FIELD


def _is_plain(name: Any) -> bool:
    """Whether a project's name is one that a person gave; the SDK keeps datasets and pipelines in hidden ones."""
    return isinstance(name, str) and not any(part.startswith(".") for part in name.split("/"))


ROUTES = [
    *page("/new", "new_experiment.html", show),
    Route("/new/table", receive, methods=["POST"]),
    data("/new/start", start, methods=["POST"]),
]

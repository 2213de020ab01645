"""The ASGI application of the web port: all pages."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from embedded_server.calls import Store
from embedded_server.neighbours import NO_NEIGHBOURS, Neighbours
from embedded_server.web import (
    actions,
    comparison,
    experiment,
    experiments,
    model,
    models,
    new_experiment,
    queues,
    session,
    statics,
    stored_files,
)
from embedded_server.web.experiment_command import ExperimentCommand
from embedded_server.web.page import MESSAGE_PAGE, Content, NotThere, Visit, page
from embedded_server.web.safety import Safety
from embedded_server.web.uploads import Uploads

#: in this order: the experiments' addresses begin with anything
_PARTS = (
    statics, session, actions, stored_files, comparison, models, model, queues, new_experiment, experiments, experiment,
)  # fmt: skip


def web_application(store: Store, uploads: Path, neighbours: Neighbours = NO_NEIGHBOURS) -> Starlette:
    """The application of the web port.

    Args:
        store: what the pages show and change.
        uploads: folder of tables that wait to become experiments; made with the first one.
        neighbours: what runs beside the server.
    """
    routes = [route for part in _PARTS for route in part.ROUTES]
    application = Starlette(
        routes=[*routes, *page("/{path:path}", MESSAGE_PAGE, _lost)],
        middleware=[Middleware(Safety)],
        exception_handlers={ClientDisconnect: _gone},
    )
    application.state.store = store
    application.state.uploads = Uploads(uploads)
    words = neighbours.experiment_command
    application.state.experiment_command = ExperimentCommand(words) if words else None
    application.state.pool_file = neighbours.pool_file
    return application


async def _gone(request: Request, error: Exception) -> Response:
    """The answer to whoever went away in the middle of a request, which nobody will read."""
    return Response(status_code=400)


def _lost(visit: Visit) -> Content:
    raise NotThere

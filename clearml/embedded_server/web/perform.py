"""A change that a page asks for: one of the API's own actions, validated and in one transaction like there."""

from __future__ import annotations

from embedded_server import schemas
from embedded_server.calls import ACTIONS, Answer, Call, Request, Store
from embedded_server.dispatch import NEWEST
from embedded_server.web.page import Visit


def perform(visit: Visit, endpoint: str, request: Request) -> Answer:
    """Runs an action on behalf of who visits; all of it is done, or nothing.

    Args:
        visit: of somebody who is logged in.
        endpoint: such as ``tasks.enqueue_many``.
        request: as the API takes it.

    Raises:
        ApiError: the action refuses.
    """
    store: Store = visit.store
    schemas.check(endpoint, request)
    with store.documents.database.transaction():
        return ACTIONS[endpoint](Call(endpoint, NEWEST, visit.identity, store), request)

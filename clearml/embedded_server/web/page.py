"""A page: templates, what a template may use, and the JSON twin that is made from the same content."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from embedded_server.access.accounts import COOKIE, Identity
from embedded_server.calls import Store
from embedded_server.errors import ApiError
from embedded_server.web import formats, statics
from embedded_server.web.safety import is_from_elsewhere

if TYPE_CHECKING:
    from jinja2 import Environment

log = logging.getLogger(__name__)

PAGES = Path(__file__).parent / "pages"
LOGIN_PAGE = "login.html"
MESSAGE_PAGE = "message.html"
#: the page whose address ends with a slash needs a name for its twin
ROOT_TWIN = "/index.json"

LARGEST_BODY = 4 << 20  # bytes that a request of a page may bring, unless a page receives it by itself

#: what a template gets and, as it is, the twin answers: plain data
Content = dict[str, Any]


@dataclass(frozen=True)
class Visit:
    """A request of somebody who is logged in."""

    request: Request
    identity: Identity
    store: Store
    body: bytes = field(default=b"", repr=False)

    def place(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def asked(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.request.query_params.get(name, default)

    def asked_number(self, name: str, default: int = 0, most: int = 2**31 - 1) -> int:
        """A natural number in the query; the default where there is none or something else."""
        text = self.asked(name)
        return min(int(text), most) if text.isascii() and text.isdecimal() else default

    def asked_list(self, name: str) -> list[str]:
        """A parameter of the query that holds several values, repeated or with commas between them."""
        values = ",".join(self.request.query_params.getlist(name)).split(",")
        return list(dict.fromkeys(value for value in values if value))

    def address(self, **changes: Any) -> str:
        """This page's address with other parameters in its query; None takes one out."""
        pairs = [pair for pair in self.request.query_params.multi_items() if pair[0] not in changes]
        pairs += [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"{self.request.url.path}?{urlencode(pairs)}" if pairs else self.request.url.path


class Json(JSONResponse):
    """JSON in ASCII, so that no text that a client sent can be impossible to encode."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


class NotThere(Exception):
    """What a page is about does not exist (any more)."""


Show = Callable[[Visit], Content]
Answer = Callable[[Visit], Response]


def page(path: str, template: str, show: Show) -> list[Route]:
    """The routes of a page and of its twin.

    Args:
        path: as starlette writes it.
        template: of `PAGES`; it gets the content's items, ``content`` as a whole, ``visit`` and ``user``.
        show: makes the content; runs in a thread of its own.

    Raises (in ``show``):
        NotThere: the page is 404.
        ApiError: the page says what was refused.
    """

    def content(visit: Visit) -> Content:
        with visit.store.documents.database.snapshot():  # all of a page is of one moment
            return show(visit)

    def html(visit: Visit) -> Response:
        return render(template, visit=visit, **content(visit))

    def twin(visit: Visit) -> Response:
        return Json(content(visit))

    return [
        Route(ROOT_TWIN if path == "/" else f"{path}.json", _for_programs(twin)),
        Route(path, _for_people(html)),
    ]


def data(path: str, answer: Answer | Show, methods: list[str] | None = None) -> Route:
    """The route of what scripts or programs read or send: JSON, or whatever response ``answer`` makes."""

    def whole(visit: Visit) -> Response:
        found = answer(visit)
        return found if isinstance(found, Response) else Json(found)

    return Route(path, _for_programs(whole), methods=methods)


def render(template: str, status: int = 200, **words: Any) -> Response:
    """A template as a response."""
    visit = words.get("visit")
    words.setdefault("user", visit.identity.user_name if visit else "")
    words.setdefault("path", visit.request.url.path if visit else "")
    text: str = _templates().get_template(template).render(words, content=words)
    return HTMLResponse(text.encode("utf-8", "replace"), status)  # a client may have sent half a surrogate pair


def store_of(request: Request) -> Store:
    """The store of the server that a request came to."""
    store: Store = request.app.state.store
    return store


def visit_of(request: Request, body: bytes = b"") -> Visit:
    """Who it is that asks, and what came along.

    Raises:
        ApiError: 401, nobody who is logged in.
    """
    store = store_of(request)
    authorization, cookie = request.headers.get("authorization"), request.cookies.get(COOKIE)
    return Visit(request, store.accounts.authenticate_token(authorization, cookie), store, body)


def _for_people(answer: Answer) -> Callable[[Request], Any]:
    def answered(request: Request) -> Response:
        try:
            visit = visit_of(request)
        except ApiError:
            if is_from_elsewhere(request):
                return render("arrival.html", status=401)  # it loads the page again, as its own
            target = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
            return render(LOGIN_PAGE, status=401, target=target)
        status, text = _attempt(lambda: answer(visit))
        return text if isinstance(text, Response) else render(MESSAGE_PAGE, status, visit=visit, text=text)

    return _in_thread(answered)


def _for_programs(answer: Answer) -> Callable[[Request], Any]:
    def answered(request: Request, body: bytes) -> Response:
        status, text = _attempt(lambda: answer(visit_of(request, body)))
        return text if isinstance(text, Response) else JSONResponse({"error": text}, status)

    async def endpoint(request: Request) -> Response:
        body = b""
        if request.method not in ("GET", "HEAD"):
            try:
                await run_in_threadpool(visit_of, request)  # nobody else's body is waited for
                body = await _received(request)
            except ApiError as error:
                return JSONResponse({"error": error.message}, error.code)
        return await run_in_threadpool(answered, request, body)

    return endpoint


async def _received(request: Request) -> bytes:
    """A whole body; waiting for it keeps no thread, of which there are few, however slowly it comes.

    Raises:
        ApiError: 413.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise ApiError(413, 0, f"The body is larger than {LARGEST_BODY} bytes")
    return bytes(body)


def _attempt(answer: Callable[[], Response]) -> tuple[int, Response | str]:
    """The answer, or the status and text of what went wrong."""
    try:
        return 200, answer()
    except NotThere as error:
        return 404, str(error) or "There is no such page, or what it was about has been deleted."
    except ApiError as error:
        return error.code, error.message
    except sqlite3.OperationalError as error:
        log.exception("a page could not be made")
        return 503, f"The database does not answer ({error})."
    except Exception:
        log.exception("a page could not be made")
        return 500, "This could not be made, by a fault of the server; its log says more."


def _in_thread(answered: Callable[[Request], Response]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answered, request)

    return endpoint


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader  # at the first page: a start of the server does not wait for it

    templates = Environment(loader=FileSystemLoader(PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters.update(formats.FILTERS)
    templates.globals["static"] = statics.address
    return templates

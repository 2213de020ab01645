"""The ASGI application of the web port: plain pages, rendered here, without any script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from embedded_server import views
from embedded_server.accounts import COOKIE, TOKEN_LIFETIME, Identity
from embedded_server.calls import Store
from embedded_server.errors import ApiError

if TYPE_CHECKING:
    from jinja2 import Environment

PAGES = Path(__file__).parent / "pages"
REFRESH = 5  # seconds after which a page that can change by itself is loaded again
_LARGEST_PAGE = 10**9

SAFETY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address of a login link holds its token
    "Cache-Control": "no-store",
}


class Web:
    """The pages of one server."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def style(self, request: Request) -> Response:
        """The style sheet, which anybody may see."""
        return Response((PAGES / "style.css").read_bytes(), media_type="text/css", headers=SAFETY)

    async def create_login_link(self, request: Request) -> Response:
        """A fresh login link, for whoever shows the key pair or a token."""
        return await run_in_threadpool(self._create_login_link, request)

    def _create_login_link(self, request: Request) -> Response:
        try:
            # No cookie: a page of another site must not be able to ask for links.
            identity = self._store.accounts.authenticate(request.headers.get("authorization"))
        except ApiError as error:
            return JSONResponse({"error": error.message}, error.code, headers=SAFETY)
        token = self._store.accounts.create_login_link(identity)
        return JSONResponse({"link": f"{request.base_url}login?token={token}"}, headers=SAFETY)

    async def login(self, request: Request) -> Response:
        """Logs a browser in by a login link, which is used up."""
        return await run_in_threadpool(self._login, request)

    def _login(self, request: Request) -> Response:
        identity = self._store.accounts.redeem_login_link(request.query_params.get("token", ""))
        if identity is None:
            return _page("message.html", 401, **_NO_LINK)
        answer = RedirectResponse("/", 303, headers=SAFETY)
        token = self._store.accounts.issue_token(identity)
        answer.set_cookie(COOKIE, token, max_age=TOKEN_LIFETIME, httponly=True, samesite="strict")
        return answer

    async def tasks(self, request: Request) -> Response:
        """The task list."""
        return await run_in_threadpool(self._seen, request, self._tasks)

    async def task(self, request: Request) -> Response:
        """A task, under whichever address the SDK prints for it."""
        return await run_in_threadpool(self._seen, request, self._task)

    async def model(self, request: Request) -> Response:
        """A model, under whichever address the SDK prints for it."""
        return await run_in_threadpool(self._seen, request, self._model)

    async def lost(self, request: Request) -> Response:
        """Any other page of the genuine web interface."""
        return await run_in_threadpool(self._seen, request, lambda *_: _page("message.html", 404, **_NO_PAGE))

    def _seen(self, request: Request, show: Callable[[Request, Identity], Response]) -> Response:
        """Shows a page to whoever is logged in."""
        try:
            identity = self._store.accounts.authenticate_token(
                request.headers.get("authorization"), request.cookies.get(COOKIE)
            )
        except ApiError:
            return _page("message.html", 401, **_NOT_LOGGED_IN)
        return show(request, identity)

    def _tasks(self, request: Request, identity: Identity) -> Response:
        number = request.query_params.get("page", "0")
        page = views.task_page(self._store, min(int(number), _LARGEST_PAGE) if number.isdecimal() else 0)
        if request.url.path.endswith(".json"):
            rows = [asdict(row) for row in page.rows]
            return JSONResponse({"tasks": rows, "page": page.number, "total": page.total}, headers=SAFETY)
        refresh = REFRESH if page.is_live else None
        return _page("tasks.html", user=identity.user_name, refresh=refresh, page=page)

    def _task(self, request: Request, identity: Identity) -> Response:
        task = self._store.documents.get("tasks", request.path_params["id"].removesuffix(".json"))
        if task is None:
            return _page("message.html", 404, **_NO_PAGE)
        view = views.task_view(self._store, task)
        if request.url.path.endswith(".json"):
            return JSONResponse(view, headers=SAFETY)
        is_live = task.get("status") in {"queued", "in_progress"}
        return _page("task.html", user=identity.user_name, refresh=REFRESH if is_live else None, task=view)

    def _model(self, request: Request, identity: Identity) -> Response:
        model = self._store.documents.get("models", request.path_params["id"])
        if model is None:
            return _page("message.html", 404, **_NO_PAGE)
        return _page("model.html", user=identity.user_name, model=views.model_view(model))


_COMMAND = "clearml-automl server login"
_NOT_LOGGED_IN = {
    "title": "Not logged in",
    "text": "Get a link that logs this browser in, once, from a terminal on the machine of the server. If you have"
    " logged in already and came here from another page, load this page again.",
    "command": _COMMAND,
}
_NO_LINK = {
    "title": "This link does not work any more",
    "text": "A login link works once, for ten minutes. Get another from a terminal on the machine of the server.",
    "command": _COMMAND,
}
_NO_PAGE = {"title": "Nothing here", "text": "There is no such page, or what it was about has been deleted."}


def web_application(store: Store) -> Starlette:
    """The application of the web port."""
    web = Web(store)
    return Starlette(
        routes=[
            Route("/", web.tasks),
            Route("/tasks.json", web.tasks),
            Route("/style.css", web.style),
            Route("/login", web.login),
            Route("/login-link", web.create_login_link, methods=["POST"]),
            Route("/tasks/{id}", web.task),
            Route("/models/{id}", web.model),
            # /projects/<project>/experiments/<task>/output/log, /pipelines/..., /datasets/simple/..., and so on
            Route("/{before:path}/experiments/{id}", web.task),
            Route("/{before:path}/experiments/{id}/{after:path}", web.task),
            Route("/{before:path}/models/{id}", web.model),
            Route("/{before:path}/models/{id}/{after:path}", web.model),
            Route("/{path:path}", web.lost),
        ]
    )


def _page(name: str, status: int = 200, **words: Any) -> Response:
    return HTMLResponse(_templates().get_template(name).render(words), status, headers=SAFETY)


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader  # at the first page: a start of the server does not wait for it

    templates = Environment(loader=FileSystemLoader(PAGES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates.filters["moment"] = _moment
    templates.filters["number"] = lambda value: "" if value is None else f"{value:.6g}"
    return templates


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:  # a client wrote it
        return text

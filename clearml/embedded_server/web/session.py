"""Logging in and out of the pages: by a one-time link or a key pair."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from embedded_server.access.accounts import COOKIE, TOKEN_LIFETIME, Identity
from embedded_server.errors import ApiError
from embedded_server.web.page import LOGIN_PAGE, render, store_of

LARGEST_FORM = 16 << 10  # bytes
_LINK_IS_USED = (
    "This link does not work any more: a login link works once, for ten minutes. Get another by"
    " clearml-automl server login, or show a key pair."
)


async def create_login_link(request: Request) -> Response:
    """A fresh login link, for whoever shows the key pair or a token."""

    def answer() -> Response:
        store = store_of(request)
        try:
            # No cookie: a page of another site must not be able to ask for links.
            identity = store.accounts.authenticate(request.headers.get("authorization"), address=_address(request))
        except ApiError as error:
            return JSONResponse({"error": error.message}, error.code)
        return JSONResponse({"link": f"{request.base_url}login?token={store.accounts.create_login_link(identity)}"})

    return await run_in_threadpool(answer)


async def show_form(request: Request) -> Response:
    """The form; or, of a login link, its redemption, which uses it up."""

    def answer() -> Response:
        token = request.query_params.get("token")
        target = local(request.query_params.get("next", ""))
        if token is None:
            return render(LOGIN_PAGE, target=target)
        try:
            identity = store_of(request).accounts.redeem_login_link(token, _address(request))
        except ApiError as error:
            return render(LOGIN_PAGE, status=error.code, target=target, problem=error.message)
        if identity is None:
            return render(LOGIN_PAGE, status=401, target=target, problem=_LINK_IS_USED)
        return _logged_in(request, identity, target)

    return await run_in_threadpool(answer)


async def log_in(request: Request) -> Response:
    """Logs in by the key pair of the form."""
    body = await _limited(request)
    if body is None:
        return render(LOGIN_PAGE, status=413, target="/", problem="That is too long for a key pair.")
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}

    def answer() -> Response:
        target = local(form.get("next", ""))
        pair = f"{form.get('access_key', '').strip()}:{form.get('secret_key', '').strip()}"
        try:
            basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
            identity = store_of(request).accounts.authenticate(basic, address=_address(request))
        except ApiError as error:
            problem = "This key pair is not known here." if error.code == 401 else error.message
            return render(LOGIN_PAGE, status=error.code, target=target, problem=problem)
        return _logged_in(request, identity, target)

    return await run_in_threadpool(answer)


async def log_out(request: Request) -> Response:
    """Takes the cookie back, and the token in it, wherever else that may be."""
    token = request.cookies.get(COOKIE)
    if token:
        await run_in_threadpool(store_of(request).accounts.revoke_token, token)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def local(target: str) -> str:
    """The address of one of our own pages; the first page in place of any other."""
    # A browser reads // and a backslash as the begin of another host.
    is_ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if is_ours and target.isprintable() and not target.startswith("/login") else "/"


def _logged_in(request: Request, identity: Identity, target: str) -> Response:
    answer = RedirectResponse(target, 303)
    token = store_of(request).accounts.issue_token(identity)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=TOKEN_LIFETIME,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",  # plain HTTP on this machine cannot bear the mark
    )
    return answer


def _address(request: Request) -> str:
    """From where a request came; attempts with wrong key pairs are limited by it."""
    return request.client.host if request.client else ""


async def _limited(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return None
    return body


ROUTES = [
    Route("/login", show_form),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
    Route("/login-link", create_login_link, methods=["POST"]),
]

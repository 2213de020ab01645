"""What every answer of the web port tells a browser, and the refusal of what another site asks a browser to send."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing from elsewhere, nothing inline; of all that is here, only a model's card lets itself be framed. Plotly needs
#: pictures from memory (blob, data) to save a chart as a file.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # the address of a login link holds its token
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Safety:
    """An ASGI middleware around all pages.

    A header that an answer brings itself, such as the policy of a downloaded file, is kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] not in _HARMLESS and not may_change(Headers(scope=scope)):
            refusal = JSONResponse({"error": "This request comes from another site"}, 403)
            await refusal(scope, receive, send_safely)
            return
        await self._app(scope, receive, send_safely)


def may_change(headers: Headers) -> bool:
    """Whether a request that changes something was sent by one of our own pages, or by a program that shows a key.

    A browser says truly from where it sends; only without a browser can ``Authorization`` come from elsewhere.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is not None:
        return bool(origin) and urlsplit(origin).netloc == headers.get("host")
    return "authorization" in headers


def is_from_elsewhere(request: Request) -> bool:
    """Whether a link on another site, or in a mail, led here: browsers keep a strict cookie back then."""
    return request.headers.get("sec-fetch-site") == "cross-site"

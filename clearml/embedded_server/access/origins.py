"""Which web pages may use a port from a browser: those of this server's own web port, and guests with a key."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASKED_AGAIN_AFTER = 600  # seconds that a browser remembers what it may do
#: what every answer tells a browser, unless the answer says something else itself
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-site",  # the web port is another origin, though the same site
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Origin",
}


class OwnOrigins:
    """An ASGI middleware around the API port and the files port.

    A browser says from which page a request comes that changes something or that a script wants to read: its header
    ``Origin``. Programs send none. Cookies do not know ports, so every other page on this machine would act in our
    user's name, if the cookie counted for it. It does not: what comes from any page but our own is refused, or, where
    other pages are guests (the genuine web interface calls the API of a server elsewhere), has to show a key or token
    of its own.

    Args:
        app: what is protected.
        origins: of the pages that may, such as ``http://127.0.0.1:8080``.
        methods: that they may use.
        headers: that their scripts may read, besides those that any script may.
        others_are_guests: whether other pages may ask with credentials of their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        origins: Collection[str],
        methods: Sequence[str],
        headers: Sequence[str] = (),
        others_are_guests: bool = False,
    ) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._methods = ", ".join(methods)
        self._headers = ", ".join(headers)
        self._others_are_guests = others_are_guests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        is_ours = origin in self._origins
        is_guest = origin is not None and not is_ours and self._others_are_guests
        if is_guest:
            scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"cookie"]}

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
                if origin is not None and (is_ours or is_guest):
                    answer["Access-Control-Allow-Origin"] = origin
                    answer["Access-Control-Allow-Credentials"] = "true"
                    if self._headers:
                        answer["Access-Control-Expose-Headers"] = self._headers
            await send(message)

        if origin is not None and not is_ours and not is_guest:
            refusal = PlainTextResponse("Forbidden: this request comes from a page of another site", 403)
            await refusal(scope, receive, send_safely)
        elif origin is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._permission(headers)(scope, receive, send_safely)
        else:
            await self._app(scope, receive, send_safely)

    def _permission(self, headers: Headers) -> Response:
        """The answer to a browser that asks first (a preflight)."""
        allowed = {"Access-Control-Allow-Methods": self._methods, "Access-Control-Max-Age": str(ASKED_AGAIN_AFTER)}
        wanted = headers.get("access-control-request-headers")
        if wanted:
            allowed["Access-Control-Allow-Headers"] = wanted  # harmless: no page acts in a name that is not its own
        return Response(headers=allowed)

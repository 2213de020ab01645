"""The service as an ASGI application: paths, keys, limits; every answer is JSON but for pages and metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from models.serving.desk import Desk, Overloaded
from models.serving.docs_page import docs_page
from models.serving.keys import Guard
from models.serving.messages import Format, Question
from models.serving.observer import Observer, ObserverThread
from models.serving.openapi import openapi
from models.serving.service_metrics import ServiceMetrics
from models.serving.status import Status
from models.serving.time_limit import TimedOut, TimeLimit

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"
METRICS = b"text/plain; version=0.0.4; charset=utf-8"
#: Pages bring all that they need, and may ask nobody for more.
PAGE_RULES = (
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: seconds for which a body that is too large is read on, and how many of the largest allowed it may be
LETTING_END = 2.0
LETTING_END_BODIES = 4
#: seconds for which the observer is waited for: with metrics those that it told before will do
OBSERVER_METRICS = 1.0
OBSERVER_PAGES = 10.0
#: Types of bodies; what names no type is taken for JSON.
FORMATS: dict[bytes, Format] = {b"application/json": "json", b"": "json", b"text/csv": "csv"}
#: Names by which a service without keys may be called: a page of another host that resolves to this machine may not.
LOCAL_NAMES = (b"localhost", b"127.0.0.1", b"[::1]")


class Response(NamedTuple):
    """What goes back."""

    status: int
    body: bytes
    kind: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Gone(Exception):
    """Whoever asked has hung up."""


class Application:
    """Answers HTTP requests.

    Args:
        desk: where predictions are asked for.
        status: of the service.
        metrics: that count.
        guard: who is let in.
        observer: behind ``/drift``.
        maximum_body: bytes.
        timeout: seconds from a request's headers to its answer.
    """

    def __init__(
        self,
        desk: Desk,
        status: Status,
        metrics: ServiceMetrics,
        guard: Guard,
        observer: ObserverThread,
        maximum_body: int,
        timeout: float,
    ) -> None:
        self._desk, self._status, self._metrics, self._guard = desk, status, metrics, guard
        self._observer, self._maximum_body, self._timeout = observer, maximum_body, timeout
        self._observed: list[Any] = []
        self._pages: dict[str, Callable[[bool], Awaitable[Response]]] = {
            "/health": self._health,
            "/ready": self._ready,
            "/schema": self._schema,
            "/metrics": self._metrics_page,
            "/openapi.json": self._openapi,
            "/docs": self._docs,
            "/drift": self._drift,
            "/drift.json": self._drift_json,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        try:
            response = await self._answer(scope, path, receive)
        except Gone:
            return
        except Exception:
            log.exception("a request to %s failed", path)
            response = _refusal(500, "the service has failed; its log says how")
        known = path == "/predict" or path in self._pages
        self._metrics.request_answered(path if known else "other", response.status)
        headers = [
            (b"content-type", response.kind), (b"content-length", str(len(response.body)).encode()), *response.headers,
        ]  # fmt: skip
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _answer(self, scope: Scope, path: str, receive: Receive) -> Response:
        headers = dict(scope["headers"])
        method = scope["method"]
        if self._guard.is_open and not _is_local(headers.get(b"host", b"")):
            return _refusal(403, "without API keys the service answers only as localhost; start it without --no-key")
        is_let_in = self._guard.lets_in(headers.get(b"authorization", b""), headers.get(b"x-api-key", b""))
        if path == "/predict":
            if method != "POST":
                return _refusal(405, "send rows by POST; /docs says how", (b"allow", b"POST"))
            if not is_let_in:
                return _key_wanted()
            return await self._predict(headers, receive)
        page = self._pages.get(path)
        if page is None:
            return _refusal(404, "there is no such path; /docs lists what there is")
        if method not in ("GET", "HEAD"):
            return _refusal(405, "this path only answers GET", (b"allow", b"GET, HEAD"))
        if not is_let_in and path not in ("/health", "/ready"):
            return _key_wanted()
        return await page(is_let_in)

    async def _predict(self, headers: dict[bytes, bytes], receive: Receive) -> Response:
        began = time.perf_counter()
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        body_format = FORMATS.get(kind)
        if body_format is None:
            return _refusal(415, "send rows as application/json or text/csv")
        body = None
        try:
            with TimeLimit(self._timeout):
                body = await self._body(headers, receive)
                reply = await self._desk.ask(Question(body_format, body))
        except TimedOut:
            if body is None:
                return _refusal(408, f"the body did not arrive within {self._timeout:g} s", (b"connection", b"close"))
            return _refusal(504, f"the answer took longer than {self._timeout:g} s; send fewer rows")
        except TooLarge:
            await self._let_it_end(receive)
            told = f"the body has more than {self._maximum_body:,} bytes; send fewer rows at once"
            return _refusal(413, told, (b"connection", b"close"))
        except Overloaded:
            return _refusal(503, "too many requests wait; come back in a second", (b"retry-after", b"1"))
        self._metrics.prediction_answered(time.perf_counter() - began)
        return Response(reply.status, reply.body)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        told = headers.get(b"content-length", b"")
        if told.isdigit() and int(told[:20]) > self._maximum_body:
            raise TooLarge
        parts = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part = message.get("body", b"")
            size += len(part)
            if size > self._maximum_body:
                raise TooLarge
            parts.append(part)
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def _let_it_end(self, receive: Receive) -> None:
        """Takes more of a body that is too large, and forgets it: many programs send all before they read an answer."""
        size = 0
        with suppress(TimedOut), TimeLimit(LETTING_END):
            while size < LETTING_END_BODIES * self._maximum_body:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return

    async def _health(self, is_let_in: bool) -> Response:
        return _json({"healthy": True})

    async def _ready(self, is_let_in: bool) -> Response:
        told = self._status.as_json(self._workers(), is_let_in)
        return _json(told, 200 if told["ready"] else 503)

    async def _schema(self, is_let_in: bool) -> Response:
        return _json(self._status.schema_json())

    async def _metrics_page(self, is_let_in: bool) -> Response:
        self._metrics.workers.set(self._workers())
        self._metrics.in_flight.set(self._desk.in_flight)
        self._metrics.waiting.set(self._desk.waiting)
        self._metrics.registry_reachable.set(self._status.is_registry_reachable)
        self._metrics.rows_unobserved.set(self._observer.rows_dropped)
        with suppress(TimedOut), TimeLimit(OBSERVER_METRICS):  # an observer that waits for a server keeps nobody else
            self._observed = await self._observer.ask(lambda observer: list(observer.metrics()))
        return Response(200, self._metrics.text(self._observed), METRICS)

    async def _openapi(self, is_let_in: bool) -> Response:
        return _json(self._document())

    async def _docs(self, is_let_in: bool) -> Response:
        return _page(docs_page(self._document()))

    async def _drift(self, is_let_in: bool) -> Response:
        return await self._observer_says(lambda observer: _page(observer.page()))

    async def _drift_json(self, is_let_in: bool) -> Response:
        return await self._observer_says(lambda observer: _json(observer.report()))

    async def _observer_says(self, question: Callable[[Observer], Response]) -> Response:
        try:
            with TimeLimit(OBSERVER_PAGES):
                return await self._observer.ask(question)
        except TimedOut:
            return _refusal(503, "the drift observer is busy; come back in a minute", (b"retry-after", b"60"))

    def _document(self) -> dict[str, Any]:
        model = self._status.model
        described = {"id": model.id, "name": model.name}
        return openapi(described, model.input_schema, self._status.facts, self._guard.is_open)

    def _workers(self) -> int:
        return self._desk.crew.workers_ready if self._desk.crew else 0


class TooLarge(Exception):
    """A body is larger than the service takes."""


def _is_local(host: bytes) -> bool:
    name = host.rpartition(b":")[0] if b":" in host and not host.endswith(b"]") else host
    return name.lower() in LOCAL_NAMES


def _json(content: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS))


def _page(content: str) -> Response:
    rules = ((b"content-security-policy", PAGE_RULES), (b"x-content-type-options", b"nosniff"))
    return Response(200, content.encode(), HTML, rules)


def _refusal(status: int, detail: str, *headers: tuple[bytes, bytes]) -> Response:
    return Response(status, orjson.dumps({"detail": detail}), JSON, headers)


def _key_wanted() -> Response:
    told = "send an API key: Authorization: Bearer KEY, or X-API-Key: KEY"
    return _refusal(401, told, (b"www-authenticate", b'Basic realm="predictions", charset="UTF-8"'))

"""The ASGI application of the API port: from an HTTP request to an action, and from its answer to the envelope."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sqlite3
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from embedded_server import schemas, services
from embedded_server.accounts import COOKIE
from embedded_server.calls import ACTIONS, Answer, Call, Request, Store
from embedded_server.database import Database
from embedded_server.errors import ApiError

log = logging.getLogger(__name__)

Version = tuple[int, int]

#: the version that a client gets who names none, or a higher one
NEWEST: Version = (2, 31)

#: what one request may bring, before and after decompression
MAX_BODY_SIZE = 256 << 20  # bytes
#: actions that anybody may call
PUBLIC = frozenset({"debug.ping", "login.supported_modes"})
#: subcode of the refusal of what the genuine server does and this one does not
NOT_SUPPORTED = 18

_PATH = re.compile(r"^/(?:v(?P<major>\d{1,4})\.(?P<minor>\d{1,4})/)?(?P<endpoint>[A-Za-z_]\w*\.[A-Za-z_]\w*)/?$")


@dataclass(frozen=True)
class Outcome:
    """How a call ended."""

    code: int = 200
    subcode: int = 0
    message: str = "OK"
    data: Answer | None = None
    error_data: Answer | None = None

    @staticmethod
    def refusal(error: ApiError) -> Outcome:
        """The outcome of a refused call."""
        return Outcome(error.code, error.subcode, error.message, {}, error.data)


@dataclass(frozen=True)
class Arrived:
    """A request as it came in."""

    endpoint: str
    version: Version
    body: bytes
    content_type: str
    query: dict[str, Any]
    authorization: str | None
    cookie: str | None


class Dispatcher:
    """Serves the registered actions.

    Args:
        store: what the actions work on.
        database: the database of the store; an action is one transaction in it.
    """

    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database

    async def __call__(self, http: HttpRequest) -> Response:
        """Answers one HTTP request, whatever it is, with an envelope."""
        if http.method == "OPTIONS":
            return Response()
        match = _PATH.match(http.url.path)
        version = (int(match["major"]), int(match["minor"])) if match and match["major"] else NEWEST
        endpoint = match["endpoint"] if match else http.url.path.strip("/")
        try:
            if match is None or not (endpoint in ACTIONS or schemas.is_known(endpoint)):
                raise ApiError(404, 0, f"Unable to find endpoint for name {endpoint} and version {_dotted(version)}")
            arrived = Arrived(
                endpoint,
                version,
                await _body(http),
                http.headers.get("content-type", "").split(";")[0].strip().lower(),
                {name: values[0] if len(values) == 1 else values for name, values in _query(http).items()},
                http.headers.get("authorization"),
                http.cookies.get(COOKIE),
            )
            outcome = await run_in_threadpool(self._outcome, arrived)
        except ApiError as error:
            outcome = Outcome.refusal(error)
        return _envelope(endpoint, version, outcome)

    def _outcome(self, arrived: Arrived) -> Outcome:
        try:
            return Outcome(data=self._answer(arrived))
        except ApiError as error:
            return Outcome.refusal(error)
        except (UnicodeEncodeError, OverflowError) as error:
            # half a surrogate pair, or a number that needs more than 64 bits: SQLite can hold neither
            return Outcome(400, 12, f"Validation error ({error})", {})
        except sqlite3.OperationalError as error:
            log.exception("%s: the database refuses", arrived.endpoint)
            return Outcome(503, 0, f"The database does not take it ({error})", {})
        except Exception as error:
            log.exception("%s failed", arrived.endpoint)
            return Outcome(500, 100, f"General error ({type(error).__name__})", {})

    def _answer(self, arrived: Arrived) -> Answer:
        endpoint = arrived.endpoint
        with self._database.transaction():
            identity = self._identity(arrived)
            action = ACTIONS.get(endpoint)
            if action is None:
                raise ApiError(400, NOT_SUPPORTED, f"{endpoint} is not supported by the embedded server")
            request = _request(arrived)
            schemas.check(endpoint, request)
            return action(Call(endpoint, arrived.version, identity, self._store), request)

    def _identity(self, arrived: Arrived) -> Any:
        try:
            return self._store.accounts.authenticate(arrived.authorization, arrived.cookie)
        except ApiError:
            if arrived.endpoint in PUBLIC:
                return None
            raise


def api_application(store: Store, database: Database) -> Starlette:
    """The application of the API port.

    Args:
        store: what the actions work on.
        database: the database of the store.
    """
    services.load()
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    return Starlette(
        routes=[Route("/{path:path}", Dispatcher(store, database).__call__, methods=methods)],
        middleware=[
            # The web interface is another origin and sends the token as a cookie: the origin is echoed, since
            # browsers refuse "*" together with credentials.
            Middleware(
                CORSMiddleware,
                allow_origin_regex=".*",
                allow_credentials=True,
                allow_methods=methods,
                allow_headers=["*"],
                max_age=600,
            )
        ],
    )


def _query(http: HttpRequest) -> dict[str, list[str]]:
    names = dict.fromkeys(http.query_params.keys())
    return {name: http.query_params.getlist(name) for name in names}


async def _body(http: HttpRequest) -> bytes:
    """The body, decompressed.

    Raises:
        ApiError: 413 where it is too large, 400 where it is not what its encoding says.
    """
    encoding = http.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "deflate", ""}:
        raise ApiError(415, 0, f"Content-Encoding {encoding!r} is not supported")
    body = await _limited(http.stream())
    if encoding in {"identity", ""} or not body:
        return body
    try:
        unpacked = zlib.decompressobj(wbits=47 if encoding == "gzip" else 15)
        content = unpacked.decompress(body, MAX_BODY_SIZE)
    except zlib.error as error:
        raise ApiError(400, 0, f"The body is not {encoding} ({error})") from None
    if unpacked.unconsumed_tail:
        raise ApiError(413, 0, f"The body is larger than {MAX_BODY_SIZE} bytes")
    if not unpacked.eof:
        raise ApiError(400, 0, f"The {encoding} body ends too early")
    return content


async def _limited(stream: AsyncIterator[bytes]) -> bytes:
    chunks, size = [], 0
    async for chunk in stream:
        size += len(chunk)
        if size > MAX_BODY_SIZE:
            raise ApiError(413, 0, f"The body is larger than {MAX_BODY_SIZE} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _request(arrived: Arrived) -> Request:
    """The request that a body holds; without a body, what the URL's query holds.

    Lines of JSON become a request with the list of them: ``events`` or, of other batches, ``requests``.
    """
    if arrived.content_type in {"application/json-lines", "application/jsonl", "application/x-ndjson"}:
        lines = arrived.body.removesuffix(b"\n").split(b"\n") if arrived.body.strip() else []
        items = [_object(line) for line in lines]
        if arrived.endpoint == "events.add_batch":
            return {"events": items}
        return items[0] if len(items) == 1 and not arrived.endpoint.endswith("_batch") else {"requests": items}
    if not arrived.body.strip():
        return dict(arrived.query)
    return _object(arrived.body)


def _object(text: bytes) -> Request:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, 0, f"Malformed JSON ({error})") from None
    if not isinstance(value, dict):
        raise ApiError(400, 12, f"Validation error (a request is an object, not {type(value).__name__})")
    return value


def _dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def _envelope(endpoint: str, version: Version, outcome: Outcome) -> Response:
    transaction = secrets.token_hex(16)
    body = {
        "meta": {
            "id": transaction,
            "trx": transaction,
            "endpoint": {
                "name": endpoint,
                "requested_version": _dotted(version),
                "actual_version": _dotted(min(version, NEWEST)),
            },
            "result_code": outcome.code,
            "result_subcode": outcome.subcode,
            "result_msg": outcome.message,
            "error_stack": "",
            "error_data": outcome.error_data or {},
        },
        "data": outcome.data if outcome.data is not None else {},
    }
    # ASCII, so that no text that a client sent can be impossible to encode
    content = json.dumps(body, separators=(",", ":")).encode("ascii")
    return Response(content, outcome.code, media_type="application/json")

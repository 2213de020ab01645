"""The ASGI application of the API port: from an HTTP request to an action, and from its answer to the envelope."""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import re
import secrets
import sqlite3
import zlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from embedded_server import schemas, services
from embedded_server.access.accounts import COOKIE, Identity
from embedded_server.access.origins import OwnOrigins
from embedded_server.calls import ACTIONS, Answer, Attachment, Call, Request, Store
from embedded_server.errors import ApiError
from embedded_server.storage.database import Database, WriteInSnapshotError, is_damage

log = logging.getLogger(__name__)

Version = tuple[int, int]

#: the version that a client gets who names none, or a higher one
NEWEST: Version = (2, 31)

#: what one request may bring, before and after decompression; files are not sent here
MAX_BODY_SIZE = 100 << 20  # bytes
#: what a request without credentials may bring, to the actions that anybody may call
MAX_PUBLIC_BODY_SIZE = 64 << 10  # bytes
#: actions that anybody may call
PUBLIC = frozenset({"debug.ping", "login.supported_modes"})
#: subcode of the refusal of what the genuine server does and this one does not
NOT_SUPPORTED = 18

#: actions that change nothing, or nothing most of the time
_READING = re.compile(r"\.(get_|download_|debug_images$|plots$|next_\w+_sample$|\w+_histogram$|\w+_iter_raw$)")

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
    body: bytes = field(repr=False)
    content_type: str
    query: dict[str, Any] = field(repr=False)
    identity: Identity | None


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
        path: str = http.scope["path"]  # http.url is made with the header Host, which may say anything
        match = _PATH.match(path)
        version = (int(match["major"]), int(match["minor"])) if match and match["major"] else NEWEST
        endpoint = match["endpoint"] if match else path.strip("/")
        try:
            if match is None or not (endpoint in ACTIONS or schemas.is_known(endpoint)):
                raise ApiError(404, 0, f"Unable to find endpoint for name {endpoint} and version {_dotted(version)}")
            # Before a byte of the body is read: nobody makes the server hold anything without credentials.
            identity = await run_in_threadpool(self._identity, http, endpoint)
            arrived = Arrived(
                endpoint,
                version,
                await _body(http, MAX_BODY_SIZE if identity else MAX_PUBLIC_BODY_SIZE),
                http.headers.get("content-type", "").split(";")[0].strip().lower(),
                {name: values[0] if len(values) == 1 else values for name, values in _query(http).items()},
                identity,
            )
            return await run_in_threadpool(self._response, arrived)
        except ApiError as error:
            return _envelope(endpoint, version, Outcome.refusal(error))
        except sqlite3.OperationalError as error:
            log.exception("%s: nobody can be recognised", endpoint)
            return _envelope(endpoint, version, Outcome(503, 0, f"The database does not answer ({error})", {}))
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody will read

    def _response(self, arrived: Arrived) -> Response:
        outcome = self._outcome(arrived)
        if isinstance(outcome.data, Attachment):
            return _file(outcome.data)
        return _envelope(arrived.endpoint, arrived.version, outcome)

    def _outcome(self, arrived: Arrived) -> Outcome:
        try:
            return Outcome(data=self._answer(arrived))
        except ApiError as error:
            return Outcome.refusal(error)
        except (UnicodeEncodeError, OverflowError) as error:
            # half a surrogate pair, or a number that needs more than 64 bits: SQLite can hold neither
            return Outcome(400, 12, f"Validation error ({error})", {})
        except RecursionError:
            return Outcome(400, 12, "Validation error (the request is nested too deeply)", {})
        except sqlite3.OperationalError as error:
            log.exception("%s: the database refuses", arrived.endpoint)
            return Outcome(503, 0, f"The database does not take it ({error})", {})
        except sqlite3.DatabaseError as error:
            log.exception("%s: the database fails", arrived.endpoint)
            if is_damage(error):
                return Outcome(500, 100, f"The database is damaged ({error}): stop the server, restore a backup", {})
            return Outcome(500, 100, f"General error ({type(error).__name__})", {})
        except Exception as error:
            log.exception("%s failed", arrived.endpoint)
            return Outcome(500, 100, f"General error ({type(error).__name__})", {})

    def _answer(self, arrived: Arrived) -> Answer:
        endpoint = arrived.endpoint
        action = ACTIONS.get(endpoint)
        if action is None:
            raise ApiError(400, NOT_SUPPORTED, f"{endpoint} is not supported by the embedded server")
        request = _request(arrived)
        schemas.check(endpoint, request)
        # an action that anybody may call asks for no identity
        call = Call(endpoint, arrived.version, cast(Identity, arrived.identity), self._store)
        if _READING.search(endpoint):
            # Readers wait for nobody. One that does write, such as a get_next_task that finds something, is run anew.
            with contextlib.suppress(WriteInSnapshotError), self._database.snapshot():
                return action(call, copy.deepcopy(request))
        with self._database.transaction():
            return action(call, request)

    def _identity(self, http: HttpRequest, endpoint: str) -> Identity | None:
        """Who calls; None where nobody needs to be known."""
        # A picture or a link in any page can make a browser send a GET with its cookie, and without an Origin that
        # would tell; and here even a GET acts.
        cookie = http.cookies.get(COOKIE) if "origin" in http.headers or http.method not in ("GET", "HEAD") else None
        address = http.client.host if http.client else ""
        try:
            return self._store.accounts.authenticate(http.headers.get("authorization"), cookie, address)
        except ApiError:
            if endpoint in PUBLIC:
                return None
            raise


def api_application(store: Store, database: Database, origins: Collection[str] = ()) -> Starlette:
    """The application of the API port.

    Args:
        store: what the actions work on.
        database: the database of the store.
        origins: of the web pages that may call from a browser, such as ``http://127.0.0.1:8080``.
    """
    services.load()
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    return Starlette(
        routes=[Route("/{path:path}", Dispatcher(store, database).__call__, methods=methods)],
        middleware=[Middleware(OwnOrigins, origins=origins, methods=methods, others_are_guests=True)],
    )


def _query(http: HttpRequest) -> dict[str, list[str]]:
    names = dict.fromkeys(http.query_params.keys())
    return {name: http.query_params.getlist(name) for name in names}


async def _body(http: HttpRequest, limit: int) -> bytes:
    """The body, decompressed.

    Raises:
        ApiError: 413 where it is too large, 400 where it is not what its encoding says.
    """
    encoding = http.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "deflate", ""}:
        raise ApiError(415, 0, f"Content-Encoding {encoding!r} is not supported")
    body = await _limited(http.stream(), limit)
    if encoding in {"identity", ""} or not body:
        return body
    return await run_in_threadpool(_unpacked, body, encoding, limit)


def _unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    try:
        unpacked = zlib.decompressobj(wbits=47 if encoding == "gzip" else 15)
        content = unpacked.decompress(body, limit)
    except zlib.error as error:
        raise ApiError(400, 0, f"The body is not {encoding} ({error})") from None
    if unpacked.unconsumed_tail:
        raise ApiError(413, 0, f"The body is larger than {limit} bytes")
    if not unpacked.eof:
        raise ApiError(400, 0, f"The {encoding} body ends too early")
    return content


async def _limited(stream: AsyncIterator[bytes], limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in stream:
        size += len(chunk)
        if size > limit:
            raise ApiError(413, 0, f"The body is larger than {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _request(arrived: Arrived) -> Request:
    """The request that a body holds; without a body, what the URL's query holds.

    Lines of JSON become a request with the list of them: ``events`` or, of other batches, ``requests``.
    """
    if arrived.content_type in {"application/json-lines", "application/jsonl", "application/x-ndjson"}:
        lines = arrived.body.removesuffix(b"\n").split(b"\n") if arrived.body.strip() else []
        items = _objects(lines)
        if arrived.endpoint == "events.add_batch":
            return {"events": items}
        return items[0] if len(items) == 1 and not arrived.endpoint.endswith("_batch") else {"requests": items}
    if not arrived.body.strip():
        return schemas.from_query(arrived.endpoint, arrived.query)
    return _object(arrived.body)


def _objects(lines: list[bytes]) -> list[Request]:
    """The objects of lines, one each."""
    # In one go, which takes a fifth of the time of one by one; whatever is wrong with a line, the slow way says it.
    try:
        found = json.loads(b"[%b]" % b",".join(lines))
    except (ValueError, RecursionError):
        found = []
    if len(found) == len(lines) and all(type(one) is dict for one in found):
        return found
    return [_object(line) for line in lines]


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


def _file(attachment: Attachment) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{attachment["name"]}"',
        "X-Content-Type-Options": "nosniff",
    }
    content = attachment["text"].encode("utf-8", "backslashreplace")
    return Response(content, media_type="text/plain; charset=utf-8", headers=headers)


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
    wait = (outcome.error_data or {}).get("retry_after") if outcome.code == 429 else None
    headers = {"Retry-After": str(wait)} if wait else None
    return Response(content, outcome.code, headers, media_type="application/json")

"""The ASGI application of the files port."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from embedded_server.access.accounts import COOKIE
from embedded_server.access.origins import OwnOrigins
from embedded_server.calls import Store
from embedded_server.downloads import SAFETY, download
from embedded_server.errors import ApiError
from embedded_server.storage.files import Incoming

__all__ = ["SAFETY", "file_application"]

_LONGEST_HEAD = 16 << 10  # bytes of the headers of one part
#: what the frame around the files of an upload may take, besides the files
_LARGEST_FRAME = 16 << 20  # bytes


class FileServer:
    """Answers uploads and downloads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def root(self, request: Request) -> Response:
        """Uploads (POST), and a word for whoever asks whether somebody is there (GET, which needs no token)."""
        if request.method in ("GET", "HEAD"):
            return PlainTextResponse("OK")
        return await self._answered(request, self._upload)

    async def file(self, request: Request) -> Response:
        """A file, or its deletion."""
        if request.method in ("GET", "HEAD"):
            return await self._answered(request, self._download)
        return await self._answered(request, self._delete)

    async def _answered(self, request: Request, action: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            await run_in_threadpool(
                self._store.accounts.authenticate_token,
                request.headers.get("authorization"),
                request.cookies.get(COOKIE),
            )
            return await action(request)
        except ApiError as error:
            return PlainTextResponse(error.message, error.code)
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody will read
        except sqlite3.OperationalError as error:
            return PlainTextResponse(f"The database does not answer ({error})", 503)
        except OSError as error:
            return PlainTextResponse(f"The file store does not take it ({error.strerror})", 507)

    async def _upload(self, request: Request) -> Response:
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise ApiError(400, 0, "An upload is multipart/form-data, a part a file, named by the file's path")
        announced = request.headers.get("content-length", "")
        if announced.isdecimal():
            self._store.files.check_size(int(announced) - _LARGEST_FRAME)
        with self._store.files.incoming() as incoming:
            reader = _Reader(incoming, options[b"boundary"])
            async for chunk in request.stream():
                await run_in_threadpool(reader.read, chunk)
            paths = await run_in_threadpool(reader.finish)
        return JSONResponse(paths)

    async def _download(self, request: Request) -> Response:
        file = await run_in_threadpool(self._store.files.find, _path(request))
        return PlainTextResponse("Not found", 404) if file is None else download(file)

    async def _delete(self, request: Request) -> Response:
        if not await run_in_threadpool(self._store.files.delete, _path(request)):
            return PlainTextResponse("Not found", 404)
        return PlainTextResponse("OK")


class _Reader:
    """Takes a multipart body apart as it comes in, and writes its files to the disk chunk by chunk."""

    def __init__(self, incoming: Incoming, boundary: bytes) -> None:
        self._incoming = incoming
        self._field, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._head_size = 0
        self._is_complete = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_end": self._on_end,
            },
        )

    def read(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise ApiError(400, 0, f"The upload is no multipart/form-data ({error})") from None

    def finish(self) -> list[str]:
        """Keeps the files; a body that broke off keeps none."""
        if not self._is_complete:
            raise ApiError(400, 0, "The upload ended too early")
        paths = self._incoming.keep()
        if not paths:
            raise ApiError(400, 0, "The upload holds no file")
        return paths

    def _on_part_begin(self) -> None:
        self._field, self._value, self._headers, self._head_size = b"", b"", {}, 0

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._limit(end - start)
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._limit(end - start)
        self._value += data[start:end]

    def _limit(self, more: int) -> None:
        self._head_size += more
        if self._head_size > _LONGEST_HEAD:
            raise ApiError(400, 0, "A part of the upload has too long a header")

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            raise ApiError(400, 0, "A part of the upload is not a file")
        self._incoming.open(name.replace("%22", '"'))  # the one letter that clients escape in a name

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._incoming.write(data[start:end])

    def _on_end(self) -> None:
        self._is_complete = True


def file_application(store: Store, origins: Sequence[str] = ()) -> Starlette:
    """The application of the files port.

    Args:
        store: whose files and accounts it serves.
        origins: of the web pages that may use the port from a browser, such as ``http://127.0.0.1:8080``.
    """
    server = FileServer(store)
    return Starlette(
        routes=[
            Route("/", server.root, methods=["GET", "POST"]),
            Route("/{path:path}", server.file, methods=["GET", "DELETE"]),
        ],
        middleware=[
            Middleware(
                OwnOrigins,
                origins=origins,
                methods=["GET", "HEAD", "POST", "DELETE"],
                headers=["Content-Length", "Content-Range", "Content-Disposition"],
            )
        ],
    )


def _path(request: Request) -> str:
    path: str = request.path_params["path"]  # decoded once by the server
    return path

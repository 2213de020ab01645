"""One connection of a client: uvicorn's, with a time limit for the headers, which uvicorn has none for."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def limited_protocol(seconds: float) -> type[HttpToolsProtocol]:
    """The protocol of connections that are closed where the headers of a request are not there in time.

    Args:
        seconds: from the connection's begin, or a request's first byte, to the end of its headers.
    """

    class LimitedProtocol(HttpToolsProtocol):
        _headers_limit: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)  # type: ignore[arg-type]
            self._await_headers()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._await_headers()

        def on_headers_complete(self) -> None:
            self._end_limit()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_limit()
            super().connection_lost(exc)

        def _await_headers(self) -> None:
            self._end_limit()
            self._headers_limit = asyncio.get_running_loop().call_later(seconds, self.transport.close)

        def _end_limit(self) -> None:
            if self._headers_limit is not None:
                self._headers_limit.cancel()
                self._headers_limit = None

    return LimitedProtocol

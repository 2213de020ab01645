"""The front process's end of the line to one prediction worker."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any, cast

from models.serving.messages import LENGTH, packed


class WorkerLine(asyncio.Protocol):
    """Messages to and from one worker.

    Args:
        on_message: called with each message.
        on_lost: called once, when the worker is gone.
    """

    def __init__(self, on_message: Callable[[Any], None], on_lost: Callable[[], None]) -> None:
        self._on_message, self._on_lost = on_message, on_lost
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line stands."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is none by its class

    def data_received(self, data: bytes) -> None:
        """Something came: maybe a part of a message, maybe several."""
        received = self._received
        received += data
        while len(received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(received)
            end = LENGTH.size + length
            if len(received) < end:
                return
            message = pickle.loads(memoryview(received)[LENGTH.size : end])
            del received[:end]
            self._on_message(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker is gone, or we hung up."""
        self._on_lost()

    def send(self, message: Any) -> None:
        """Sends a message."""
        assert self._transport is not None
        self._transport.write(packed(message))

    def hang_up(self) -> None:
        """Ends the line; the worker ends once it notices."""
        if self._transport is not None:
            self._transport.close()

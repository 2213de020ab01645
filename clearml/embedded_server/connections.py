"""A connection to one of the ports, which nobody can keep busy by doing nothing."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """uvicorn's connection, with an end to every wait for the other side.

    uvicorn itself limits the size of a request's head (64 KiB) and how long a connection stays between two requests.
    Waiting costs no thread here, only memory and a file descriptor, of which a machine has few.
    """

    #: seconds in which the head of a request has to arrive, however it trickles
    head_within = 20.0
    #: seconds without a byte of a body that has begun, or of an answer that is being fetched
    longest_pause = 60.0
    #: seconds for the rest of a body that was refused; who is stopped in the middle of sending never reads why
    rest_within = 120.0
    #: seconds between two looks
    look_every = 5.0
    #: of one port; whoever comes when all are taken is hung up on
    most = 1000

    _look_task: asyncio.TimerHandle | None = None
    _begun: float
    _moved: float
    _unsent: int

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to look after the connection, if there is room for it."""
        super().connection_made(transport)
        self._begun = self._moved = self.loop.time()
        self._unsent = 0
        self._look_task = self.loop.call_later(self.look_every, self._look)
        if len(self.connections) > self.most:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Looks no more."""
        if self._look_task is not None:
            self._look_task.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Notes when the head of a request begins, and that something moved."""
        self._moved = self.loop.time()
        if self.timeout_keep_alive_task is not None:  # nothing of this request was here before
            self._begun = self._moved
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Notes it."""
        self._begun = self.loop.time()
        super().on_response_complete()

    def _look(self) -> None:
        if self._waits_in_vain(self.loop.time()):
            self.transport.abort()
            return
        self._look_task = self.loop.call_later(self.look_every, self._look)

    def _waits_in_vain(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._moved = unsent, now
        if unsent:
            return now - self._moved > self.longest_pause
        if self.conn.their_state is h11.IDLE:
            return self.timeout_keep_alive_task is None and now - self._begun > self.head_within
        if self.conn.their_state is h11.SEND_BODY:
            if self.conn.our_state is h11.DONE:
                return now - self._begun > self.rest_within
            return not self.flow.read_paused and now - self._moved > self.longest_pause
        return False

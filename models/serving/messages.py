"""What the front process and a prediction worker say to each other, over a socket that only they hold.

A message is a pickle behind its length. Both ends are processes of one service, of one person, started by each other:
nothing that comes from outside is ever unpickled.
"""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

LENGTH = struct.Struct("<Q")

Format = Literal["json", "csv"]


class Question(NamedTuple):
    """One request, as it came."""

    format: Format
    body: bytes


class Reply(NamedTuple):
    """The answer to one request."""

    #: of HTTP: 200, 400 or 422
    status: int
    #: JSON
    body: bytes
    #: answered rows
    n_rows: int


class Answered(NamedTuple):
    """The answers to the requests of one batch, in their order."""

    replies: list[Reply]
    #: rows that were predicted
    n_rows: int
    #: pickled list of `models.serving.observer.Batch` of these rows; empty where there are none
    observed: bytes
    #: that the worker took, reading and validating included
    seconds: float


class Ready(NamedTuple):
    """A worker has loaded and warmed its model."""

    process_id: int
    #: what the worker found out about the model, ready for JSON: see `models.serving.answering.Answering.facts`
    facts: Mapping[str, Any]


class Failed(NamedTuple):
    """A worker cannot load its model; why, in one line."""

    reason: str


def packed(message: Any) -> bytes:
    """A message with its length before it."""
    content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(content)) + content


def receive(connection: socket.socket) -> Any:
    """The next message, waited for.

    Raises:
        EOFError: the other end is gone.
    """
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return pickle.loads(_exactly(connection, length))


def _exactly(connection: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    view = memoryview(content)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError("the other end is gone")
        view = view[count:]
    return content

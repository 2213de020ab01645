"""Frames on a pipe: eight bytes of length, then the payload."""

from __future__ import annotations

import os
import struct

_HEADER = struct.Struct(">Q")


class PipeClosed(Exception):
    """The other end of the pipe is gone."""


def write_frame(descriptor: int, payload: bytes) -> None:
    """Writes one frame whole.

    Raises:
        PipeClosed: nobody reads any more.
    """
    unsent = memoryview(_HEADER.pack(len(payload)) + payload)
    try:
        while unsent:
            unsent = unsent[os.write(descriptor, unsent) :]
    except (BrokenPipeError, OSError) as error:
        raise PipeClosed(str(error)) from error


def read_frame(descriptor: int) -> bytes:
    """Reads one frame whole, waiting for it.

    Raises:
        PipeClosed: the writer ended before the frame did.
    """
    return _read_exactly(descriptor, _HEADER.unpack(_read_exactly(descriptor, _HEADER.size))[0])


def _read_exactly(descriptor: int, size: int) -> bytes:
    parts = []
    while size:
        try:
            part = os.read(descriptor, min(size, 1 << 20))
        except OSError as error:
            raise PipeClosed(str(error)) from error
        if not part:
            raise PipeClosed("end of file")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)

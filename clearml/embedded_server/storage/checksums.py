"""Checksums of the files of an archive, in the form that ``sha256sum --check`` reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

FILE_NAME = "SHA256SUMS"
CHUNK = 1 << 20  # bytes


class UnusableArchiveError(Exception):
    """A backup or an exported folder cannot be written, or is not what it should be; its text is one line."""


class HashingReader:
    """Reads on behalf of another, and knows the checksum of all that was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """As a stream's ``read``."""
        chunk = self._stream.read(size)
        self._hash.update(chunk)
        return chunk

    @property
    def checksum(self) -> str:
        """Of what has been read so far, in hexadecimal digits."""
        return self._hash.hexdigest()


def file_checksum(file: Path) -> str:
    """The checksum of a file's content."""
    with file.open("rb") as stream:
        reader = HashingReader(stream)
        while reader.read(CHUNK):
            pass
    return reader.checksum


def written(checksums: Mapping[str, str]) -> str:
    """Path -> checksum as text."""
    # A line break in a name is written as sha256sum does: a backslash before the line says so.
    lines = []
    for path, checksum in checksums.items():
        escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        lines.append(f"{'' if escaped == path else chr(92)}{checksum}  {escaped}\n")
    return "".join(lines)


def read(text: str) -> dict[str, str]:
    """The inverse of `written`.

    Raises:
        UnusableArchiveError: a line is no checksum.
    """
    found = {}
    for line in text.split("\n")[:-1]:
        escaped = line.startswith("\\")
        checksum, _, path = line.removeprefix("\\").partition("  ")
        if len(checksum) != 64 or not path:
            raise UnusableArchiveError(f"{FILE_NAME} holds a line that is no checksum")
        if escaped:
            path = path.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
        found[path] = checksum
    return found


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """What is wrong with files, in words; empty where nothing is."""
    missing = sorted(set(expected) - set(found))
    changed = sorted(path for path in expected if path in found and found[path] != expected[path])
    unknown = sorted(set(found) - set(expected))
    told = {"is missing": missing, "is not what was written": changed, "does not belong to it": unknown}
    return "; ".join(
        f"{paths[0]!r} {what}{f', and {len(paths) - 1} more' if len(paths) > 1 else ''}"
        for what, paths in told.items()
        if paths
    )

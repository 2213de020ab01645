"""Tables that were dropped on a page and are not yet an experiment: files of the data folder, kept for a while."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool

from embedded_server.errors import ApiError

SIZE_LIMIT = 2 << 30  # bytes of a table
KEPT = 6 * 3600  # seconds that a table waits for its experiment
MOST = 20  # tables at a time; the oldest makes room for another
LONGEST_NAME = 120  # bytes
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")

_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Upload:
    """A table on the disk."""

    #: by which a page names it
    key: str
    #: its name is the person's own
    file: Path


class Uploads:
    """The tables of one server.

    Args:
        folder: theirs; made with the first table.
        size_limit: bytes of one table.
    """

    def __init__(self, folder: Path, size_limit: int = SIZE_LIMIT) -> None:
        self._folder = folder
        self.size_limit = size_limit

    @asynccontextmanager
    async def receiving(self, name: str) -> AsyncIterator[Incoming]:
        """Room for a table that is being sent; gone again where the block raises."""
        upload = await run_in_threadpool(self._begin, checked_name(name))
        incoming = Incoming(upload, upload.file.open("xb"), self.size_limit)
        try:
            with contextlib.closing(incoming):
                yield incoming
        except BaseException:
            self.discard(upload)
            raise

    def find(self, key: str) -> Upload:
        """The table of a key.

        Raises:
            ApiError: 410, there is none, or not any more.
        """
        folder = self._folder / key
        if _KEY.fullmatch(key) and folder.is_dir():
            for file in folder.iterdir():
                return Upload(key, file)
        raise ApiError(410, 0, "The table is not here any more; drop the file again")

    def discard(self, upload: Upload) -> None:
        """Forgets a table."""
        shutil.rmtree(upload.file.parent, ignore_errors=True)

    def _begin(self, name: str) -> Upload:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room()
        key = secrets.token_hex(16)
        folder = self._folder / key
        folder.mkdir(mode=0o700)
        return Upload(key, folder / name)

    def _make_room(self) -> None:
        """Forgets the tables that have waited too long, and the oldest of too many."""
        made: dict[Path, float] = {}
        for folder in self._folder.iterdir():
            with contextlib.suppress(OSError):  # another request has just forgotten it
                if _KEY.fullmatch(folder.name):
                    made[folder] = folder.stat().st_mtime
        newest_first = sorted(made, key=lambda folder: made[folder], reverse=True)
        for place, folder in enumerate(newest_first, start=1):
            if place >= MOST or made[folder] < time.time() - KEPT:
                shutil.rmtree(folder, ignore_errors=True)


class Incoming:
    """A table that is being received, written to the disk chunk by chunk."""

    def __init__(self, upload: Upload, stream: BinaryIO, size_limit: int) -> None:
        self.upload = upload
        self._stream = stream
        self._size_limit = size_limit
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """Adds to the table.

        Raises:
            ApiError: 413, it is larger than allowed.
        """
        self._size += len(chunk)
        if self._size > self._size_limit:
            raise ApiError(413, 0, f"The table is larger than {self._size_limit >> 20:,} MB; type 'clearml-automl run'")
        self._stream.write(chunk)

    def close(self) -> None:
        """Ends it."""
        self._stream.close()


def checked_name(name: str) -> str:
    """A file's name without folders and without what a file system or a terminal would take for something else.

    Raises:
        ApiError: 400, nothing is left of it, or it is no table's.
    """
    plain = re.sub(r"[^\w.,+@=()\[\] -]", "_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, suffix = os.path.splitext(plain)
    if not stem.strip(" ._") or suffix.lower() not in SUFFIXES:
        raise ApiError(400, 0, f"{name!r} is no table; drop a CSV or Parquet file ({', '.join(SUFFIXES)})")
    while len((stem + suffix).encode()) > LONGEST_NAME:
        stem = stem[:-1]
    return stem + suffix.lower()

"""The file store: a folder of uploaded files that no path leads out of."""

from __future__ import annotations

import contextlib
import os
import secrets
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from embedded_server.errors import ApiError

#: the folder in the store's own that holds the files, under their paths
CONTENT_FOLDER = "content"
SIZE_LIMIT = 20 << 30  # bytes of one upload
LONGEST_NAME = 255  # bytes of one part of a path, which file systems agree on
LONGEST_PATH = 3000  # bytes
DEEPEST_PATH = 100  # parts
MOST_FILES = 1000  # of one upload


class FileStore:
    """Files under relative paths, each stored whole or not at all.

    Args:
        folder: its folder; made where it is missing. What a killed server had not finished is cleared away.
        size_limit: bytes that one upload may bring.
        is_only_user: False leaves unfinished files alone: they are those of the server that runs beside.
    """

    def __init__(self, folder: Path, size_limit: int = SIZE_LIMIT, is_only_user: bool = True) -> None:
        self.size_limit = size_limit
        self._content = folder / CONTENT_FOLDER
        self._incoming = folder / "incoming"
        for one in (self._content, self._incoming):
            one.mkdir(parents=True, exist_ok=True)
        self._root = self._content.resolve()
        for left_over in self._incoming.iterdir() if is_only_user else ():
            left_over.unlink()

    def find(self, path: str) -> Path | None:
        """The file under a path, or None: there is none, or the path leads elsewhere."""
        try:
            file = self._place(path)
        except ApiError:
            return None
        return file if file.is_file() else None

    def incoming(self) -> Incoming:
        """Room for files that are being received; kept by `Incoming.keep`, else gone at the end of the block."""
        return Incoming(self)

    def check_size(self, size: int) -> None:
        """Refuses an upload of more than `size_limit` bytes.

        Raises:
            ApiError: 413.
        """
        if size > self.size_limit:
            raise ApiError(413, 0, f"An upload may be {self.size_limit} bytes at most")

    def new_temporary(self) -> Path:
        """Where a file that is being received can lie, on the same file system."""
        return self._incoming / secrets.token_hex(16)

    def delete(self, path: str) -> bool:
        """Whether there was a file to delete."""
        file = self.find(path)
        if file is None:
            return False
        file.unlink(missing_ok=True)
        for folder in self._folders_of(file):
            try:
                folder.rmdir()
            except OSError:  # it holds something else
                break
        return True

    def _folders_of(self, file: Path) -> Iterator[Path]:
        """The folders between a file and the root, the innermost first."""
        for folder in file.parents:
            if folder == self._root:
                return
            yield folder

    def relative(self, path: str) -> str:
        """A path as it is stored: relative, without empty parts.

        Raises:
            ApiError: 400, it leads out of the store or is no path at all.
        """
        parts = [part for part in path.split("/") if part not in ("", ".")]
        try:
            long = len(path.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in parts)
        except UnicodeEncodeError:
            raise ApiError(400, 0, "The path is no text") from None
        if not parts or long or len(parts) > DEEPEST_PATH:
            raise ApiError(400, 0, "The path is empty or too long")
        # What a next reader may take for dots and slashes is refused as well: encoded once more, in the letters of
        # other scripts, or as other systems separate; so is what a terminal would obey.
        plain = unquote(path)
        for one in (path, plain, unicodedata.normalize("NFKC", plain)):
            if ".." in one.replace("\\", "/").split("/"):
                raise ApiError(400, 0, "The path leads out of the file store")
        if any(unicodedata.category(letter) == "Cc" for letter in plain):
            raise ApiError(400, 0, "The path holds control characters")
        return "/".join(parts)

    def _place(self, path: str) -> Path:
        """Where a path lies. Symbolic links, which only a person on this machine can make, lead nowhere."""
        file = self._root / self.relative(path)
        try:
            resolved = file.resolve()
        except (OSError, RuntimeError):
            raise ApiError(400, 0, "The path cannot be followed") from None
        if resolved != file:
            raise ApiError(400, 0, "The path leads out of the file store")
        return file

    def move_in(self, temporary: Path, path: str) -> None:
        """Puts a finished file under its path, in place of what was there."""
        target = self._place(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, target)
        except (NotADirectoryError, FileExistsError, IsADirectoryError):
            raise ApiError(409, 0, f"{path}: a file is where a folder has to be, or the other way round") from None
        # A name is on the disk only when the folder that holds it is.
        for folder in (*self._folders_of(target), self._root):
            _synchronise(folder)


class Incoming:
    """Files of one upload: on the disk, but under no path yet."""

    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._files: list[tuple[str, Path]] = []
        self._stream: BinaryIO | None = None
        self._size = 0

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *error: object) -> None:
        if self._stream is not None:
            self._stream.close()
        for _, temporary in self._files:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()

    def open(self, path: str) -> None:
        """Begins a file; the one before is complete.

        Raises:
            ApiError: 400, the path is none that the store takes; 413, it is one file too many.
        """
        relative = self._store.relative(path)
        if len(self._files) == MOST_FILES:
            raise ApiError(413, 0, f"An upload may hold {MOST_FILES} files at most")
        self._finish()
        temporary = self._store.new_temporary()
        self._stream = temporary.open("xb")
        self._files.append((relative, temporary))

    def write(self, chunk: bytes) -> None:
        """Adds to the file that was begun last.

        Raises:
            ApiError: 413, the upload is larger than the store takes.
        """
        assert self._stream is not None, "a file was begun"
        self._size += len(chunk)
        self._store.check_size(self._size)
        self._stream.write(chunk)

    def keep(self) -> list[str]:
        """Puts the files under their paths, safe from a loss of power; their paths."""
        self._finish()
        for path, temporary in self._files:
            self._store.move_in(temporary, path)
        return [path for path, _ in self._files]

    def _finish(self) -> None:
        """Brings the file that was begun last onto the disk; it stays open no longer than that."""
        if self._stream is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._stream = None


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

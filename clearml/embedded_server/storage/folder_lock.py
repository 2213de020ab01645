"""The lock on a data folder: one server at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from embedded_server.ports import StartError

LOCK_FILE = "server.lock"


class FolderLock:
    """Held as long as the process lives; the system lets it go however the process ends."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / LOCK_FILE
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this process holds it."""
        return self._descriptor is not None

    def check(self) -> None:
        """Looks whether another server holds the folder, without writing anything.

        Raises:
            StartError: another does, or the folder cannot be written.
        """
        _check_writable(self._file.parent)
        if self._file.exists():
            descriptor = self._open(os.O_RDWR)
            try:
                self._lock(descriptor)
            finally:
                os.close(descriptor)

    def take(self) -> None:
        """Takes the lock.

        Raises:
            StartError: another server has it.
        """
        descriptor = self._open(os.O_RDWR | os.O_CREAT)
        try:
            self._lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Lets the folder go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self, flags: int) -> int:
        try:
            return os.open(self._file, flags, 0o600)
        except OSError as error:
            raise StartError(f"{self._file} cannot be written ({error.strerror}); choose another --folder") from None

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise StartError(
                f"the folder {self._file.parent} is in use by another server (process {owner}); stop that one, or"
                " choose another by --folder"
            ) from None


def _check_writable(folder: Path) -> None:
    """Raises StartError where a folder can neither be written nor made."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise StartError(f"the folder {folder} cannot be used: {place} is not a folder; choose another by --folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise StartError(f"the folder {folder} cannot be written; choose another by --folder")

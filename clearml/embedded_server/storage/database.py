"""The one SQLite file that holds everything but uploaded files."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from embedded_server.storage.migrations import UnusableDatabaseError, migrate

__all__ = ["Database", "UnusableDatabaseError", "WriteInSnapshotError"]

#: marks a SQLite file as ours ("CMLe"), so that no other program's file is ever written to
APPLICATION_ID = 0x434D4C65
BUSY_TIMEOUT = 5.0  # seconds that a transaction waits for the others to end
CACHE_SIZE = 32 * 1024  # KiB of the connection that writes
READER_CACHE_SIZE = 4 * 1024  # KiB of each connection that reads
IDLE_READERS = 4  # connections kept for the next snapshots
#: a writer keeps this much of the write-ahead log when it is truncated
JOURNAL_SIZE_LIMIT = 64 << 20  # bytes

_NO_DATABASE = "file is not a database"
_MALFORMED = "malformed"


class WriteInSnapshotError(Exception):
    """A transaction was asked for inside a snapshot, which cannot change anything."""


class Database:
    """A SQLite file that one thread at a time changes, inside a transaction, while others read.

    A transaction that has ended without an exception survives a kill -9 of the process and a loss of power: the
    write-ahead log is synchronised before ``transaction`` is left. Snapshots have connections of their own and wait
    for nobody.

    Args:
        path: the file; made, with its folder, where it is missing.
        schema: SQL statements that make tables and indexes, of all parts one after the other. A part's statements are
            never edited or taken away, only new ones added: those that a file has not seen yet are executed, after a
            copy of the file has been put beside it.
        may_upgrade: False refuses a file that has not seen all statements.

    Raises:
        UnusableDatabaseError: the file is damaged or another program's, or has seen statements that ``schema`` does
            not hold.
    """

    def __init__(self, path: Path, schema: Sequence[str], may_upgrade: bool = True) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._is_closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = self._connect()
        try:
            self._prepare(schema, may_upgrade)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if is_damage(error):
                raise UnusableDatabaseError(_unusable(path, error)) from None
            raise
        except BaseException:
            self._connection.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        connection.row_factory = sqlite3.Row
        connection.create_function("regexp", 2, _regexp, deterministic=True)
        return connection

    def _prepare(self, schema: Sequence[str], may_upgrade: bool) -> None:
        connection = self._connection
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        used = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if used and owner != APPLICATION_ID:
            raise UnusableDatabaseError(f"{self.path} belongs to another program")
        if not used:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"journal_size_limit = {JOURNAL_SIZE_LIMIT}",
            f"cache_size = -{CACHE_SIZE}",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        migrate(connection, self.path, schema, may_upgrade)

    @property
    def _held(self) -> sqlite3.Connection | None:
        """The connection of the transaction or snapshot that this thread is in."""
        return getattr(self._thread, "connection", None)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed and on the disk when the block ends, undone where it raises.

        Entered again by the thread that is in it, it joins the outer transaction, which alone commits.

        Raises:
            WriteInSnapshotError: the thread is in a snapshot.
            sqlite3.OperationalError: others have held the database for longer than `BUSY_TIMEOUT`.
        """
        if self._held is not None:
            if self._held is not self._connection:
                raise WriteInSnapshotError
            yield self._connection
            return
        if not self._lock.acquire(timeout=BUSY_TIMEOUT):
            raise sqlite3.OperationalError("database is locked")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._thread.connection = self._connection
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._thread.connection = None
        finally:
            self._lock.release()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """The database as it is now, however much is written meanwhile; it can be read only.

        Inside a transaction or another snapshot of the same thread, it joins that.
        """
        if self._held is not None:
            yield self._held
            return
        connection = self._take_reader()
        try:
            connection.execute("BEGIN")
            self._thread.connection = connection
            yield connection
        finally:
            self._thread.connection = None
            self._give_back(connection)

    def _take_reader(self) -> sqlite3.Connection:
        with self._readers_lock:
            if self._is_closed:
                raise sqlite3.ProgrammingError("the database is closed")
            if self._readers:
                return self._readers.pop()
        connection = self._connect()
        for pragma in ("query_only = ON", f"cache_size = -{READER_CACHE_SIZE}", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        with self._readers_lock:
            if len(self._readers) < IDLE_READERS and not self._is_closed:
                self._readers.append(connection)
                return
        connection.close()

    @contextmanager
    def attempt(self) -> Iterator[sqlite3.Connection]:
        """A part of a transaction that is undone by itself where the block raises; the rest of it stays."""
        with self.transaction() as connection:
            connection.execute("SAVEPOINT attempt")
            try:
                yield connection
            except BaseException:
                # A full disk has undone the whole transaction already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK TO attempt")
                    connection.execute("RELEASE attempt")
                raise
            connection.execute("RELEASE attempt")

    def close(self) -> None:
        """Moves the write-ahead log into the file and closes it. A database that was killed needs no such care."""
        with self._readers_lock:
            self._is_closed = True
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        with self._lock, contextlib.suppress(sqlite3.ProgrammingError):
            self._connection.close()


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file's content is broken, rather than that it cannot be reached or written."""
    return _MALFORMED in str(error) or _NO_DATABASE in str(error)


def _unusable(path: Path, error: sqlite3.DatabaseError) -> str:
    if _NO_DATABASE in str(error):
        return f"{path} is not a SQLite file"
    return f"{path} is damaged ({error}); put it aside and restore a backup, or start with another folder"


def _regexp(pattern: str, value: object) -> bool:
    """SQL's ``value REGEXP pattern``; re caches the compiled patterns."""
    return isinstance(value, str) and re.search(pattern, value) is not None

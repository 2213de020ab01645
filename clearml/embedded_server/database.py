"""The one SQLite file that holds everything but uploaded files."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

#: marks a SQLite file as ours ("CMLe"), so that no other program's file is ever written to
APPLICATION_ID = 0x434D4C65
BUSY_TIMEOUT = 10.0  # seconds
CACHE_SIZE = 64 * 1024  # KiB
#: a writer keeps this much of the write-ahead log when it is truncated
JOURNAL_SIZE_LIMIT = 64 << 20  # bytes

_MIGRATIONS = "CREATE TABLE IF NOT EXISTS migrations (position INTEGER PRIMARY KEY, statement TEXT NOT NULL UNIQUE)"


class UnusableDatabaseError(Exception):
    """The file cannot be used: it belongs to another program, or to a newer version of this one."""


class Database:
    """A SQLite file with one connection, which one thread at a time uses inside a transaction.

    A transaction that has ended without an exception survives a kill -9 of the process and a loss of power: the
    write-ahead log is synchronised before ``transaction`` is left.

    Args:
        path: the file; made, with its folder, where it is missing.
        schema: SQL statements that make tables and indexes, of all parts one after the other. A part's statements are
            never edited or taken away, only new ones added: those that a file has not seen yet are executed.

    Raises:
        UnusableDatabaseError: the file is another program's, or has seen statements that ``schema`` does not hold.
    """

    def __init__(self, path: Path, schema: Sequence[str]) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        try:
            self._connection.row_factory = sqlite3.Row
            self._connection.create_function("regexp", 2, _regexp, deterministic=True)
            self._prepare(schema)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.DatabaseError) and error.args[0] == "file is not a database":
                raise UnusableDatabaseError(f"{path} is not a SQLite file") from None
            raise

    def _prepare(self, schema: Sequence[str]) -> None:
        connection = self._connection
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        used = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if used and owner != APPLICATION_ID:
            raise UnusableDatabaseError(f"{self.path} belongs to another program")
        for pragma in (
            f"application_id = {APPLICATION_ID}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"cache_size = -{CACHE_SIZE}",
            f"journal_size_limit = {JOURNAL_SIZE_LIMIT}",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        with self.transaction():
            connection.execute(_MIGRATIONS)
            self._migrate(schema)

    def _migrate(self, schema: Sequence[str]) -> None:
        connection = self._connection
        seen = {row["statement"] for row in connection.execute("SELECT statement FROM migrations")}
        known = {_normal(statement): statement for statement in schema}
        if unknown := seen - set(known):
            raise UnusableDatabaseError(
                f"{self.path} was written by a newer version of the server, which made {_subject(min(unknown))}; "
                "install that version, or start with another folder"
            )
        for normal, statement in known.items():
            if normal not in seen:
                connection.execute(statement)
                connection.execute("INSERT INTO migrations (statement) VALUES (?)", (normal,))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed and on the disk when the block ends, undone where it raises.

        Entered again by the thread that is in it, it joins the outer transaction, which alone commits.
        """
        with self._lock:
            if self._depth:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    @contextmanager
    def attempt(self) -> Iterator[sqlite3.Connection]:
        """A part of a transaction that is undone by itself where the block raises; the rest of it stays."""
        with self.transaction() as connection:
            connection.execute("SAVEPOINT attempt")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK TO attempt")
                connection.execute("RELEASE attempt")
                raise
            connection.execute("RELEASE attempt")

    def close(self) -> None:
        """Moves the write-ahead log into the file and closes it. A database that was killed needs no such care."""
        with self._lock:
            self._connection.close()


def _normal(statement: str) -> str:
    return " ".join(statement.split())


def _subject(statement: str) -> str:
    """The table or index that a CREATE statement makes."""
    return statement.split("(")[0].removeprefix("CREATE ").strip()


def _regexp(pattern: str, value: object) -> bool:
    """SQL's ``value REGEXP pattern``; re caches the compiled patterns."""
    return isinstance(value, str) and re.search(pattern, value) is not None

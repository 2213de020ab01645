"""Bringing a database file up to the schema of this version of the server, with a copy of it beside."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

_REGISTER = "CREATE TABLE IF NOT EXISTS migrations (position INTEGER PRIMARY KEY, statement TEXT NOT NULL UNIQUE)"


class UnusableDatabaseError(Exception):
    """The file cannot be used: damaged, another program's, or of a newer version; its text is one line."""


def migrate(connection: sqlite3.Connection, path: Path, schema: Sequence[str], may_upgrade: bool = True) -> None:
    """Executes the statements of a schema that a file has not seen yet, all or none.

    The file holds a register of the statements that it has seen. A file that already holds data is copied to
    ``<name>-before-upgrade-<time>`` beside it first: what a statement does to data cannot be taken back.

    Args:
        connection: to the file, in autocommit mode.
        path: of the file.
        schema: statements in the order in which a new file executes them; they only ever grow in number.
        may_upgrade: False refuses a file that lacks statements, for a second process beside a running server.

    Raises:
        UnusableDatabaseError: the file has seen statements that ``schema`` does not hold, or may not be upgraded.
    """
    known = {_normal(statement): statement for statement in schema}
    seen = _seen(connection)
    if unknown := seen - set(known):
        raise UnusableDatabaseError(
            f"{path} was written by a newer version of the server, which made {_subject(min(unknown))}; "
            "install that version, or start with another folder"
        )
    missing = {normal: statement for normal, statement in known.items() if normal not in seen}
    if not missing:
        return
    if seen:
        if not may_upgrade:
            raise UnusableDatabaseError(
                f"{path} was written by an older version of the server; start the server once, which upgrades it"
            )
        copy_beside(connection, path, "before-upgrade")
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_REGISTER)
        for normal, statement in missing.items():
            connection.execute(statement)
            connection.execute("INSERT INTO migrations (statement) VALUES (?)", (normal,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def copy_beside(connection: sqlite3.Connection, path: Path, occasion: str) -> Path:
    """A copy of a database, whole and on the disk when this returns, named after the occasion and the time."""
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
    target = path.with_name(f"{path.stem}-{occasion}-{moment}{path.suffix}")
    copy_database(connection, target)
    return target


def copy_database(connection: sqlite3.Connection, target: Path) -> None:
    """Copies what a connection sees into a file of its own: whole and on the disk when this returns, or not there.

    A transaction that is open on the connection stays as it is, and the copy shows what the transaction sees; others
    may go on writing meanwhile.
    """
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)  # of a process that was killed
    try:
        with contextlib.closing(sqlite3.connect(partial)) as copy:
            os.chmod(partial, 0o600)
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, which needs no other beside it
        synchronise(partial)
        os.replace(partial, target)
        synchronise(target.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def synchronise(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _seen(connection: sqlite3.Connection) -> set[str]:
    register = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'")
    if register.fetchone() is None:
        return set()
    return {row[0] for row in connection.execute("SELECT statement FROM migrations")}


def _normal(statement: str) -> str:
    return " ".join(statement.split())


def _subject(statement: str) -> str:
    """The table or index that a CREATE statement makes."""
    return statement.split("(")[0].removeprefix("CREATE ").strip()

"""JSON documents with an id, in named collections: tasks, projects, queues, models."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from embedded_server.storage.database import Database

Document = dict[str, Any]

#: fields that lists are filtered and sorted by often
_INDEXED = ("name", "project", "parent", "status", "task", "user", "created", "last_update", "status_changed")

#: fields that are columns as well, with their type in JSON; a value of any other type is NULL, an array is JSON text
COLUMNS = {
    "project": "text", "status": "text", "name": "text", "created": "text", "last_update": "text",
    "system_tags": "array", "tags": "array",
}  # fmt: skip
_OF_BODY = "CASE json_type(body, '$.\"{0}\"') WHEN '{1}' THEN json_extract(body, '$.\"{0}\"') END"

SCHEMA: tuple[str, ...] = (
    # number keeps the order of creation, in which a list without order_by comes
    """CREATE TABLE documents (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (collection, id)
    )""",
    *(
        f"CREATE INDEX documents_by_{field} ON documents (collection, json_extract(body, '$.\"{field}\"'))"
        for field in _INDEXED
    ),
    # What whole lists are narrowed down by, counted by and sorted by lies in one index, so that no body is read for it.
    *(f"ALTER TABLE documents ADD COLUMN {field} TEXT" for field in COLUMNS),
    f"UPDATE documents SET {', '.join(f'{field} = {_OF_BODY.format(field, kind)}' for field, kind in COLUMNS.items())}",
    f"CREATE INDEX documents_by_facts ON documents (collection, {', '.join(COLUMNS)})",
)


def new_id() -> str:
    """An id such as the genuine server makes: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def timestamp(moment: datetime | None = None) -> str:
    """A moment, now by default, as documents hold it: ISO 8601 in UTC with six decimals, so that text sorts by time."""
    return (moment or datetime.now(timezone.utc)).astimezone(timezone.utc).isoformat(timespec="microseconds")


def json_path(field: str) -> str:
    """A dotted field as a path for SQLite's JSON functions."""
    return "$" + "".join(f'."{part}"' for part in field.replace('"', "").split("."))


class Documents:
    """The collections of a database. A document is a JSON object; its field ``id`` is its key."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, collection: str, id: str) -> Document | None:
        """The document, or None."""
        with self.database.snapshot() as connection:
            row = connection.execute(
                "SELECT body FROM documents WHERE collection = ? AND id = ?", (collection, id)
            ).fetchone()
        return json.loads(row["body"]) if row else None

    def get_many(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        """Those of the documents that exist, by id."""
        found = self.query(collection, "id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(set(ids)))])
        return {document["id"]: document for document in found}

    def put(self, collection: str, document: Document) -> None:
        """Stores the document in place of the one with its id, if there is one."""
        try:
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except ValueError:
            body = json.dumps(_finite(document), ensure_ascii=False, separators=(",", ":"))
        with self.database.transaction() as connection:
            connection.execute(_PUT, (collection, document["id"], body, *_columns(document)))

    def delete(self, collection: str, id: str) -> bool:
        """Whether there was a document to delete."""
        with self.database.transaction() as connection:
            gone = connection.execute("DELETE FROM documents WHERE collection = ? AND id = ?", (collection, id))
        return gone.rowcount > 0

    def query(
        self,
        collection: str,
        where: str = "",
        parameters: Sequence[Any] = (),
        order_by: Sequence[str] = (),
        limit: int = -1,
        offset: int = 0,
    ) -> list[Document]:
        """The documents for which an SQL condition holds.

        Args:
            collection: where to look.
            where: a condition over the columns ``id``, ``body`` (JSON) and `COLUMNS`; all documents where it is empty.
            parameters: values of the condition's question marks.
            order_by: dotted fields, with a leading "-" for descending; then, and by default, in order of creation.
            limit: how many at most; -1 for all.
            offset: how many to leave out first.
        """
        order = [_order(field) for field in order_by]
        statement = (
            f"SELECT body FROM documents WHERE collection = ?{f' AND ({where})' if where else ''}"
            f" ORDER BY {', '.join([*order, 'number'])} LIMIT ? OFFSET ?"
        )
        with self.database.snapshot() as connection:
            rows = connection.execute(statement, (collection, *parameters, limit, offset)).fetchall()
        return [json.loads(row["body"]) for row in rows]

    def select(
        self, collection: str, fields: Sequence[str], where: str = "", parameters: Sequence[Any] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """Only some dotted fields of the documents for which a condition holds; None where one has no such field.

        Objects and lists come as JSON text.
        """
        columns = ", ".join(field if field in COLUMNS else _extract(field) for field in fields)
        statement = (
            f"SELECT {columns} FROM documents WHERE collection = ?{f' AND ({where})' if where else ''} ORDER BY number"
        )
        with self.database.snapshot() as connection:
            rows = connection.execute(statement, (collection, *parameters)).fetchall()
        return (tuple(row) for row in rows)

    def count(self, collection: str, where: str = "", parameters: Sequence[Any] = ()) -> int:
        """How many documents there are for which a condition holds."""
        statement = f"SELECT count(*) FROM documents WHERE collection = ?{f' AND ({where})' if where else ''}"
        with self.database.snapshot() as connection:
            return int(connection.execute(statement, (collection, *parameters)).fetchone()[0])

    def find(self, collection: str, fields: Mapping[str, str | Sequence[str]]) -> list[Document]:
        """The documents whose dotted fields all have the given value, or one of the given values."""
        conditions, parameters = [], []
        for field, wanted in fields.items():
            values = [wanted] if isinstance(wanted, str) else list(wanted)
            conditions.append(f"{_extract(field)} IN ({', '.join('?' * len(values))})")
            parameters += values
        return self.query(collection, " AND ".join(conditions), parameters)


_PUT = (
    f"INSERT INTO documents (collection, id, body, {', '.join(COLUMNS)}) VALUES (?, ?, ?{', ?' * len(COLUMNS)})"
    " ON CONFLICT (collection, id) DO UPDATE SET"
    f" body = excluded.body, {', '.join(f'{field} = excluded.{field}' for field in COLUMNS)}"
)


def _columns(document: Document) -> Iterator[str | None]:
    """The fields of a document that are columns, as those hold them."""
    for field, kind in COLUMNS.items():
        value = document.get(field)
        if kind == "array" and isinstance(value, list):
            yield json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        else:
            yield value if kind == "text" and isinstance(value, str) else None


def _finite(value: Any) -> Any:
    """The value with None in place of NaN and infinity, which are no JSON."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _extract(field: str) -> str:
    # a literal, because SQLite uses an index over an expression only where the very same expression is asked for
    return "json_extract(body, '{}')".format(json_path(field).replace("'", "''"))


def _order(field: str) -> str:
    return f"{_extract(field.removeprefix('-'))}{' DESC' if field.startswith('-') else ''}"

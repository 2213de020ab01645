"""The console of an experiment: its last lines, what came since, what lies before, and all of it as a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from starlette.responses import Response, StreamingResponse

from embedded_server.calls import Store
from embedded_server.web.page import Content, Visit

LINES = 1000  # of one answer
MOST_FOUND = 1000  # by a search
_CHUNK = 2000  # lines of the file that are read at a time
#: what a terminal would obey: colours, moves of the cursor, titles
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")


def lines(store: Store, task: str, after: int | None = None, before: int | None = None, text: str = "") -> Content:
    """Lines of the console, in order.

    Args:
        store: where they are.
        task: whose they are.
        after: id of the last line that the page has; only what was reported since is answered.
        before: id of the first line that the page has; what lies before it is answered.
        text: only lines that hold it, whatever the case of its letters.

    Returns:
        ``lines`` with ``id``, ``time`` (ms), ``level``, ``worker`` and ``text``; ``last``, the greatest id there is;
        ``has_earlier``: whether others lie before the first one.
    """
    parts, limit = ["owner = :owner"], MOST_FOUND if text else LINES
    values: dict[str, Any] = {"owner": task, "limit": limit + 1}
    if text:
        parts.append("instr(lower(message), :text)")
        values["text"] = text.lower()
    if after is not None:
        # what is new lies at the end of the table: by the line's number, not by the task's index
        parts[0] = "+owner = :owner"
        parts.append("id > :after")
        values["after"] = after
    if before is not None:
        parts.append("(timestamp, id) < (SELECT timestamp, id FROM log_lines WHERE id = :before)")
        values["before"] = before
    with store.documents.database.snapshot() as connection:
        rows = connection.execute(
            f"SELECT id, timestamp, level, worker, message FROM log_lines WHERE {' AND '.join(parts)}"
            " ORDER BY timestamp DESC, id DESC LIMIT :limit",
            values,
        ).fetchall()
        newest = connection.execute("SELECT max(id) FROM log_lines").fetchone()[0] or 0
    kept = rows[:limit]
    return {
        "lines": [_line(row) for row in reversed(kept)],
        "last": newest,
        "has_earlier": len(rows) > len(kept),
    }


def _line(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "time": row["timestamp"],
        "level": (row["level"] or "").lower(),
        "worker": row["worker"] or "",
        "text": plain(row["message"]),
    }


def plain(message: str) -> str:
    """A message without what a terminal would obey; of a line that was written over itself, what stood last."""
    text = _ESCAPES.sub("", message).replace("\r\n", "\n").rstrip("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))


def console(visit: Visit) -> Content:
    """What a page that follows the console asks for: ``after``, ``before`` or ``q``."""
    task = visit.store.documents.get("tasks", visit.place("id")) or {}
    after = visit.asked_number("after") if visit.asked("after") else None
    before = visit.asked_number("before") if visit.asked("before") else None
    found = lines(visit.store, visit.place("id"), after, before, visit.asked("q"))
    return {**found, "is_live": task.get("status") in {"queued", "in_progress"}}


def download(visit: Visit) -> Response:
    """The whole console as a text file, read piece by piece."""
    task = visit.place("id")
    name = re.sub(r"[^0-9A-Za-z_-]", "", task)
    return StreamingResponse(
        _texts(visit.store, task),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.log"'},
    )


def _moment(milliseconds: int) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):  # no calendar has it, but a client said so
        return str(milliseconds)


def _texts(store: Store, task: str) -> Iterator[str]:
    place = (-1, -1)
    while True:
        with store.documents.database.snapshot() as connection:
            rows = connection.execute(
                "SELECT id, timestamp, level, worker, message FROM log_lines"
                " WHERE owner = ? AND (timestamp, id) > (?, ?) ORDER BY timestamp, id LIMIT ?",
                (task, *place, _CHUNK),
            ).fetchall()
        for row in rows:
            yield f"{_moment(row['timestamp'])} {row['worker'] or '-'} {row['level'] or '-'} {plain(row['message'])}\n"
        if len(rows) < _CHUNK:
            return
        place = (rows[-1]["timestamp"], rows[-1]["id"])

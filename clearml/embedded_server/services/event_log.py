"""Console lines of a task."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Any

from embedded_server.calls import Answer, Attachment, Call, Request, action
from embedded_server.services.events import existing_owner, refuse_locked
from embedded_server.storage.events import Event

LINES = 500  # a page
MOST_LINES = 10_000
_LINE_FORMAT = "{asctime} {worker} {level} {msg}"


@action("events.get_task_log")
def get_task_log(call: Call, request: Request) -> Answer:
    """A page of lines: backwards from the end, or forwards from the beginning, or from a moment either way."""
    task = existing_owner(call, request["task"])["id"]
    earlier = request.get("navigate_earlier", True)
    start = request.get("from_timestamp")
    size = max(1, min(request.get("batch_size") or LINES, MOST_LINES))
    lines = call.store.events.log_lines(task, earlier, size, None if start is None else int(start))
    if request.get("order") == ("asc" if earlier else "desc"):
        lines.reverse()
    return {"events": lines, "returned": len(lines), "total": call.store.events.count_log_lines(task)}


@action("events.clear_task_log")
def clear_task_log(call: Call, request: Request) -> Answer:
    """Forgets the lines that are older than some seconds, or all."""
    task = existing_owner(call, request["task"])
    refuse_locked(task, request)
    seconds = request.get("threshold_sec") or 0
    before = int((time.time() - seconds) * 1000) if seconds > 0 else None
    return {"deleted": call.store.events.delete_log_lines(task["id"], before)}


@action("events.download_task_log")
def download_task_log(call: Call, request: Request) -> Answer:
    """All lines, oldest first, as a text file."""
    task = existing_owner(call, request["task"])["id"]
    lines = call.store.events.log_lines(task, earlier=False)
    if request.get("line_type") == "json":
        return Attachment(f"task_{task}.log", "".join(json.dumps(line) + "\n" for line in lines))
    pattern = request.get("line_format") or _LINE_FORMAT
    return Attachment(f"task_{task}.log", "".join(_formatted(pattern, line) + "\n" for line in lines))


def _formatted(pattern: str, line: Event) -> str:
    # By replacement: str.format would let a client's pattern reach into the objects.
    moment = datetime.fromtimestamp(line["timestamp"] / 1000, timezone.utc).isoformat(timespec="milliseconds")
    words: dict[str, Any] = {"asctime": moment, "worker": "", "level": "", **line}
    for name in ("asctime", "worker", "level", "msg"):
        pattern = pattern.replace(f"{{{name}}}", str(words[name]).rstrip("\n"))
    return pattern

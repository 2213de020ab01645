"""The entries of a queue: tasks in the order in which agents take them."""

from __future__ import annotations

from embedded_server.calls import Call
from embedded_server.entities import records
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, timestamp

DEFAULT_QUEUE = "default"
#: the system tag of the queue that takes what names no queue
DEFAULT_TAG = "default"


def by_name(call: Call, name: str) -> Document | None:
    """The queue of exactly this name."""
    found = call.store.documents.find("queues", {"name": name})
    return found[0] if found else None


def create(call: Call, name: str, **fields: object) -> Document:
    """Makes a queue.

    Raises:
        ApiError: 400/801, there is one of that name; 400/800, the name is too short.
    """
    name = records.checked_name(name)
    if by_name(call, name) is not None:
        raise ApiError(400, 801, f"Value combination already exists (unique field already contains this value): {name}")
    queue = records.create(call, name=name, tags=[], system_tags=[], entries=[], metadata={})
    queue.update(fields)
    call.store.documents.put("queues", queue)
    return queue


def default(call: Call) -> Document:
    """The queue for what names none; made where it is missing."""
    tagged = call.store.documents.query(
        "queues", "EXISTS (SELECT 1 FROM json_each(body, '$.system_tags') WHERE value = ?)", [DEFAULT_TAG], limit=1
    )
    return tagged[0] if tagged else _make_default(call)


def _make_default(call: Call) -> Document:
    queue = by_name(call, DEFAULT_QUEUE) or create(call, DEFAULT_QUEUE)
    queue["system_tags"] = records.tags([*queue["system_tags"], DEFAULT_TAG])
    call.store.documents.put("queues", queue)
    return queue


def add(call: Call, queue: Document, task: str) -> None:
    """Puts a task at the end.

    Raises:
        ApiError: 400/706, it is in the queue already.
    """
    if position(queue, task) is not None:
        raise ApiError(400, 706, f"Task already queued: task={task}, queue={queue['id']}")
    queue["entries"].append({"task": task, "added": timestamp()})
    store(call, queue)


def remove(call: Call, queue_id: str | None, task: str) -> bool:
    """Takes a task out; whether it was in. The queue may be gone, and so may the entry: an agent may have taken it."""
    queue = call.store.documents.get("queues", queue_id) if queue_id else None
    place = position(queue, task) if queue else None
    if queue is None or place is None:
        return False
    del queue["entries"][place]
    store(call, queue)
    return True


def move(call: Call, queue: Document, task: str, target: int) -> int:
    """Brings an entry to a place, or to the end nearest to it; the place it got.

    Raises:
        ApiError: 400/703, the task is not in the queue.
    """
    entry = queue["entries"].pop(require_position(queue, task))
    place = min(max(target, 0), len(queue["entries"]))
    queue["entries"].insert(place, entry)
    store(call, queue)
    return place


def position(queue: Document, task: str) -> int | None:
    """Where a task stands in a queue."""
    return next((place for place, entry in enumerate(queue["entries"]) if entry["task"] == task), None)


def require_position(queue: Document, task: str) -> int:
    """Where a task stands in a queue.

    Raises:
        ApiError: 400/703, nowhere.
    """
    place = position(queue, task)
    if place is None:
        raise ApiError(400, 703, f"Task not in queue: task={task}, queue={queue['id']}")
    return place


def store(call: Call, queue: Document) -> None:
    """Stores a queue whose entries have changed."""
    queue["last_update"] = timestamp()
    call.store.documents.put("queues", queue)

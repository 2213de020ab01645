"""What documents of every collection share: an owner, a name, tags, metadata, and refusals where they do not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from embedded_server.calls import Answer, Call, Request
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, new_id, timestamp

MIN_NAME_LENGTH = 3
#: the system tag of what was put away
ARCHIVED = "archived"
#: what stands before the id of a document that is gone, wherever something still names it
DELETED_PREFIX = "__DELETED__"
#: collection -> subcode and message of the refusal of an id that it does not hold
_UNKNOWN = {
    "tasks": (101, "Invalid task id"),
    "models": (201, "Invalid model id"),
    "projects": (401, "Invalid project id"),
    "queues": (701, "Invalid queue id"),
}


def require(call: Call, collection: str, id: str, subcode: int | None = None) -> Document:
    """The document with this id.

    Raises:
        ApiError: 400 with the collection's subcode (or the given one), there is none.
    """
    document = call.store.documents.get(collection, id)
    if document is None:
        known_subcode, message = _UNKNOWN[collection]
        raise ApiError(400, subcode or known_subcode, f"{message}: id={id}", {"id": id})
    return document


def create(call: Call, **fields: Any) -> Document:
    """A new document, not stored yet, of the caller."""
    now = timestamp()
    owner = {"id": new_id(), "user": call.identity.user, "company": call.identity.company}
    return {**owner, **fields, "created": now, "last_update": now}


def checked_name(name: str) -> str:
    """The name without surrounding blanks.

    Raises:
        ApiError: 400/800, it is too short.
    """
    stripped = name.strip()
    if len(stripped) < MIN_NAME_LENGTH:
        raise ApiError(400, 800, f"Value of 'name' must have at least {MIN_NAME_LENGTH} characters: {name!r}")
    return stripped


def tags(values: Iterable[str] | None) -> list[str]:
    """Tags as they are stored: each once, sorted."""
    return sorted(set(values or ()))


def archive(call: Call, collection: str, document: Document) -> None:
    """Stores the document with the tag of the archived."""
    document["system_tags"] = tags([*document.get("system_tags", ()), ARCHIVED])
    touch(call, document)
    call.store.documents.put(collection, document)


def unarchive(call: Call, collection: str, document: Document) -> None:
    """Stores the document without the tag of the archived."""
    document["system_tags"] = [tag for tag in document.get("system_tags", ()) if tag != ARCHIVED]
    touch(call, document)
    call.store.documents.put(collection, document)


def touch(call: Call, document: Document) -> None:
    """Notes that the caller has just changed the document."""
    document["last_update"] = document["last_change"] = timestamp()
    document["last_changed_by"] = call.identity.user


def each(call: Call, ids: Sequence[str], do: Callable[[str], Mapping[str, Any]]) -> Answer:
    """Does something to each of many documents; what is refused for one is undone for it and does not stop the others.

    Returns:
        ``succeeded`` with what ``do`` answered for each id, and ``failed`` with the codes of each refusal.
    """
    succeeded, failed = [], []
    for one in dict.fromkeys(ids):
        try:
            with call.store.documents.database.attempt():
                succeeded.append({"id": one, **do(one)})
        except ApiError as error:
            told = {"codes": [error.code, error.subcode], "msg": error.message, "data": error.data}
            failed.append({"id": one, "error": told})
    return {"succeeded": succeeded, "failed": failed}


def require_ids(request: Request) -> None:
    """Refuses an empty list of ids.

    Raises:
        ApiError: 400/12.
    """
    if not request["ids"]:
        raise ApiError(400, 12, "Validation error (ids: [] should have at least one)")


def metadata(given: Any) -> dict[str, Any]:
    """Metadata as it is stored, by key, of a list of items or of what is so already."""
    items = given.values() if isinstance(given, Mapping) else given or ()
    for item in items:
        if not isinstance(item, Mapping) or not all(isinstance(item.get(k), str) for k in ("key", "type", "value")):
            raise ApiError(400, 12, "Validation error (an item of metadata needs key, type and value, all texts)")
    return {item["key"]: dict(item) for item in items}


def add_metadata(call: Call, collection: str, document: Document, request: Request) -> Answer:
    """Adds the request's metadata to a document, or puts it in place of the document's own."""
    kept = {} if request.get("replace_metadata") else document.get("metadata", {})
    document["metadata"] = {**kept, **metadata(request["metadata"])}
    touch(call, document)
    call.store.documents.put(collection, document)
    return {"updated": 1}


def delete_metadata(call: Call, collection: str, document: Document, request: Request) -> Answer:
    """Takes the request's keys out of a document's metadata."""
    kept = {key: item for key, item in document.get("metadata", {}).items() if key not in request["keys"]}
    document["metadata"] = kept
    touch(call, document)
    call.store.documents.put(collection, document)
    return {"updated": 1}

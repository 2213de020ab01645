"""What every get_all shares: filters, order, pages or scrolling, and a choice of fields."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from embedded_server.calls import Answer, Call, Request
from embedded_server.errors import ApiError
from embedded_server.storage import fields, filters
from embedded_server.storage.documents import Document
from embedded_server.storage.filters import Condition

#: how many documents an answer holds where a client does not say how many it wants, and how many at most
PAGE_SIZE = 500


def get_all(call: Call, collection: str, request: Request, narrowed: Condition | None = None) -> Answer:
    """The answer of a get_all: documents under the collection's name and, to one who scrolls, ``scroll_id``.

    Args:
        call: the call.
        collection: whose documents.
        request: filters, ``order_by``, ``page`` and ``page_size`` or ``size`` and ``scroll_id``, ``only_fields``.
        narrowed: a condition beyond the request's own filters.

    Raises:
        ApiError: 400/14 for unknown fields, 400/21 for a bad regular expression, 400/12 for a bad date or scroll id.
    """
    chosen = chosen_fields(collection, request)
    documents, answer = find(call, collection, request, narrowed)
    answer[collection] = [choose(document, chosen) for document in documents] if chosen else documents
    return answer


def get_all_ex(call: Call, collection: str, request: Request, narrowed: Condition | None = None) -> Answer:
    """As get_all, but ``only_fields`` may lead into other documents (``project.name``), and ids are always there."""
    chosen = chosen_fields(collection, request, joined=True)
    documents, answer = find(call, collection, request, narrowed)
    answer[collection] = join(call, collection, documents, chosen)
    return answer


def join(call: Call, collection: str, documents: Sequence[Document], chosen: Sequence[str]) -> list[Document]:
    """The chosen fields of documents; those that lead into other documents are looked up there."""
    leading = [(name, into) for name in chosen if (into := fields.reference(collection, name))]
    plain = {name for name in chosen if not fields.reference(collection, name)}
    sources = {source for _, (source, _) in leading}
    results = [choose(document, sorted(plain | sources | {"id"})) if chosen else document for document in documents]
    for source in sorted(sources):
        names = ["id", *(inner for _, (outer, inner) in leading if outer == source)]
        target = fields.REFERENCES[collection][source]
        referred = {value for result in results for value in _values(result, source.split("."))}
        known = call.store.documents.get_many(target, referred)
        for result in results:
            _replace(result, source.split("."), known, names)
    return results


def find(
    call: Call, collection: str, request: Request, narrowed: Condition | None = None
) -> tuple[list[Document], Answer]:
    """The whole documents of the page that a request asks for, and an answer with the ``scroll_id``, if it scrolls."""
    condition = filters.condition(collection, request)
    if narrowed is not None:
        condition.add(narrowed.sql or "1", narrowed.parameters)
    order = _order(collection, request.get("order_by") or ())
    limit, offset, scrolls = _window(request)
    documents = call.store.documents.query(collection, condition.sql, condition.parameters, order, limit, offset)
    if not scrolls:
        return documents, {}
    return documents, {"scroll_id": _scroll_id(offset + len(documents), limit)}


def chosen_fields(collection: str, request: Request, joined: bool = False) -> list[str]:
    """The request's ``only_fields``; empty where whole documents are wanted.

    Raises:
        ApiError: 400/14 for a field that the collection's documents cannot have.
    """
    chosen = list(request.get("only_fields") or ())
    for name in chosen:
        into = fields.reference(collection, name) if joined else None
        if into is None:
            fields.require(collection, name)
            continue
        target = fields.REFERENCES[collection][into[0]]
        if target not in {"users", "companies"}:
            fields.require(target, into[1])
    return chosen


def choose(document: Document, chosen: Sequence[str]) -> Document:
    """A document with only these dotted fields, those of them that it has."""
    result: Document = {}
    for name in chosen:
        _copy(document, result, name.split("."))
    return result


def _copy(source: Mapping[str, Any], target: Document, path: Sequence[str]) -> None:
    first, rest = path[0], path[1:]
    if first not in source:
        return
    value = source[first]
    if not rest:
        target[first] = value
    elif isinstance(value, dict):
        # not the source's own object, which another, longer field may already have put here
        _copy(value, target.setdefault(first, {}), rest)
    elif isinstance(value, list):
        items = target.setdefault(first, [{} for _ in value])
        for item, copy in zip(value, items, strict=True):
            if isinstance(item, dict):
                _copy(item, copy, rest)


def _values(result: Any, path: Sequence[str]) -> list[str]:
    if isinstance(result, list):
        return [value for item in result for value in _values(item, path)]
    if not path:
        return [result] if isinstance(result, str) else []
    return _values(result[path[0]], path[1:]) if isinstance(result, dict) and path[0] in result else []


def _replace(result: Any, path: Sequence[str], known: Mapping[str, Document], names: Sequence[str]) -> None:
    if isinstance(result, list):
        for item in result:
            _replace(item, path, known, names)
    elif isinstance(result, dict) and path[0] in result:
        value = result[path[0]]
        if len(path) > 1:
            _replace(value, path[1:], known, names)
        elif isinstance(value, str):
            result[path[0]] = choose(known.get(value, {"id": value}), names)


def _order(collection: str, order_by: Any) -> list[str]:
    names = [order_by] if isinstance(order_by, str) else list(order_by)
    order = []
    for name in names:
        if name.lstrip("-").startswith("@"):
            continue  # @text_score: matches of search_text are not weighted here
        fields.require(collection, name.removeprefix("-").removeprefix("+"))
        order.append(name.removeprefix("+"))
    return order


def _window(request: Request) -> tuple[int, int, bool]:
    """How many documents, how many to leave out before them, and whether the client scrolls."""
    if "scroll_id" in request or request.get("size") is not None:
        offset, size = _read_scroll_id(request["scroll_id"]) if request.get("scroll_id") else (0, PAGE_SIZE)
        if request.get("refresh_scroll"):
            offset = 0
        return min(_natural(request.get("size") or size, "size"), PAGE_SIZE), offset, True
    size = min(_natural(request.get("page_size") or PAGE_SIZE, "page_size"), PAGE_SIZE)
    return size, _natural(request.get("page") or 0, "page") * size, False


def _natural(value: int, name: str) -> int:
    if not 0 <= value < 1 << 31:
        raise ApiError(400, 12, f"Validation error ({name}: {value} is out of range)")
    return value


def _scroll_id(offset: int, size: int) -> str:
    """Where the next page begins. It needs no memory in the server, and so outlives a restart."""
    return base64.urlsafe_b64encode(json.dumps([offset, size]).encode()).decode().rstrip("=")


def _read_scroll_id(scroll_id: str) -> tuple[int, int]:
    try:
        offset, size = json.loads(base64.urlsafe_b64decode(scroll_id + "=" * (-len(scroll_id) % 4)))
        return _natural(offset, "scroll_id"), _natural(size, "scroll_id")
    except (ValueError, TypeError):
        raise ApiError(400, 12, f"Validation error (scroll_id: {scroll_id!r} is not one of ours)") from None

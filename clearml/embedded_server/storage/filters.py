"""The filters of a get_all request, as a condition in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from embedded_server.errors import ApiError
from embedded_server.storage import fields
from embedded_server.storage.documents import timestamp
from embedded_server.storage.fields import Field

#: a text filter on these is a regular expression; on others it is the value itself
PATTERN_FIELDS = frozenset({"name", "basename", "description", "comment", "report"})
#: keys of a request that say how to answer, not what to look for
CONTROL_KEYS = frozenset(
    {
        "only_fields", "order_by", "page", "page_size", "size", "scroll_id", "refresh_scroll", "search_hidden",
        "search_text", "_any_", "_all_", "_or_", "_and_", "filters",
    }
)  # fmt: skip
#: documents of these collections can be hidden by a system tag
HIDEABLE = frozenset({"tasks", "projects"})
HIDDEN_TAG = "hidden"

_PREFIX = "__$"
_AND, _OR, _NOT = ("__$all", "__$and"), ("__$any", "__$or"), ("__$not",)
#: a date as seconds since the epoch
_SECONDS = re.compile(r"^\d{9,11}(\.\d+)?$")
_COMPARISON = re.compile(r"^\s*(>=|<=|>|<|==?)?\s*(.*?)\s*$")


@dataclass
class Condition:
    """An SQL condition over the columns ``id`` and ``body``, in parts that must all hold."""

    parts: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)

    def add(self, part: str, parameters: Sequence[Any] = ()) -> None:
        """Narrows it down by another part."""
        self.parts.append(f"({part})")
        self.parameters += parameters

    @property
    def sql(self) -> str:
        """The parts in one; empty where everything matches."""
        return " AND ".join(self.parts)


def condition(collection: str, request: Mapping[str, Any]) -> Condition:
    """What the filters of a request demand. A key that is no field of the collection demands nothing.

    Raises:
        ApiError: 400/21 for a bad regular expression, 400/12 for a bad date.
    """
    found = Condition()
    for key, value in request.items():
        if key in CONTROL_KEYS or value is None or value == []:
            continue
        name = "id" if key == "ids" else key
        known = fields.find(collection, name.replace("__", "."))
        if known is not None:
            _filter(found, known, value)
    for key, joint in (("_any_", " OR "), ("_or_", " OR "), ("_all_", " AND "), ("_and_", " AND ")):
        if isinstance(pattern := request.get(key), Mapping):
            _pattern(found, collection, pattern, joint)
    for name, nested in _mapping(request.get("filters"), "filters").items():
        if (known := fields.find(collection, name)) is not None:
            _nested_filter(found, known, nested)
    if text := request.get("search_text"):
        found.add("instr(lower(body), lower(?))", [text])
    if collection in HIDEABLE and not _asks_for_hidden(request):
        found.add("NOT EXISTS (SELECT 1 FROM json_each(system_tags) WHERE value = ?)", [HIDDEN_TAG])
    return found


def checked_pattern(pattern: Any) -> str:
    """The regular expression, if it is one.

    Raises:
        ApiError: 400/21.
    """
    try:
        re.compile(pattern)
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        raise ApiError(400, 21, f"Invalid regular expression {pattern!r}: {error}") from None
    return str(pattern)


def _asks_for_hidden(request: Mapping[str, Any]) -> bool:
    return bool(
        request.get("search_hidden")
        or request.get("id")
        or request.get("ids")
        or HIDDEN_TAG in (request.get("system_tags") or [])
    )


def _filter(found: Condition, known: Field, value: Any) -> None:
    if known.kind == "date":
        _dates(found, known, value)
    elif isinstance(value, list) and known.kind == "number":
        _range(found, known, value)
    elif isinstance(value, list):
        if any(isinstance(one, list | dict) for one in value):
            raise ApiError(400, 12, f"Validation error ({known.name}: {value!r} is no list of plain values)")
        sql, parameters = membership(known, value)
        found.add(sql, parameters)
    elif isinstance(value, bool):
        # a field that a document has not counts as false
        found.add(f"ifnull({known.extract}, 0) = ?", [int(value)])
    elif isinstance(value, str) and known.name in PATTERN_FIELDS:
        if value:
            found.add(f"ifnull({known.extract}, '') REGEXP ?", [checked_pattern(value)])
    elif isinstance(value, (str, int, float)):
        found.add(f"EXISTS (SELECT 1 FROM ({known.elements}) WHERE value = ?)", [value])


def membership(known: Field, values: Sequence[Any]) -> tuple[str, list[Any]]:
    """The condition of a list filter.

    ``[a, b]`` is a or b, ``-a`` excludes a, None stands for no value at all. ``__$all`` (``__$and``) and ``__$any``
    (``__$or``) join the values that follow, up to the next of them; the first of all also joins these groups.
    ``__$not`` excludes the one value that follows.
    """
    groups: list[tuple[str | None, list[tuple[bool, Any]]]] = [(None, [])]
    negated = False
    for value in values:
        if value in _NOT:
            negated = True
        elif value in _AND or value in _OR:
            groups.append(("AND" if value in _AND else "OR", []))
        elif isinstance(value, str) and value.startswith(_PREFIX):
            continue  # an operator of a version to come
        else:
            excluded = isinstance(value, str) and value.startswith("-") and len(value) > 1
            groups[-1][1].append((negated != excluded, value[1:] if excluded else value))
            negated = False
    first = values[0] if values else None
    joint = " OR " if first in _OR else " AND "
    parameters: list[Any] = []
    parts = [f"({_group(known, operator, terms, parameters)})" for operator, terms in groups if terms]
    return joint.join(parts) or "1", parameters


def _group(known: Field, operator: str | None, terms: list[tuple[bool, Any]], parameters: list[Any]) -> str:
    if operator:
        return f" {operator} ".join(_terms(known, [value], excluded, parameters) for excluded, value in terms)
    wanted = [value for excluded, value in terms if not excluded]
    unwanted = [value for excluded, value in terms if excluded]
    parts = [_terms(known, wanted, False, parameters)] if wanted else []
    parts += [_terms(known, unwanted, True, parameters)] if unwanted else []
    return " AND ".join(parts)


def _terms(known: Field, values: Sequence[Any], excluded: bool, parameters: list[Any]) -> str:
    """The document has one of the values or, where excluded, none of them."""
    named = [value for value in values if value is not None]
    parts = []
    if named:
        marks = ", ".join("?" * len(named))
        many = known.is_many or known.kind == "any"
        # a plain comparison where it can be one, since only that can use an index
        parts.append(
            f"EXISTS (SELECT 1 FROM ({known.elements}) WHERE value IN ({marks}))"
            if many
            else f"ifnull({known.extract} IN ({marks}), 0)"
            if excluded
            else f"{known.extract} IN ({marks})"
        )
        parameters += named
    if len(named) < len(values):
        parts.append(f"NOT EXISTS (SELECT 1 FROM ({known.elements}) WHERE value IS NOT NULL)")
    joined = f"({' OR '.join(parts)})"
    return f"NOT {joined}" if excluded else joined


def _range(found: Condition, known: Field, values: Sequence[Any]) -> None:
    """``[low, high]``, both included, None for an open end; or, as for a date, texts such as ``>=5``."""
    for operator, limit in _limits(values, float):
        found.add(f"{known.extract} {operator} ?", [limit])


def _dates(found: Condition, known: Field, value: Any) -> None:
    for operator, limit in _limits(value if isinstance(value, list) else [value], _moment):
        found.add(f"{known.extract} {operator} ?", [limit])


def _limits(values: Sequence[Any], convert: Any) -> Iterator[tuple[str, Any]]:
    two_sided = len(values) == 2 and not any(isinstance(v, str) and v.lstrip()[:1] in "<>=" for v in values)
    for place, value in enumerate(values):
        if value is None or value in (*_AND, *_OR):
            continue
        operator, text = _COMPARISON.match(str(value)).groups()  # type: ignore[union-attr]  # it matches any text
        try:
            limit = convert(text)
        except ValueError:
            raise ApiError(400, 12, f"Validation error ({value!r} is no value to compare with)") from None
        default = (">=", "<=")[place] if two_sided else "="
        yield (operator or default).replace("==", "="), limit


def _moment(text: str) -> str:
    if _SECONDS.match(text):
        return timestamp(datetime.fromtimestamp(float(text), timezone.utc))
    moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


def _pattern(found: Condition, collection: str, pattern: Mapping[str, Any], joint: str) -> None:
    """A regular expression, whatever the case of its letters, to be found in any or in all of several fields."""
    expression = pattern.get("pattern")
    known = [each for name in pattern.get("fields") or () if (each := fields.find(collection, name))]
    if not expression or not pattern.get("fields"):
        return
    text = "(?i)" + checked_pattern(expression)
    one = "EXISTS (SELECT 1 FROM ({}) WHERE CAST(value AS TEXT) REGEXP ?)"
    found.add(joint.join(one.format(each.elements) for each in known) or "0", [text] * len(known))


def _nested_filter(found: Condition, known: Field, nested: Any) -> None:
    """``{"any": {"include": [...], "exclude": [...]}, "all": {...}}``, as newer clients ask for tags."""
    for name, operator in (("any", "OR"), ("all", "AND")):
        wanted = _mapping(_mapping(nested, known.name).get(name), name)
        terms = [(False, value) for value in _texts(wanted.get("include"), "include")]
        terms += [(True, value) for value in _texts(wanted.get("exclude"), "exclude")]
        if terms:
            parameters: list[Any] = []
            sql = _group(known, operator, terms, parameters)
            found.add(sql, parameters)


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise ApiError(400, 12, f"Validation error ({name}: {value!r} is no object)")


def _texts(value: Any, name: str) -> list[str | None]:
    if value is None or (isinstance(value, list) and all(one is None or isinstance(one, str) for one in value)):
        return value or []
    raise ApiError(400, 12, f"Validation error ({name}: {value!r} is no list of texts)")

"""What a collection's documents consist of: which dotted fields exist, and what kind of value each holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from embedded_server import schemas
from embedded_server.errors import ApiError
from embedded_server.storage.documents import json_path

Kind = Literal["text", "date", "number", "boolean", "list", "object", "any"]

#: Fields that documents have and the SDK's schema of an answer does not tell of (newer versions and joins).
_MORE_FIELDS: dict[str, dict[str, Kind]] = {
    "tasks": {
        "enqueue_status": "text",
        "last_changed_by": "text",
        "report": "text",
        "report_assets": "list",
        "unique_metrics": "list",
    },
    "projects": {"parent": "text", "path": "list", "company_origin": "any"},
    "queues": {"display_name": "text", "last_update": "date", "workers": "any"},
    "models": {
        "last_change": "date",
        "last_changed_by": "text",
        "last_iteration": "number",
        "last_metrics": "any",
        "unique_metrics": "list",
    },
}

#: field -> collection of the documents that it names, which the ``_ex`` actions can put in its place
REFERENCES: dict[str, dict[str, str]] = {
    "tasks": {
        "project": "projects",
        "user": "users",
        "parent": "tasks",
        "execution.queue": "queues",
        "execution.model": "models",
        "output.model": "models",
        "models.input.model": "models",
        "models.output.model": "models",
        "company": "companies",
    },
    "projects": {"user": "users", "parent": "projects", "company": "companies"},
    "queues": {"user": "users", "entries.task": "tasks", "company": "companies"},
    "models": {"project": "projects", "user": "users", "task": "tasks", "parent": "models", "company": "companies"},
}


@dataclass(frozen=True)
class Field:
    """A dotted field of a collection."""

    name: str
    kind: Kind
    #: where the field runs through a list of objects: that list, and the rest of the way inside one of them
    outer: str = ""
    inner: str = ""

    @property
    def extract(self) -> str:
        """SQL for its value; None where there is none."""
        return "json_extract(body, '{}')".format(json_path(self.name).replace("'", "''"))

    @property
    def elements(self) -> str:
        """SQL that selects its values as column ``value``: those of a list one by one, a plain value as one row."""
        if self.outer:
            outer, inner = (json_path(path).replace("'", "''") for path in (self.outer, self.inner))
            return f"SELECT json_extract(value, '{inner}') AS value FROM json_each(body, '{outer}')"
        return "SELECT value FROM json_each(body, '{}')".format(json_path(self.name).replace("'", "''"))

    @property
    def is_many(self) -> bool:
        """Whether a document may hold several values of it."""
        return self.kind == "list" or bool(self.outer)


@cache
def find(collection: str, name: str) -> Field | None:
    """The field, or None where documents of the collection cannot have it."""
    first, _, rest = name.partition(".")
    more = _MORE_FIELDS.get(collection, {}).get(first)
    if more is not None:
        return Field(name, "any" if rest else more)
    schema: Any = schemas.fields_of(collection)
    passed: list[str] = []
    outer = ""
    for part in name.split("."):
        if _types(schema) & {"array"}:
            outer = ".".join(passed)
            schema = schema["items"]
        schema = _inside(schema, part)
        if schema is None:
            return None
        passed.append(part)
    return Field(name, _kind(schema), outer, name[len(outer) + 1 :] if outer else "")


def require(collection: str, name: str) -> Field:
    """The field.

    Raises:
        ApiError: 400/14, the collection's documents cannot have it.
    """
    field = find(collection, name)
    if field is None:
        raise ApiError(400, 14, f"Invalid fields were provided: {name!r} is no field of {collection}")
    return field


def reference(collection: str, name: str) -> tuple[str, str] | None:
    """Of ``project.name`` the referring field ``project`` and ``name``; None for a field that refers to nothing."""
    for source in REFERENCES.get(collection, {}):
        if name.startswith(source + "."):
            return source, name[len(source) + 1 :]
    return None


def _inside(schema: Mapping[str, Any], part: str) -> Any:
    properties = schema.get("properties", {})
    if part in properties:
        return properties[part]
    if "object" not in _types(schema) or (properties and "additionalProperties" not in schema):
        return None
    more = schema.get("additionalProperties", True)
    return {"type": "object"} if more is True else more or None


def _types(schema: Mapping[str, Any]) -> set[str]:
    declared = schema.get("type", "object")
    return {declared} if isinstance(declared, str) else set(declared)


def _kind(schema: Mapping[str, Any]) -> Kind:
    types = _types(schema)
    if "array" in types:
        return "list"
    if types & {"integer", "number"}:
        return "number"
    if "boolean" in types:
        return "boolean"
    if "string" in types:
        return "date" if schema.get("format") == "date-time" else "text"
    return "object" if schema.get("properties") else "any"

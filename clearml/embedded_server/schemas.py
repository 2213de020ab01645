"""Validation of requests with the schemas that the installed SDK carries.

The SDK's classes in ``clearml.backend_api.services.v2_23`` each hold the JSON schema of a request as a literal. They
are read from the source text with ``ast``, which takes a tenth of a second a service and executes nothing: importing
the SDK would cost seconds, much memory, and its exit hooks, in a process that never calls a server itself.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib.util
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema import Draft7Validator

from embedded_server.errors import ApiError

Schema = dict[str, Any]

#: the newest module of schemas in the SDK
SDK_VERSION = "v2_23"

#: Endpoints that the SDK has no schema of, and the one whose schema fits.
_ALIKE = {
    "tasks.get_all_ex": "tasks.get_all",
    "tasks.get_by_id_ex": "tasks.get_all",
    "projects.get_all_ex": "projects.get_all",
    "queues.get_all_ex": "queues.get_all",
    "queues.clear_queue": "queues.get_num_entries",
    "workers.get_count": "workers.get_all",
    "models.get_all_ex": "models.get_all",
    "models.get_by_id_ex": "models.get_all",
}

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
#: The schemas of endpoints that the SDK has none of, nor one that fits.
_OWN: dict[str, Schema] = {
    "auth.validate_token": {"properties": {"token": _TEXT}},
    "events.get_multi_task_metrics": {"properties": {"tasks": _TEXTS, "event_type": _TEXT}, "required": ["tasks"]},
    "users.get_all": {"properties": {"id": _TEXTS, "only_fields": {"type": ["array", "string"], "items": _TEXT}}},
    "users.get_all_ex": {"properties": {"id": _TEXTS, "only_fields": {"type": ["array", "string"], "items": _TEXT}}},
    "users.get_by_id": {"properties": {"user": _TEXT}, "required": ["user"]},
    "users.set_preferences": {"properties": {"preferences": {"type": "object"}}, "required": ["preferences"]},
    "users.update": {"properties": {"user": _TEXT, "name": _TEXT}},
}

#: Where the genuine server takes more than the SDK's schema says: endpoint -> fields that are not validated.
_FREE_FIELDS = {
    "tasks.edit": ("type",),  # a type that no enumeration holds is stored
    "tasks.get_all": ("parent", "user"),  # the web interface sends lists
    "tasks.get_all_ex": ("parent", "user"),
    "models.create": ("metadata",),  # a list or, in newer versions, an object
    "models.edit": ("metadata",),
    "workers.status_report": ("machine_stats",),  # the agent sends fractions, and averages in place of lists
}

#: Where the genuine server insists on other fields than the SDK's schema says.
_REQUIRED = {
    "models.get_by_task_id": ["task"],
    "auth.revoke_credentials": ["access_key"],  # the schema demands "key_id", which it does not describe
}

#: Requests that are refused as "missing fields" rather than "does not fit": the genuine server answers 11 where a
#: project's name is missing altogether.
_MISSING_FIELDS = {"projects.create": 11}

# Draft 7 takes 3.0 for an integer; an action that slices a list by it would fail.
_TYPES = Draft7Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
)
_Validator = jsonschema.validators.extend(Draft7Validator, type_checker=_TYPES)


@dataclass(frozen=True)
class Service:
    """What the SDK says of one service."""

    #: action -> schema of its request
    requests: Mapping[str, Schema]
    #: action -> schema of its answer
    answers: Mapping[str, Schema]


def check(endpoint: str, request: Mapping[str, Any]) -> None:
    """Refuses a request that does not fit the schema of its endpoint; fields that no schema knows are let through.

    Raises:
        ApiError: 400/12, or 400/11 for a few endpoints where a required field is missing.
    """
    validator = _validator(endpoint)
    if validator is None:
        return
    # null stands for a field that is not given, as some clients write it
    given = {name: value for name, value in request.items() if value is not None}
    error = jsonschema.exceptions.best_match(validator.iter_errors(given))
    if error is None:
        return
    where = ".".join(str(part) for part in error.absolute_path)
    message = f"{where}: {error.message}" if where else error.message
    if error.validator == "required" and not error.absolute_path and endpoint in _MISSING_FIELDS:
        raise ApiError(400, _MISSING_FIELDS[endpoint], f"Missing required fields: {message}")
    raise ApiError(400, 12, f"Validation error ({message[:500]})")


def is_known(endpoint: str) -> bool:
    """Whether the SDK knows an endpoint, served or not."""
    return request_schema(endpoint) is not None


def request_schema(endpoint: str) -> Schema | None:
    """The schema of a request in the newest version of the SDK's services that has it; None where none has."""
    service, _, name = endpoint.partition(".")
    for version in versions():
        # Asked first: whatever a stranger calls a service must not be kept in the cache.
        if service in _services(version) and _mentions(service, version, name):
            found = read_service(service, version).requests.get(name)
            if found is not None:
                return found
    return None


def _mentions(service: str, version: str, name: str) -> bool:
    """Whether the SDK's text has the action at all: to search it is a hundred times cheaper than to read it."""
    text = (_folder().parent / version / f"{service}.py").read_text(encoding="utf-8")
    return f'_action = "{name}"' in text


def from_query(endpoint: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """The request that a URL's query stands for: texts become numbers, truth values and lists as the schema wants.

    The SDK asks for a token of a certain lifetime that way.
    """
    properties = (request_schema(endpoint) or {}).get("properties", {})
    return {name: _typed(value, properties.get(name, {}).get("type", ())) for name, value in query.items()}


def _typed(value: Any, types: str | Sequence[str]) -> Any:
    wanted = {types} if isinstance(types, str) else set(types)
    if "array" in wanted:
        return value if isinstance(value, list) else [value]
    if not isinstance(value, str):
        return value
    if "boolean" in wanted and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if "integer" in wanted and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if "number" in wanted:
        with contextlib.suppress(ValueError):
            return float(value)
    return value


def known_endpoints() -> dict[str, str]:
    """All endpoints that the SDK has a request schema of, each with the newest version of its services that has it."""
    known: dict[str, str] = {}
    for version in versions():
        for service in sorted(_services(version)):
            for name in read_service(service, version).requests:
                known.setdefault(f"{service}.{name}", version)
    return known


#: CPython 3.11 counts how deep it is in a tree for all threads together: a second one that parses makes both fail
_parsing = threading.Lock()


@cache
def versions() -> tuple[str, ...]:
    """The versions of the SDK's services, the newest first."""
    found = [path.name for path in _folder().parent.glob("v*_*") if path.is_dir()]
    return tuple(sorted(found, key=lambda name: [int(part) for part in name[1:].split("_")], reverse=True))


@cache
def _services(version: str) -> frozenset[str]:
    return frozenset(path.stem for path in (_folder().parent / version).glob("[a-z]*.py"))


@cache
def fields_of(collection: str) -> Schema:
    """The schema of one document of a collection, as the answer of get_all declares it, with references resolved."""
    answer = read_service(collection).answers["get_all"]
    items = answer["properties"][collection]["items"]
    resolved: Schema = _resolve(items, answer.get("definitions", {}))
    return resolved


@cache
def read_service(service: str, version: str = SDK_VERSION) -> Service:
    """The schemas of a service; empty where the SDK has no such service."""
    if service not in _services(version):
        return Service({}, {})
    path = _folder().parent / version / f"{service}.py"
    requests: dict[str, Schema] = {}
    answers: dict[str, Schema] = {}
    with _parsing:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Request", "Response")):
            attributes = _literals(node)
            target = requests if node.name.endswith("Request") else answers
            if "_action" in attributes:
                schema = attributes.get("_schema")
                target[attributes["_action"]] = schema if isinstance(schema, dict) else {}
    return Service(requests, answers)


@cache
def _folder() -> Path:
    """The SDK's folder of schemas, found without importing the SDK."""
    found = importlib.util.find_spec("clearml")
    for location in (found.submodule_search_locations or ()) if found else ():
        folder = Path(location) / "backend_api" / "services" / SDK_VERSION
        if folder.is_dir():
            return folder
    raise RuntimeError("the ClearML SDK is not installed: pip install clearml")


def _literals(node: ast.ClassDef) -> dict[str, Any]:
    values = {}
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if name in {"_action", "_schema"}:
                values[name] = ast.literal_eval(statement.value)
    return values


@cache
def _validator(endpoint: str) -> Any:
    found = _OWN.get(endpoint) or request_schema(_ALIKE.get(endpoint, endpoint))
    if not found:
        return None
    name = _ALIKE.get(endpoint, endpoint).partition(".")[2]
    schema = copy.deepcopy(found)
    for field in _FREE_FIELDS.get(endpoint, ()):
        schema["properties"].pop(field, None)
    schema["required"] = _REQUIRED.get(endpoint, schema.get("required", []))
    if name == "get_all":
        for field, described in schema["properties"].items():
            if "items" in described and field not in {"only_fields", "order_by"}:
                described["items"] = _filter_items(described["items"], schema.get("definitions", {}))
    return _Validator(schema)


def _filter_items(items: Schema, definitions: Schema) -> Schema:
    """What a list filter may hold: values, None, exclusions and operators; the SDK's schema knows only the first."""
    resolved: Schema = _resolve(items, definitions)
    if "enum" not in resolved:
        return {**resolved, "type": [resolved["type"], "null"]}
    excluded = [f"-{value}" for value in resolved["enum"]]
    return {"anyOf": [{"enum": [*resolved["enum"], *excluded, None]}, {"type": "string", "pattern": r"^__\$"}]}


def _resolve(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with references replaced by what they refer to, and ``oneOf [x, null]`` by x."""
    if isinstance(schema, list):
        return [_resolve(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolve(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    if "oneOf" in schema:
        return _resolve(schema["oneOf"][0], definitions)
    return {key: _resolve(value, definitions) for key, value in schema.items()}

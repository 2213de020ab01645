"""Answers as the installed SDK expects them: every answer that a test sees is held against its schema."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from embedded_server import schemas

#: where the genuine server answers otherwise than the SDK's schema says: endpoint -> fields that are not looked at
_OTHERWISE = {
    "events.delete_for_task": ("deleted",),  # a number; a truth value in the schema
    "events.delete_for_model": ("deleted",),
    "tasks.get_configuration_names": ("configurations",),  # a list; an object in the schema
    "events.debug_images": ("metrics",),  # the schema refers to what it does not define
    "events.plots": ("metrics",),
}


def faults(endpoint: str, data: Any) -> list[str]:
    """What the SDK's schema of an endpoint's answer has against an answer."""
    validator = _validator(endpoint)
    if validator is None:
        return []
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(data)]


@cache
def _validator(endpoint: str) -> Draft7Validator | None:
    service, _, name = endpoint.partition(".")
    schema = copy.deepcopy(schemas.read_service(service).answers.get(name))
    if schema is None:
        return None
    for field in _OTHERWISE.get(endpoint, ()):
        del schema["properties"][field]
    return Draft7Validator(schema)

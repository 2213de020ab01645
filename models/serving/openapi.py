"""The service described for programs: OpenAPI 3.1."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

_PROBLEM_FIELDS = {
    "row": {"type": ["integer", "null"], "description": "from 1"},
    "column": {"type": ["string", "null"]},
    "problem": {"type": "string"},
    "instead": {"type": "string"},
}


def openapi(model: Mapping[str, Any], schema: Mapping[str, Any], facts: Mapping[str, Any], is_open: bool) -> dict:
    """The document that ``/openapi.json`` gives.

    Args:
        model: ``id`` and ``name`` of the model that answers.
        schema: its input schema.
        facts: what a worker says of it, see `models.serving.answering.Answering.facts`.
        is_open: whether no key is asked for.
    """
    record = _record(schema, facts)
    predict = {
        "summary": "Predictions for one row or thousands",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "anyOf": [
                            {"$ref": "#/components/schemas/Record"},
                            {"type": "array", "items": {"$ref": "#/components/schemas/Record"}},
                            {
                                "type": "object",
                                "properties": {
                                    "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Record"}}
                                },
                                "required": ["rows"],
                                "additionalProperties": False,
                            },
                        ]
                    },
                    "example": {"rows": [example_record(schema, facts)]},
                },
                "text/csv": {"schema": {"type": "string"}, "example": _csv_example(schema, facts)},
            },
        },
        "responses": {
            "200": _answer("The predictions, in the order of the rows", _ref("Predictions")),
            "400": _answer("The body is no JSON or CSV of rows", _ref("Error")),
            "408": _answer("The body did not arrive in time", _ref("Error")),
            "413": _answer("The body is too large", _ref("Error")),
            "415": _answer("The body is neither JSON nor CSV", _ref("Error")),
            "422": _answer("Rows do not fit what the model was trained on", _ref("Problems")),
            "503": _answer("The service is overloaded or stops; come back", _ref("Error")),
            "504": _answer("The answer took too long", _ref("Error")),
        },
    }
    paths: dict[str, Any] = {
        "/predict": {"post": predict},
        "/health": {"get": _get("Whether the process lives", {"type": "object"}, is_secured=False)},
        "/ready": {"get": _get("Whether it answers, by which model", {"type": "object"}, is_secured=False)},
        "/schema": {"get": _get("What the model takes and answers", {"type": "object"})},
        "/metrics": {"get": _get("Metrics for Prometheus", {"type": "string"}, "text/plain")},
        "/drift.json": {"get": _get("How far the rows are from those of training", {"type": "object"})},
        "/openapi.json": {"get": _get("This document", {"type": "object"})},
    }
    paths["/ready"]["get"]["responses"]["503"] = _answer("It does not answer now", {"type": "object"})
    paths["/drift.json"]["get"]["responses"]["503"] = _answer("Whoever watches is busy; come back", _ref("Error"))
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{model['name']}: predictions",
            "version": model["id"],
            "description": f"Predictions of the champion of {model['name']}, now model {model['id']}.",
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Record": record,
                "Predictions": _predictions(facts),
                "Error": _object({"detail": {"type": "string"}}, ["detail"]),
                "Problems": _object(
                    {
                        "detail": {"type": "string"},
                        "model": {"type": "string"},
                        "problems": {"type": "array", "items": _object(_PROBLEM_FIELDS, list(_PROBLEM_FIELDS))},
                    },
                    ["detail", "model", "problems"],
                ),
            }
        },
    }
    if not is_open:
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "browser": {"type": "http", "scheme": "basic", "description": "any name, the key as password"},
        }
        secured: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}, {"browser": []}]
        for path, methods in paths.items():
            for operation in methods.values():
                if path not in ("/health", "/ready"):
                    operation["security"] = secured
                    operation["responses"]["401"] = _answer("The API key is missing or unknown", _ref("Error"))
    return document


def example_record(schema: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """A row that the model takes."""
    return {column["name"]: _example(column, facts) for column in schema["columns"] if column["required"]}


def _record(schema: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    columns = schema["columns"]
    record = _object(
        {column["name"]: _property(column, facts) for column in columns},
        [column["name"] for column in columns if column["required"]],
    )
    return {**record, "additionalProperties": False}


def _property(column: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    kind = column["kind"]
    if kind == "numeric":
        seen = (
            {"description": f"in training from {column['minimum']:g} to {column['maximum']:g}"}
            if "minimum" in column
            else {}
        )
        return {"type": ["number", "null"], "minimum": -1e300, "maximum": 1e300, **seen}
    if kind == "boolean":
        return {"type": ["boolean", "null"]}
    if kind == "categorical" and "categories" in column:
        return {"enum": [*column["categories"], None]}
    if kind == "date":
        example = facts.get("dates", {}).get(column["name"], "2024-12-31")
        return {"type": ["string", "null"], "description": f"a date such as {example}", "examples": [example]}
    if kind == "drop":
        return {"description": "the model does not look at it"}
    return {"type": ["string", "null"]}


def _example(column: Mapping[str, Any], facts: Mapping[str, Any]) -> Any:
    kind = column["kind"]
    if kind == "numeric":
        low, high = column.get("minimum", 0.0), column.get("maximum", 0.0)
        return float(f"{low / 2 + high / 2:.3g}")
    if kind == "boolean":
        return True
    if kind == "categorical" and column.get("categories"):
        return column["categories"][0]
    if kind == "date":
        return facts.get("dates", {}).get(column["name"], "2024-12-31")
    return "some text"


def _csv_example(schema: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    lines = io.StringIO()
    record = example_record(schema, facts)
    csv.writer(lines, lineterminator="\n").writerows([list(record), list(record.values())])
    return lines.getvalue()


def _predictions(facts: Mapping[str, Any]) -> dict[str, Any]:
    classes = facts.get("classes") or []
    label: dict[str, Any] = {"enum": classes} if classes else {"type": ["number", "null"]}
    one: dict[str, Any] = {"prediction": label}
    if facts.get("has_probabilities"):
        one["probabilities"] = {"type": "object", "additionalProperties": {"type": ["number", "null"]}}
    return _object(
        {"model": {"type": "string"}, "predictions": {"type": "array", "items": _object(one, list(one))}},
        ["model", "predictions"],
    )


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": required}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(description: str, schema: Mapping[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": dict(schema)}}}


def _get(summary: str, schema: Mapping[str, Any], kind: str = "application/json", is_secured: bool = True) -> dict:
    return {"summary": summary, "responses": {"200": _answer(summary, schema, kind)}}

"""Requests as hypothesis draws them: near enough to the SDK's schemas to get past the validation, and strange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from embedded_server import schemas

#: values that a program tends to stumble over
_TEXTS = st.sampled_from(
    ["", "a", "abc", "-", "__$all", "__$not", "-x", "^a", "(", "[", ".*", "%", "'", '"', "\0", "a.b.c", "$", "\ud800",
     "é" * 40, "1", "nan", "2026-01-01", ">=2026-01-01T00:00:00Z", ">", "1e999", "99999999999", "0" * 32,
     "W1sxXSwyXQ==", "bnVsbA=="]
)  # fmt: skip
_INTEGERS = st.sampled_from([0, 1, -1, 2, 7, 500, 2**31, -(2**31), 2**63, -(2**70)])
_NUMBERS = st.one_of(_INTEGERS, st.sampled_from([0.5, -1.5, 1e308, 1700000000.0]))
ANYTHING = st.sampled_from(
    [None, True, False, 0, -1, 2**63, 0.5, 1e308, "", "a", "\ud800", [], [None], [[]], [0], ["a", "a"], [{}], {},
     {"a": None}, {"a": {"a": 1}}, {"": ""},
     {"fields": ["a"], "pattern": "("}, {"fields": ["name"], "pattern": None}, {"include": 1},
     {"any": {"include": ["a"]}, "all": {"exclude": [None]}}, {"key": "k", "type": "t", "value": "v"}, {"task": 1}]
)  # fmt: skip

#: fields of documents, as filters, order and choice name them
_FIELDS = st.sampled_from(
    ["id", "name", "-name", "status", "project", "project.name", "tags", "system_tags", "created", "-last_update",
     "hyperparams", "hyperparams.Args.x.value", "execution.artifacts", "execution.artifacts.key", "models.input.model",
     "last_metrics", "last_metrics.a.b.value", "metadata.k.value", "entries.task.name", "script.requirements",
     "user.name", "parent.name", "last_iteration", "uri", "runtime.a", "no_such", "a..b", "", ".", "-", "@text_score",
     "$"]
)  # fmt: skip
_EVENTS = st.fixed_dictionaries(
    {"type": st.one_of(st.sampled_from(["training_stats_scalar", "training_stats_vector", "plot", "log",
                                        "training_debug_image"]), ANYTHING)},
    optional={
        "metric": ANYTHING, "variant": ANYTHING, "iter": st.one_of(_NUMBERS, ANYTHING), "timestamp": _NUMBERS,
        "value": st.one_of(_NUMBERS, ANYTHING), "values": ANYTHING, "plot_str": _TEXTS, "url": _TEXTS, "msg": ANYTHING,
        "level": ANYTHING, "worker": ANYTHING, "model_event": st.booleans(), "allow_locked": st.booleans(),
    },
)  # fmt: skip


class Requests:
    """Draws requests of any endpoint.

    Args:
        ids: ids of objects that the server has, by the name that a request gives to such an id.
    """

    def __init__(self, ids: Mapping[str, Sequence[str]]) -> None:
        self._ids = ids
        self._made: dict[str, st.SearchStrategy[Any]] = {}
        self._any_id = st.sampled_from([one for some in ids.values() for one in some])

    def of(self, endpoint: str) -> st.SearchStrategy[Any]:
        """Requests of an endpoint; in one of some twenty nothing is as it should be."""
        if endpoint not in self._made:
            self._made[endpoint] = self._make(endpoint)
        return self._made[endpoint]

    def _make(self, endpoint: str) -> st.SearchStrategy[Any]:
        if endpoint == "events.add":
            fitting: st.SearchStrategy[Any] = self._event()
        elif endpoint.endswith("_batch"):
            items = self._event() if endpoint.startswith("events") else self._object(_schema("tasks.update"), {})
            fitting = st.fixed_dictionaries({"requests": st.lists(items, max_size=3)})
        else:
            schema = _schema(endpoint)
            fitting = self._object(schema, schema.get("definitions", {}))
            if ".get_" in endpoint:
                more = st.dictionaries(
                    st.one_of(_FIELDS, st.sampled_from(["id", "ids", "filters"])), ANYTHING, max_size=1
                )
                fitting = st.builds(lambda request, extra: {**extra, **request}, fitting, more)
        strange = st.dictionaries(st.one_of(_TEXTS, _FIELDS), ANYTHING, max_size=3)
        return st.integers(0, 19).flatmap(lambda dice: fitting if dice else strange)

    def _event(self) -> st.SearchStrategy[Any]:
        return st.builds(lambda event, task: {**event, "task": task}, _EVENTS, st.one_of(self._any_id, ANYTHING))

    def _object(self, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        properties = schema.get("properties", {})
        required = set(schema.get("required", ())) & set(properties)
        fields = {name: self._value(name, one, definitions) for name, one in properties.items()}
        if not fields:
            return st.dictionaries(_TEXTS, ANYTHING, max_size=2)
        chosen = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
        return chosen.flatmap(lambda names: st.fixed_dictionaries({n: fields[n] for n in sorted({*names, *required})}))

    def _value(self, name: str, schema: Any, definitions: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        if not isinstance(schema, dict):
            return ANYTHING
        if "$ref" in schema:
            return self._value(name, definitions.get(schema["$ref"].rsplit("/", 1)[-1], {}), definitions)
        if "oneOf" in schema:
            return self._value(name, schema["oneOf"][0], definitions)
        if name in {"only_fields", "order_by", "fields"}:
            return st.lists(_FIELDS, max_size=3)
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        kinds = schema.get("type", "object")
        kind = kinds if isinstance(kinds, str) else next(one for one in kinds if one != "null")
        if kind == "array":
            return st.lists(self._value(name.removesuffix("s"), schema.get("items", {}), definitions), max_size=3)
        if kind == "object" and not schema.get("properties"):
            inner = schema.get("additionalProperties")
            value = self._value("", inner, definitions) if isinstance(inner, dict) else ANYTHING
            return st.dictionaries(_TEXTS, value, max_size=2)
        if kind == "string":
            own = self._ids.get(name)
            return st.one_of(st.sampled_from(own), self._any_id, _TEXTS) if own else st.one_of(_TEXTS, self._any_id)
        plain: dict[str, st.SearchStrategy[Any]] = {
            "integer": _INTEGERS, "number": _NUMBERS, "boolean": st.booleans(), "null": st.none(),
        }  # fmt: skip
        return plain[kind] if kind in plain else self._object(schema, definitions)


def _schema(endpoint: str) -> Mapping[str, Any]:
    """The schema of an endpoint, or of one that is like it."""
    known = schemas.request_schema(endpoint.replace("_ex", "")) or schemas.request_schema(endpoint)
    return known or {"properties": {name: {} for name in _KEYS}}


#: what requests of actions without a schema may hold
_KEYS = ("id", "user", "name", "queue", "tasks", "token", "preferences", "only_fields", "last_seen", "event_type")

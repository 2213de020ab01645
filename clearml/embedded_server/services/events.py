"""Reporting and forgetting events."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities.summaries import add_to_summaries
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, timestamp
from embedded_server.storage.events import LOG_TYPE, SCALAR_TYPE, TYPES, Event, Point

_LOCKED = frozenset({"published", "publishing"})
_LARGEST = 2**63 - 1
_LARGEST_FLOAT = sys.float_info.max
#: what a client sends beside an event, which is no part of it
_FLAGS = ("allow_locked", "model_event", "skip_validation")


class RejectedError(Exception):
    """An event that cannot be stored; its text says why."""


@action("events.add")
def add(call: Call, request: Request) -> Answer:
    """Stores one event."""
    return _add(call, [request])


@action("events.add_batch")
def add_batch(call: Call, request: Request) -> Answer:
    """Stores the events of a batch that can be stored, and says why the others cannot."""
    events = request.get("events", request.get("requests", []))
    if not events:
        raise ApiError(400, 17, "No events were given")
    return _add(call, events)


@action("events.delete_for_task")
def delete_for_task(call: Call, request: Request) -> Answer:
    """Forgets all events of a task; its last metrics stay."""
    task = existing_owner(call, request["task"])
    refuse_locked(task, request)
    return {"deleted": call.store.events.delete(task["id"])}


@action("events.delete_for_model")
def delete_for_model(call: Call, request: Request) -> Answer:
    """Forgets all events of a model; its last metrics stay."""
    model = existing_owner(call, request["model"], is_model=True)
    return {"deleted": call.store.events.delete(model["id"])}


@action("events.clear_scroll")
def clear_scroll(call: Call, request: Request) -> Answer:
    """Does nothing: a scroll id holds its own state."""
    return {}


def existing_owner(call: Call, id: str, is_model: bool = False) -> Document:
    """The task or model with an id.

    Raises:
        ApiError: 400/101 for a task, 400/201 for a model.
    """
    found = call.store.documents.get("models" if is_model else "tasks", id)
    if found is None:
        raise ApiError(400, 201 if is_model else 101, f"Invalid {'model' if is_model else 'task'} id: id={id}")
    return found


def refuse_locked(task: Document, request: Request) -> None:
    """Refuses to touch the events of a published task, unless the request insists.

    Raises:
        ApiError: 400/110.
    """
    if task.get("status") in _LOCKED and not request.get("allow_locked"):
        raise ApiError(400, 110, f"Invalid task status: task {task['id']} is published and therefore locked")


class _Owners:
    """The tasks and models of a batch, each read once."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._found: dict[tuple[str, str], Document | None] = {}
        self._last: tuple[Any, Any, Any] = (None, None, None)
        self._last_key = ("", "")

    def find(self, event: Event) -> tuple[str, str]:
        """Collection and id of the task or model that an event belongs to."""
        owner_id = event.get("task")
        words = (owner_id, event.get("model_event"), event.get("allow_locked"))
        if words == self._last:  # as nearly always
            return self._last_key
        if not isinstance(owner_id, str) or not owner_id:
            raise RejectedError("Event has no task")
        collection = "models" if event.get("model_event") else "tasks"
        key = (collection, owner_id)
        if key not in self._found:
            self._found[key] = self._call.store.documents.get(collection, owner_id)
        owner = self._found[key]
        if owner is None:
            raise RejectedError(f"Invalid {collection[:-1]} id")
        if owner.get("status") in _LOCKED and not event.get("allow_locked"):
            raise RejectedError("Task is published and therefore locked")
        self._last, self._last_key = words, key
        return key

    def document(self, key: tuple[str, str]) -> Document:
        document = self._found[key]
        assert document is not None
        return document


class _Batch:
    """What one task or model has reported in a batch."""

    def __init__(self) -> None:
        self.curves: dict[tuple[str, str], list[Point]] = {}
        self.others: list[Event] = []
        self.count = 0
        self.last_iteration = 0

    def add(self, event: Event, now: int) -> None:
        """Takes an event, or refuses it."""
        if event.get("type") == SCALAR_TYPE:
            iteration = self._add_scalar(event, now)
        else:
            checked = _checked(event, now)
            self.others.append(checked)
            iteration = checked.get("iter", 0)
        self.count += 1
        if iteration > self.last_iteration:  # a single value's is below all others
            self.last_iteration = iteration

    def _add_scalar(self, event: Event, now: int) -> int:
        get = event.get
        metric, variant, value = get("metric"), get("variant"), get("value")
        iteration, moment = get("iter"), get("timestamp")
        # Nearly all events are exactly so; whatever is not is looked at with care.
        if type(metric) is not str or type(variant) is not str:
            metric, variant = _text(event, "metric"), _text(event, "variant")
        if type(value) is not float or not -_LARGEST_FLOAT <= value <= _LARGEST_FLOAT:
            value = _finite(value)
        if type(iteration) is not int or type(moment) is not int or not -_LARGEST <= iteration + moment <= _LARGEST:
            iteration, moment = _integer(event, "iter", 0), _integer(event, "timestamp", now)
        self.curves.setdefault((metric, variant), []).append((iteration, moment, value))
        return iteration


def _add(call: Call, events: list[Any]) -> Answer:
    owners = _Owners(call)
    accepted: dict[tuple[str, str], _Batch] = {}
    errors: Counter[str] = Counter()
    now = int(time.time() * 1000)
    for event in events:
        try:
            key = owners.find(event if isinstance(event, dict) else {})
            if key not in accepted:
                accepted[key] = _Batch()
            accepted[key].add(event, now)
        except RejectedError as error:
            errors[str(error)] += 1
    for key, batch in accepted.items():
        if batch.count:
            call.store.events.add_curves(key[1], batch.curves)
            call.store.events.add(batch.others)
            _summarise(call, key[0], owners.document(key), batch)
    added = sum(batch.count for batch in accepted.values())
    if not added:
        raise ApiError(400, 131, f"Events were not added: {', '.join(errors)}", {"errors_info": dict(errors)})
    return {"added": added, "errors": sum(errors.values()), "errors_info": dict(errors)}


def _summarise(call: Call, collection: str, owner: Document, batch: _Batch) -> None:
    """Updates what a task or model knows of its events."""
    add_to_summaries(owner.setdefault("last_metrics", {}), batch.curves)
    owner["last_iteration"] = max(owner.get("last_iteration") or 0, batch.last_iteration)
    owner["last_update"] = timestamp()
    call.store.documents.put(collection, owner)


def _checked(event: Event, now: int) -> Event:
    """The event as it is stored: with all its fields, each of the right type."""
    kind = event.get("type")
    if not isinstance(kind, str) or (kind not in TYPES and kind != LOG_TYPE):
        raise RejectedError("Invalid event type")
    checked: Event = {"type": kind, "task": event["task"], "timestamp": _integer(event, "timestamp", now)}
    if kind == LOG_TYPE:
        if event.get("iter") is not None:
            checked["iter"] = _integer(event, "iter", 0)
        return checked | {name: _text(event, name) for name in ("msg", "level", "worker")}
    checked["iter"] = _integer(event, "iter", 0)
    checked["metric"], checked["variant"] = _text(event, "metric"), _text(event, "variant")
    more = {name: value for name, value in event.items() if name not in checked and name not in _FLAGS}
    if kind == "training_stats_vector":
        values = event.get("values")
        if not isinstance(values, list):
            raise RejectedError("Event field values is not a list of numbers")
        more["values"] = [_finite(value) for value in values]
    elif kind == "plot":
        more["plot_str"] = _text(event, "plot_str")
    return {**more, **checked}


def _integer(event: Event, name: str, default: int) -> int:
    value = event.get(name)
    if value is None:
        return default
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise RejectedError(f"Event field {name} is not a whole number")
    return value


def _finite(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise RejectedError("Event value is not a finite number")


def _text(event: Event, name: str) -> str:
    value = event.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RejectedError(f"Event field {name} is not a text")
    return value

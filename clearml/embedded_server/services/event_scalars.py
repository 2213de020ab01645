"""Reading scalars: curves, single values, last values, raw events."""

from __future__ import annotations

from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities.curves import DEFAULT_SAMPLES, Axis, column, curve
from embedded_server.entities.scrolls import read_scroll_id, scroll_id
from embedded_server.errors import ApiError
from embedded_server.services.events import existing_owner
from embedded_server.storage.events import LOG_TYPE, TYPES, Series, metric_names

_AXES: tuple[Axis, ...] = ("iter", "timestamp", "iso_time")
SCALAR_PAGE = 10_000  # events of get_scalar_metric_data
RAW_PAGE = 10_000
LARGEST_RAW_PAGE = 200_000
EVENT_PAGE = 500
LARGEST_EVENT_PAGE = 10_000
MOST_TASKS = 100  # in one comparison
_LAST_VALUES = 100  # of which get_task_latest_scalar_values answers the mean


@action("events.scalar_metrics_iter_histogram")
def scalar_metrics_iter_histogram(call: Call, request: Request) -> Answer:
    """All curves of a task: metric -> variant -> name, x, y."""
    owner = _owner(call, request)
    axis, samples = _axis(request), _samples(request)
    answer: Answer = {}
    for series in call.store.events.series(owner, "scalar", wanted_metrics(request.get("metrics"))):
        points = call.store.events.sampled(series.id, column(axis), samples)
        if points:
            drawn = curve(points, axis)
            answer.setdefault(series.metric, {})[series.variant] = {"name": series.variant, **drawn}
    return answer


@action("events.multi_task_scalar_metrics_iter_histogram")
def multi_task_scalar_metrics_iter_histogram(call: Call, request: Request) -> Answer:
    """The curves of several tasks beside each other: metric -> variant -> task -> name, x, y."""
    axis, samples = _axis(request), _samples(request)
    metrics: Answer = {}
    for one in _several(request):
        owner = existing_owner(call, one, bool(request.get("model_events")))
        for series in call.store.events.series(one, "scalar", wanted_metrics(request.get("metrics"))):
            points = call.store.events.sampled(series.id, column(axis), samples)
            if points:
                variants = metrics.setdefault(series.metric, {}).setdefault(series.variant, {})
                variants[one] = {"name": owner.get("name", one), **curve(points, axis)}
    return {"metrics": metrics}


@action("events.get_task_single_value_metrics")
def get_task_single_value_metrics(call: Call, request: Request) -> Answer:
    """Values that belong to no iteration, of several tasks."""
    tasks = []
    for one in _several(request):
        owner = existing_owner(call, one, bool(request.get("model_events")))
        values = [
            {"metric": metric, "variant": variant, "value": value, "timestamp": timestamp}
            for metric, variant, value, timestamp in call.store.events.single_values(one)
        ]
        if values:
            tasks.append({"task": one, "task_name": owner.get("name", one), "values": values})
    return {"tasks": tasks}


@action("events.get_task_latest_scalar_values")
def get_task_latest_scalar_values(call: Call, request: Request) -> Answer:
    """The last value of each curve, and the mean of its last hundred."""
    task = existing_owner(call, request["task"])
    metrics: dict[str, list[dict[str, Any]]] = {}
    for series in call.store.events.series(task["id"], "scalar"):
        values = call.store.events.last_values(series.id, _LAST_VALUES)
        if values:
            metrics.setdefault(series.metric, []).append(
                {"name": series.variant, "last_value": values[0], "last_100_value": sum(values) / len(values)}
            )
    found = [{"name": name, "variants": variants} for name, variants in metrics.items()]
    return {"metrics": found, "last_iteration": task.get("last_iteration", 0)}


@action("events.get_scalar_metrics_and_variants")
def get_scalar_metrics_and_variants(call: Call, request: Request) -> Answer:
    """The names of all curves: metric -> variants."""
    return {"metrics": dict(metric_names(call.store.events.series(_owner(call, request), "scalar")))}


@action("events.get_scalar_metric_data")
def get_scalar_metric_data(call: Call, request: Request) -> Answer:
    """The scalars of one metric as they were reported, a page at a time."""
    if not request.get("task") or not request.get("metric"):
        raise ApiError(400, 12, "Validation error (task and metric are required)")
    owner = _owner(call, request)
    offset = read_scroll_id(request.get("scroll_id"), 0)
    events, total = call.store.events.scalar_events(owner, {request["metric"]: ()}, SCALAR_PAGE, offset)
    answer = {"events": events, "returned": len(events), "total": total}
    return answer if request.get("no_scroll") else answer | {"scroll_id": scroll_id(offset + len(events))}


@action("events.scalar_metrics_iter_raw")
def scalar_metrics_iter_raw(call: Call, request: Request) -> Answer:
    """The points of one metric without any thinning, a page at a time: variant -> lists by axis and y."""
    owner, axis = _owner(call, request), _axis(request)
    metric = request["metric"].get("metric")
    if not metric:
        raise ApiError(400, 12, "Validation error (metric.metric is required)")
    size = _page_size(request, RAW_PAGE, LARGEST_RAW_PAGE)
    offset = read_scroll_id(request.get("scroll_id"), 0)
    wanted = {metric: request["metric"].get("variants") or ()}
    events, total = call.store.events.scalar_events(owner, wanted, size, offset)
    variants: dict[str, dict[str, list[Any]]] = {}
    for event in events:
        lists = variants.setdefault(event["variant"], {axis: [], "y": []})
        drawn = curve([(event["iter" if axis == "iter" else "timestamp"], event["value"])], axis)
        lists[axis] += drawn["x"]
        lists["y"] += drawn["y"]
    return {
        "variants": variants,
        "returned": len(events),
        "total": total if request.get("count_total") else None,
        "scroll_id": scroll_id(offset + len(events)),
    }


@action("events.get_task_events")
def get_task_events(call: Call, request: Request) -> Answer:
    """Events as they were reported, by time, a page at a time."""
    owner, wanted = _owner(call, request), request.get("event_type")
    if wanted and wanted not in TYPES and wanted != LOG_TYPE:
        raise ApiError(400, 12, f"Validation error (event_type: {wanted!r} is not one of {[*TYPES, LOG_TYPE]})")
    size = _page_size(request, EVENT_PAGE, LARGEST_EVENT_PAGE)
    offset = read_scroll_id(request.get("scroll_id"), 0)
    events, total = call.store.events.page(owner, wanted, request.get("order") == "desc", size, offset)
    return {"events": events, "returned": len(events), "total": total, "scroll_id": scroll_id(offset + len(events))}


@action("events.get_task_metrics")
def get_task_metrics(call: Call, request: Request) -> Answer:
    """The names of metrics of several tasks, a list a task."""
    metrics = []
    for one in _several(request):
        existing_owner(call, one, bool(request.get("model_events")))
        metrics.append({"task": one, "metrics": sorted({series.metric for series in _of_type(call, one, request)})})
    return {"metrics": metrics}


@action("events.get_multi_task_metrics")
def get_multi_task_metrics(call: Call, request: Request) -> Answer:
    """The names of metrics and variants that any of several tasks has."""
    names: dict[str, set[str]] = {}
    for one in _several(request):
        existing_owner(call, one, bool(request.get("model_events")))
        for series in _of_type(call, one, request):
            names.setdefault(series.metric, set()).add(series.variant)
    return {"metrics": [{"metric": metric, "variants": sorted(names[metric])} for metric in sorted(names)]}


def wanted_metrics(items: list[dict[str, Any]] | None) -> dict[str, list[str]]:
    """The ``metrics`` of a request as metric -> variants; an empty metric stands for all."""
    wanted: dict[str, list[str]] = {}
    for item in items or ():
        wanted.setdefault(item.get("metric") or "", []).extend(item.get("variants") or ())
    return wanted


def _of_type(call: Call, owner: str, request: Request) -> list[Series]:
    wanted = request.get("event_type")
    kinds = list(TYPES.values()) if not wanted else [TYPES[wanted]] if wanted in TYPES else []
    return [series for kind in kinds for series in call.store.events.series(owner, kind)]


def _owner(call: Call, request: Request) -> str:
    owner: str = existing_owner(call, request["task"], bool(request.get("model_events")))["id"]
    return owner


def _several(request: Request) -> list[str]:
    tasks = request.get("tasks") or []
    if not tasks:
        raise ApiError(400, 12, "Validation error (tasks: at least one is required)")
    if len(tasks) > MOST_TASKS:
        raise ApiError(400, 12, f"Validation error (tasks: at most {MOST_TASKS})")
    return list(dict.fromkeys(tasks))


def _axis(request: Request) -> Axis:
    name = request.get("key") or "iter"
    for axis in _AXES:
        if name == axis:
            return axis
    raise ApiError(400, 12, f"Validation error (key: {name!r} is not one of {list(_AXES)})")


def _samples(request: Request) -> int:
    samples = request.get("samples")
    return DEFAULT_SAMPLES if samples is None else max(0, samples)


def _page_size(request: Request, default: int, largest: int) -> int:
    return max(1, min(request.get("batch_size") or default, largest))

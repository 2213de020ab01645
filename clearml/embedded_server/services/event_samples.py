"""Reading plots and debug images: the latest ones, and paging through them one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities.scrolls import read_scroll_id, scroll_id
from embedded_server.errors import ApiError
from embedded_server.services.event_scalars import wanted_metrics
from embedded_server.services.events import existing_owner
from embedded_server.storage.events import Event, Kind, Sample, Wanted

_MOST_ITERATIONS = 100

# the latest


@action("events.get_task_plots")
def get_task_plots(call: Call, request: Request) -> Answer:
    """The plots of the latest iterations of each metric and variant."""
    owner = _owner(call, request["task"], request)
    plots = _latest(call, owner, "plot", request)
    return {"plots": plots, "returned": len(plots), "total": len(plots), "scroll_id": None}


@action("events.get_multi_task_plots")
def get_multi_task_plots(call: Call, request: Request) -> Answer:
    """The same of several tasks: metric -> variant -> task -> iteration -> name and plots."""
    found: Answer = {}
    count = 0
    for task in dict.fromkeys(request["tasks"]):
        owner = existing_owner(call, task, bool(request.get("model_events")))
        for plot in _latest(call, task, "plot", request):
            count += 1
            tasks = found.setdefault(plot["metric"], {}).setdefault(plot["variant"], {})
            place = tasks.setdefault(task, {}).setdefault(
                str(plot["iter"]), {"name": owner.get("name", task), "plots": []}
            )
            place["plots"].append(plot)
    return {"plots": found, "returned": count, "total": count, "scroll_id": None}


def _latest(call: Call, owner: str, kind: Kind, request: Request) -> list[Event]:
    events = []
    for series in call.store.events.series(owner, kind, wanted_metrics(request.get("metrics"))):
        events += [sample.event for sample in call.store.events.samples(series, owner, kind, _iterations(request))]
    return events


@action("events.get_vector_metrics_and_variants")
def get_vector_metrics_and_variants(call: Call, request: Request) -> Answer:
    """The names of all vectors."""
    series = call.store.events.series(_owner(call, request["task"], request), "vector")
    names: dict[str, list[str]] = {}
    for one in series:
        names.setdefault(one.metric, []).append(one.variant)
    return {"metrics": [{"metric": metric, "variants": variants} for metric, variants in names.items()]}


@action("events.vector_metrics_iter_histogram")
def vector_metrics_iter_histogram(call: Call, request: Request) -> Answer:
    """The vectors of one metric and variant, by iteration."""
    owner = _owner(call, request["task"], request)
    vectors: list[Event] = []
    for series in call.store.events.series(owner, "vector", {request["metric"]: [request["variant"]]}):
        vectors += [sample.event for sample in reversed(call.store.events.samples(series, owner, "vector"))]
    return {"images": vectors}


# by iterations


@action("events.debug_images")
def debug_images(call: Call, request: Request) -> Answer:
    """Debug images by iteration, the latest first; a scroll id goes on to earlier (or later) ones."""
    return _by_iteration(call, request, "image")


@action("events.plots")
def plots(call: Call, request: Request) -> Answer:
    """Plots by iteration, the latest first; a scroll id goes on to earlier (or later) ones."""
    return _by_iteration(call, request, "plot")


def _by_iteration(call: Call, request: Request, kind: Kind) -> Answer:
    if not request["metrics"]:
        raise ApiError(400, 12, "Validation error (metrics: at least one is required)")
    # task -> [latest, earliest] iteration that the client has seen
    seen: dict[str, list[int]] = {} if request.get("refresh") else read_scroll_id(request.get("scroll_id"), {})
    answer, state = [], dict(seen)
    wanted: dict[str, list[dict[str, Any]]] = {}
    for item in request["metrics"]:
        wanted.setdefault(item["task"], []).append(item)
    for task, items in wanted.items():
        owner = _owner(call, task, request)
        metrics = wanted_metrics(items)
        there = call.store.events.iterations(owner, kind, metrics)
        earlier = request.get("navigate_earlier", True)
        if task in seen:
            latest, earliest = seen[task]
            there = [one for one in there if one < earliest] if earlier else [one for one in there if one > latest]
        chosen = there[: _iterations(request)] if earlier or task not in seen else there[-_iterations(request) :]
        if chosen:
            state[task] = [chosen[0], chosen[-1]]
        iterations = [
            {
                "iter": iteration,
                "events": [sample.event for sample in call.store.events.samples_at(owner, kind, iteration, metrics)],
            }
            for iteration in chosen
        ]
        answer.append({"task": task, "iterations": iterations})
    return {"metrics": answer, "scroll_id": scroll_id(state)}


# one by one


@action("events.get_debug_image_sample")
def get_debug_image_sample(call: Call, request: Request) -> Answer:
    """One debug image: that of an iteration, or the latest before it."""
    wanted = {request["metric"]: [request["variant"]]}
    sample = _at_or_before(call, request, "image", wanted)
    return _image_answer(call, request, sample, sample.place if sample else None, request)


@action("events.next_debug_image_sample")
def next_debug_image_sample(call: Call, request: Request) -> Answer:
    """The debug image before (or after) the one that the scroll id stands at."""
    state = _state(request)
    samples = _in_order(call, request, "image", state)
    place = tuple(state["place"]) if state["place"] else None
    if request.get("next_iteration"):
        samples = [sample for sample in samples if place is None or sample.place[1:] == place[1:]]
    sample = _neighbour(samples, place, request.get("navigate_earlier", True))
    return _image_answer(call, request, sample, sample.place if sample else place, state)


@action("events.get_plot_sample")
def get_plot_sample(call: Call, request: Request) -> Answer:
    """The plots of one metric at an iteration, or at the latest before it."""
    sample = _at_or_before(call, request, "plot", {request["metric"]: []})
    return _plot_answer(call, request, sample, sample.place if sample else None, request)


@action("events.next_plot_sample")
def next_plot_sample(call: Call, request: Request) -> Answer:
    """The plots before (or after) those that the scroll id stands at."""
    state = _state(request)
    place = tuple(state["place"]) if state["place"] else None
    samples = _in_order(call, request, "plot", state)
    if place:
        # All variants of a metric come together.
        samples = [sample for sample in samples if sample.place[:2] != place[:2]]
        if request.get("next_iteration"):
            samples = [sample for sample in samples if sample.metric == place[1]]
    sample = _neighbour(samples, place, request.get("navigate_earlier", True))
    return _plot_answer(call, request, sample, sample.place if sample else place, state)


def _at_or_before(call: Call, request: Request, kind: Kind, wanted: Wanted) -> Sample | None:
    owner = _owner(call, request["task"], request)
    bound = request.get("iteration")
    candidates = [
        sample
        for series in call.store.events.series(owner, kind, wanted)
        for sample in call.store.events.samples(series, owner, kind)
        if bound is None or sample.iteration <= bound
    ]
    return max(candidates, key=lambda sample: sample.place, default=None)


def _in_order(call: Call, request: Request, kind: Kind, state: Mapping[str, Any]) -> list[Sample]:
    """All samples that a person pages through, by iteration, metric and variant."""
    owner = _owner(call, request["task"], request)
    wanted: Wanted | None = {state["metric"]: []} if state["current_metric"] else None
    samples = [
        sample
        for series in call.store.events.series(owner, kind, wanted)
        for sample in call.store.events.samples(series, owner, kind)
    ]
    return sorted(samples, key=lambda sample: sample.place)


def _neighbour(samples: list[Sample], place: tuple[Any, ...] | None, earlier: bool) -> Sample | None:
    if place is None:
        return None
    if earlier:
        return next((sample for sample in reversed(samples) if sample.place < place), None)
    return next((sample for sample in samples if sample.place > place), None)


def _image_answer(call: Call, request: Request, sample: Sample | None, place: Any, state: Mapping[str, Any]) -> Answer:
    wanted = {sample.metric: [sample.variant]} if sample else None
    range_ = _range(call, request, "image", wanted)
    return {"event": sample.event if sample else None, "scroll_id": _position(place, state), **range_}


def _plot_answer(call: Call, request: Request, sample: Sample | None, place: Any, state: Mapping[str, Any]) -> Answer:
    owner = _owner(call, request["task"], request)
    events: list[Event] = []
    if sample:
        together = call.store.events.samples_at(owner, "plot", sample.iteration, {sample.metric: []})
        events = [one.event for one in together]
    range_ = _range(call, request, "plot", {sample.metric: []} if sample else None)
    return {"events": events, "scroll_id": _position(place, state), **range_}


def _range(call: Call, request: Request, kind: Kind, wanted: Wanted | None) -> Answer:
    """The first and the last iteration of what is shown."""
    there = call.store.events.iterations(request["task"], kind, wanted) if wanted else []
    return {"min_iteration": min(there, default=None), "max_iteration": max(there, default=None)}


def _position(place: Any, state: Mapping[str, Any]) -> str:
    metric = place[1] if place else state.get("metric")
    current = state.get("current_metric", state.get("navigate_current_metric", True))
    return scroll_id({"place": place, "metric": metric, "current_metric": current})


def _state(request: Request) -> dict[str, Any]:
    state: dict[str, Any] = read_scroll_id(request["scroll_id"], {})
    if not {"place", "metric", "current_metric"} <= set(state):
        raise ApiError(400, 12, "Validation error (scroll id of another kind of list)")
    return state


def _owner(call: Call, id: str, request: Request) -> str:
    owner: str = existing_owner(call, id, bool(request.get("model_events")))["id"]
    return owner


def _iterations(request: Request) -> int:
    return max(1, min(request.get("iters") or 1, _MOST_ITERATIONS))

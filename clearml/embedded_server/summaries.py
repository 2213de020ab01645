"""The summary of its scalars that a task or model carries in ``last_metrics``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from embedded_server.events import SINGLE_VALUE, Event

Summary = dict[str, Any]


@lru_cache(maxsize=4096)
def name_hash(name: str) -> str:
    """The key of a metric or variant, whose name may hold what no dotted field may."""
    return hashlib.md5(name.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def add_to_summaries(summaries: dict[str, dict[str, Summary]], scalars: Iterable[Event]) -> None:
    """Brings ``last_metrics`` up to date.

    The last value is that of the highest iteration, whatever the order in which events arrive; of several values for
    one iteration it is the one reported last.

    Args:
        summaries: hash of the metric -> hash of the variant -> summary; changed in place.
        scalars: new events, in the order in which they were reported.
    """
    for event in scalars:
        variants = summaries.setdefault(name_hash(event["metric"]), {})
        key = name_hash(event["variant"])
        if key in variants:
            _add(variants[key], event["iter"], event["value"], event["timestamp"])
        else:
            variants[key] = _first(event)


def _first(event: Event) -> Summary:
    value, iteration = event["value"], event["iter"]
    return {
        "metric": event["metric"],
        "variant": event["variant"],
        "value": value,
        "iter": iteration,
        "timestamp": event["timestamp"],
        "min_value": value,
        "min_value_iteration": iteration,
        "max_value": value,
        "max_value_iteration": iteration,
        "first_value": value,
        "first_value_iteration": iteration,
        "count": 1,
        "mean_value": value,
    }


def _add(summary: Summary, iteration: int, value: float, timestamp: int) -> None:
    # A summary that a client wrote by tasks.edit may lack what only this function knows.
    if iteration >= summary.get("iter", SINGLE_VALUE):
        summary |= {"value": value, "iter": iteration, "timestamp": timestamp}
    if value < summary.get("min_value", value) or "min_value" not in summary:
        summary |= {"min_value": value, "min_value_iteration": iteration}
    if value > summary.get("max_value", value) or "max_value" not in summary:
        summary |= {"max_value": value, "max_value_iteration": iteration}
    if iteration < summary.get("first_value_iteration", iteration):
        summary |= {"first_value": value, "first_value_iteration": iteration}
    count = summary.get("count", 0) + 1
    mean = summary.get("mean_value", 0.0)
    summary |= {"count": count, "mean_value": mean + (value - mean) / count}

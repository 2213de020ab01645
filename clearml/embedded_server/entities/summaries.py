"""The summary of its scalars that a task or model carries in ``last_metrics``."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from embedded_server.storage.events import SINGLE_VALUE, Curves, Point

Summary = dict[str, Any]


@lru_cache(maxsize=4096)
def name_hash(name: str) -> str:
    """The key of a metric or variant, whose name may hold what no dotted field may."""
    return hashlib.md5(name.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def add_to_summaries(summaries: dict[str, dict[str, Summary]], curves: Curves) -> None:
    """Brings ``last_metrics`` up to date.

    The last value is that of the highest iteration, whatever the order in which events arrive; of several values for
    one iteration it is the one reported last.

    Args:
        summaries: hash of the metric -> hash of the variant -> summary; changed in place.
        curves: new points, each curve's in the order in which they were reported.
    """
    for (metric, variant), points in curves.items():
        variants = summaries.setdefault(name_hash(metric), {})
        key = name_hash(variant)
        if key not in variants:
            variants[key] = _first(metric, variant, points[0])
            points = points[1:]
        if points:
            _add(variants[key], points)


def _first(metric: str, variant: str, point: Point) -> Summary:
    iteration, moment, value = point
    return {
        "metric": metric,
        "variant": variant,
        "value": value,
        "iter": iteration,
        "timestamp": moment,
        "min_value": value,
        "min_value_iteration": iteration,
        "max_value": value,
        "max_value_iteration": iteration,
        "first_value": value,
        "first_value_iteration": iteration,
        "count": 1,
        "mean_value": value,
    }


def _add(summary: Summary, points: Sequence[Point]) -> None:
    # A summary that a client wrote by tasks.edit may lack what only this function knows.
    last = (summary.get("iter", SINGLE_VALUE), summary.get("timestamp"), summary.get("value"))
    least, greatest = summary.get("min_value", math.inf), summary.get("max_value", -math.inf)
    least_at, greatest_at = summary.get("min_value_iteration"), summary.get("max_value_iteration")
    first_at = summary.get("first_value_iteration", -math.inf)
    first = summary.get("first_value")
    count, mean = summary.get("count", 0), summary.get("mean_value", 0.0)
    for iteration, moment, value in points:
        if iteration >= last[0]:
            last = (iteration, moment, value)
        if value < least:
            least, least_at = value, iteration
        if value > greatest:
            greatest, greatest_at = value, iteration
        if iteration < first_at:
            first, first_at = value, iteration
        count += 1
        mean += (value - mean) / count
    summary |= {
        "iter": last[0], "timestamp": last[1], "value": last[2], "min_value": least, "min_value_iteration": least_at,
        "max_value": greatest, "max_value_iteration": greatest_at, "count": count, "mean_value": mean,
    }  # fmt: skip
    if first is not None:
        summary |= {"first_value": first, "first_value_iteration": first_at}

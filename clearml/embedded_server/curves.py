"""Curves of scalars, thinned for drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Literal

Axis = Literal["iter", "timestamp", "iso_time"]
Point = tuple[int, int, float]

#: points of a curve where a client does not say how many it wants
DEFAULT_SAMPLES = 6000


def curve(points: Sequence[Point], axis: Axis, samples: int) -> dict[str, list[Any]]:
    """A curve as lists of ``x`` and ``y``.

    Args:
        points: (iteration, timestamp in ms, value), by iteration.
        axis: what x is: the iteration, milliseconds since the epoch, or the time in ISO 8601.
        samples: roughly how many points at most; 0 for all.
    """
    pairs = sorted((iteration if axis == "iter" else moment, value) for iteration, moment, value in points)
    if samples > 0:
        pairs = bucket_means(pairs, samples)
    return {"x": [_iso(x) if axis == "iso_time" else x for x, _ in pairs], "y": [y for _, y in pairs]}


def bucket_means(pairs: Sequence[tuple[int, float]], samples: int) -> list[tuple[int, float]]:
    """The mean of each bucket that is not empty, labelled by the bucket's start.

    Buckets are equally wide, whole numbers, and begin at multiples of their width.

    Args:
        pairs: (x, y), by x.
        samples: into how many buckets the range of x is divided.
    """
    if not pairs:
        return []
    width = max(1, math.ceil((pairs[-1][0] - pairs[0][0] + 1) / samples))
    buckets: dict[int, list[float]] = {}
    for x, y in pairs:
        buckets.setdefault(x // width * width, []).append(y)
    return [(start, math.fsum(values) / len(values)) for start, values in buckets.items()]


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

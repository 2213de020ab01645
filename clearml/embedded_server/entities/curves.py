"""Curves of scalars as lists of x and y, for drawing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any, Literal

Axis = Literal["iter", "timestamp", "iso_time"]

#: points of a curve where a client does not say how many it wants
DEFAULT_SAMPLES = 6000


def column(axis: Axis) -> Literal["iteration", "timestamp"]:
    """The column of the stored points from which an axis is made."""
    return "iteration" if axis == "iter" else "timestamp"


def curve(pairs: Iterable[tuple[int, float]], axis: Axis) -> dict[str, list[Any]]:
    """A curve as lists of ``x`` and ``y``.

    Args:
        pairs: (iteration or timestamp in ms, value).
        axis: what x becomes: the iteration, milliseconds since the epoch, or the time in ISO 8601.
    """
    given = list(pairs)
    return {"x": [_iso(x) if axis == "iso_time" else x for x, _ in given], "y": [y for _, y in given]}


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

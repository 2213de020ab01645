"""How values read on a page: numbers, moments, durations, sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

_UNITS = ("B", "kB", "MB", "GB", "TB")


def number(value: Any, digits: int = 6) -> str:
    """A number with as many digits as count; anything else as it is."""
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e6):
        return f"{int(value):,}" if abs(value) < 1e15 else f"{value:.{digits}g}"
    return f"{value:.{digits}g}"


def moment(text: Any) -> str:
    """A moment in ISO 8601 as ``2026-11-21 18:00:05`` in UTC; a client may have written anything else."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return str(text)


def duration(seconds: Any) -> str:
    """Seconds as ``42 s``, ``3 min 5 s``, ``2 h 7 min`` or ``3 d 4 h``."""
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    for large, small, size, step in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            rest = whole % size // step
            return f"{whole // size} {large}" + (f" {rest} {small}" if rest else "")
    return ""


def size(count: Any) -> str:
    """Bytes as ``512 B`` or ``3.4 MB``."""
    if not isinstance(count, (int, float)) or count < 0:
        return ""
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {_UNITS[unit]}"


def words(name: Any) -> str:
    """A name of the wire such as ``in_progress`` as a person says it."""
    text = str(name).replace("_", " ")
    return {"in progress": "running", "created": "draft"}.get(text, text)


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "moment": moment,
    "duration": duration,
    "size": size,
    "words": words,
}

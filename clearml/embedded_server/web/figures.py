"""Plotly figures as tasks report them, made light enough for a page."""

from __future__ import annotations

import array
import base64
import binascii
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

#: points of one trace that a page draws, at most
POINTS = 5000
#: rows of a table that a page shows, at most
ROWS = 500
#: numpy's short names of types, as plotly writes arrays -> type codes of `array`
_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "f4": "f", "f8": "d", "i8": "q", "u8": "Q"}


def figure(text: Any) -> dict[str, Any]:
    """The figure in a plot's text, thinned; an empty one where the text holds none.

    Args:
        text: JSON of ``data`` and ``layout``, as the SDK reports it; a client may have sent anything.
    """
    try:
        found = json.loads(text, parse_constant=lambda _: None) if isinstance(text, str) else text
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        return {"data": [], "layout": {}}
    traces, layout = found.get("data"), found.get("layout")
    return {
        "data": [thinned(trace) for trace in traces if isinstance(trace, dict)] if isinstance(traces, list) else [],
        "layout": layout if isinstance(layout, dict) else {},
    }


def thinned(trace: Mapping[str, Any], count: int = POINTS) -> dict[str, Any]:
    """A trace with at most ``count`` of its points, evenly chosen, the first and the last among them."""
    plain = {name: _values(value) for name, value in trace.items()}
    length = max(
        (len(plain[name]) for name in ("x", "y", "lat", "theta") if isinstance(plain.get(name), list)), default=0
    )
    # a heat map's or surface's x is an axis of it, not a list of points
    if length <= count or isinstance(plain.get("z"), list):
        return plain
    kept = [round(place * (length - 1) / (count - 1)) for place in range(count)]
    return {name: _chosen(value, kept, length) for name, value in plain.items()}


def table(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The headings and rows of a figure that is a table; None for any other."""
    trace = next((one for one in found["data"] if one.get("type") == "table"), None)
    if trace is None or len(found["data"]) > 1:
        return None
    headings = [_text(value) for value in _cells(trace.get("header"))]
    columns = [list(column) if isinstance(column, list) else [column] for column in _cells(trace.get("cells"))]
    columns += [[]] * (len(headings) - len(columns))
    length = min(ROWS, max((len(column) for column in columns), default=0))
    rows = [[_text(column[place]) if place < len(column) else "" for column in columns] for place in range(length)]
    return {"headings": headings, "rows": rows}


def _cells(part: Any) -> list[Any]:
    values = part.get("values") if isinstance(part, Mapping) else None
    return values if isinstance(values, list) else []


def _text(value: Any) -> str:
    if isinstance(value, list):  # a heading may be written in lines
        return " ".join(_text(each) for each in value)
    return "" if value is None else str(value)


def _values(value: Any) -> Any:
    """A list in place of an array that was written as bytes."""
    if not isinstance(value, Mapping) or "bdata" not in value or not isinstance(value.get("dtype"), str):
        return value
    if "shape" in value or value["dtype"].lstrip("<|=") not in _CODES:
        return value  # of several dimensions: plotly reads it itself
    numbers = array.array(_CODES[value["dtype"].lstrip("<|=")])
    try:
        numbers.frombytes(base64.b64decode(value["bdata"]))
    except (binascii.Error, ValueError, TypeError):
        return []
    return [number if math.isfinite(number) else None for number in numbers]  # JSON knows no others


def _chosen(value: Any, kept: Sequence[int], length: int) -> Any:
    if isinstance(value, list) and len(value) == length:
        return [value[place] for place in kept]
    if isinstance(value, Mapping):  # colours and sizes of the points lie one floor below
        return {name: _chosen(_values(each), kept, length) for name, each in value.items()}
    return value

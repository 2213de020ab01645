"""Dates in ONNX: from seconds since 1970 to year, month, day, hour and weekday, in whole numbers.

The calendar is the proleptic Gregorian one, by the algorithm ``civil_from_days`` of Howard Hinnant, chrono-compatible
low-level date algorithms (2013), for dates from the year 0 on, where all divisions are of positive numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.export.conversion import NotConvertible, Obstacle
from models.export.onnx_graph import Graph

_DAY = 86_400  # seconds
_EPOCH = 719_468  # days from 1 March of the year 0 to 1 January 1970
_ERA = 146_097  # days in 400 years


def add_calendar(graph: Graph, encoder: Any, seconds: str) -> str:
    """Adds the parts of dates to a graph.

    Args:
        graph: it grows.
        encoder: a fitted `skrub.DatetimeEncoder`.
        seconds: a value, (n_rows, 1) of 64-bit floats, none missing.

    Returns:
        (n_rows, n_parts), in 64 bits the 32 that the encoder tells.

    Raises:
        NotConvertible: the encoder makes other parts.
    """
    days = graph.node("Floor", graph.node("Div", seconds, graph.constant(np.float64(_DAY))))
    in_day = graph.node("Sub", seconds, graph.node("Mul", days, graph.constant(np.float64(_DAY))))
    hour = graph.node("Floor", graph.node("Div", in_day, graph.constant(np.float64(3600))))
    whole = graph.cast(days, "int64")
    year, month, day = _date(_Whole(graph, whole))
    weekday = _Whole(graph, whole).plus(3).modulo(7).plus(1)  # 1 January 1970 was a Thursday; Monday is 1
    parts = {
        "year": year.value, "month": month.value, "day": day.value, "hour": hour, "total_seconds": seconds,
        "weekday": weekday.value,
    }  # fmt: skip
    wanted = list(encoder.extracted_features_)  # the hour only where a date has a time
    if encoder.periodic_encoding or not set(wanted) <= set(parts):
        raise NotConvertible(Obstacle("date", f"DatetimeEncoder of {', '.join(wanted)} does not convert"))
    return graph.joined([graph.cast(graph.cast(parts[part], "float"), "double") for part in wanted])


class _Whole:
    """Whole numbers in a graph, with the arithmetic that the calendar needs."""

    def __init__(self, graph: Graph, value: str) -> None:
        self.value = value
        self._graph = graph

    def plus(self, other: _Whole | int) -> _Whole:
        return self._with("Add", other)

    def minus(self, other: _Whole | int) -> _Whole:
        return self._with("Sub", other)

    def times(self, other: int) -> _Whole:
        return self._with("Mul", other)

    def over(self, other: int) -> _Whole:
        """The quotient without its rest, of positive numbers."""
        return self._with("Div", other)

    def modulo(self, other: int) -> _Whole:
        """The rest, never negative."""
        return self._with("Mod", other)

    def below(self, other: int) -> _Whole:
        """1 where it is smaller, else 0."""
        is_below = self._graph.node("Less", self.value, self._operand(other))
        return _Whole(self._graph, self._graph.cast(is_below, "int64"))

    def _with(self, operator: str, other: _Whole | int) -> _Whole:
        return _Whole(self._graph, self._graph.node(operator, self.value, self._operand(other)))

    def _operand(self, other: _Whole | int) -> str:
        return other.value if isinstance(other, _Whole) else self._graph.constant(np.int64(other))


def _date(days: _Whole) -> tuple[_Whole, _Whole, _Whole]:
    """Year, month and day of days since 1970; years begin in March within it, so that leap days come last."""
    shifted = days.plus(_EPOCH)
    era = shifted.over(_ERA)
    of_era = shifted.minus(era.times(_ERA))
    leaps = of_era.over(1460).minus(of_era.over(36_524)).plus(of_era.over(_ERA - 1))
    year_of_era = of_era.minus(leaps).over(365)
    of_year = of_era.minus(year_of_era.times(365).plus(year_of_era.over(4)).minus(year_of_era.over(100)))
    from_march = of_year.times(5).plus(2).over(153)
    day = of_year.minus(from_march.times(153).plus(2).over(5)).plus(1)
    is_new_year = from_march.below(10).times(-1).plus(1)  # January and February belong to the next year
    month = from_march.plus(3).minus(is_new_year.times(12))
    year = year_of_era.plus(era.times(400)).plus(is_new_year)
    return year, month, day

"""Figures as data: one description, drawn as SVG in the card and by plotly in ClearML's plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.figure_style import BLUE, GREEN, ORANGE, PURPLE, SKY_BLUE, VERMILION

#: of series, in this order
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY_BLUE, "#7F7F7F", "#A6761D")
#: points of a series, at most
MOST_POINTS = 400

Mode = Literal["line", "steps", "points", "reference"]


@dataclass(frozen=True)
class Series:
    """Points of a chart, in order."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    mode: Mode = "line"


@dataclass(frozen=True)
class Chart:
    """Curves or points on two axes."""

    title: str
    #: what a reader is to see in it, one line
    caption: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    #: of both axes; None where the points decide
    range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Bars:
    """One value a name, with its interval; the first on top."""

    title: str
    caption: str
    x_title: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]


@dataclass(frozen=True)
class Matrix:
    """Counts of pairs of classes: rows are what was true, columns what was predicted."""

    title: str
    caption: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


Figure = Chart | Bars | Matrix


def thinned(
    x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray, most: int = MOST_POINTS
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Some of many points, evenly, with the first and the last; as plain floats."""
    step = max(1.0, (len(x) - 1) / max(1, most - 1))
    positions = sorted({round(number * step) for number in range(min(len(x), most))})
    return tuple(float(x[position]) for position in positions), tuple(float(y[position]) for position in positions)

"""A card's figures as SVG within the page: nothing is loaded, nothing runs, and light or dark is the page's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from models.card.figure import Bars, Chart, Figure, Matrix, Series
from models.card.plotly_figure import coloured
from models.card.text import one_line, shown
from models.figure_style import BLUE

WIDTH = 520
HEIGHT = 340
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 46  # margins of a chart
ROW = 22  # height of a bar with its name
NAMES = 170  # width of the names beside bars
CELL = 46  # of a matrix
TICKS = 5  # on an axis, about
CHARACTERS = 24  # of a name beside a figure


def svg(figure: Figure) -> str:
    """The figure as an element of a page."""
    if isinstance(figure, Chart):
        return _chart(figure)
    return _bars(figure) if isinstance(figure, Bars) else _matrix(figure)


def _chart(chart: Chart) -> str:
    xs = _range([x for series in chart.series for x in series.x], chart.range)
    ys = _range([y for series in chart.series for y in series.y], chart.range)

    def across(x: float) -> float:
        return LEFT + (x - xs[0]) / (xs[1] - xs[0]) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (y - ys[0]) / (ys[1] - ys[0]) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for tick in ticks(*ys):
        parts.append(_line(LEFT, down(tick), WIDTH - RIGHT, down(tick)))
        parts.append(_label(LEFT - 8, down(tick) + 4, _tick(tick), "end"))
    for tick in ticks(*xs):
        parts.append(_line(across(tick), TOP, across(tick), HEIGHT - BOTTOM))
        parts.append(_label(across(tick), HEIGHT - BOTTOM + 18, _tick(tick), "middle"))
    parts.append(_label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, chart.x_title, "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<g transform="rotate(-90 14 {middle:.1f})">{_label(14, middle, chart.y_title, "middle")}</g>')
    for series, colour in coloured(chart):
        points = [(across(x), down(y)) for x, y in zip(series.x, series.y, strict=True)]
        parts.append(_series(series, points, colour))
    height = HEIGHT
    if len(chart.series) > 1:
        for number, (series, colour) in enumerate(coloured(chart)):
            y = HEIGHT + 14 + number * 18
            parts.append(f'<path d="M{LEFT} {y - 4}h18" stroke="{colour}" stroke-width="3"{_dots(series)}/>')
            parts.append(_label(LEFT + 26, y, shown(series.name)))
        height += len(chart.series) * 18 + 6
    return _element(WIDTH, height, f"{chart.title}: {chart.caption}", parts)


def _series(series: Series, points: Sequence[tuple[float, float]], colour: str) -> str:
    if series.mode == "points":
        return "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}" fill-opacity="0.55"/>' for x, y in points
        )
    path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in _corners(series, points))
    width = 1.2 if series.mode == "reference" else 2
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{_dots(series)}/>'
    if series.mode == "line" and len(points) <= 20:  # a few points are worth seeing
        line += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    return line


def _corners(series: Series, points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    for number, (x, y) in enumerate(points):
        if number and series.mode == "steps":
            yield x, points[number - 1][1]
        yield x, y


def _dots(series: Series) -> str:
    return ' stroke-dasharray="3 4"' if series.mode == "reference" else ""


def _bars(bars: Bars) -> str:
    ends = [end for end in (*bars.values, *bars.lows, *bars.highs, 0.0) if end is not None]
    low, high = _range(ends, None)

    def across(x: float) -> float:
        return NAMES + (x - low) / (high - low) * (WIDTH - NAMES - RIGHT)

    height = TOP + ROW * len(bars.names) + BOTTOM
    parts = []
    for tick in ticks(low, high):
        parts.append(_line(across(tick), TOP, across(tick), height - BOTTOM))
        parts.append(_label(across(tick), height - BOTTOM + 18, _tick(tick), "middle"))
    parts.append(_label((NAMES + WIDTH - RIGHT) / 2, height - 8, bars.x_title, "middle"))
    for number, (name, value) in enumerate(zip(bars.names, bars.values, strict=True)):
        y = TOP + ROW * number
        left, right = sorted((across(0.0), across(value)))
        parts.append(_label(NAMES - 8, y + 15, shown(name, CHARACTERS), "end"))
        parts.append(f'<rect x="{left:.1f}" y="{y + 4}" width="{right - left:.1f}" height="{ROW - 8}" fill="{BLUE}"/>')
        begin, end = bars.lows[number], bars.highs[number]
        if begin is not None and end is not None:
            parts.append(
                f'<path d="M{across(begin):.1f} {y + ROW / 2:.1f}H{across(end):.1f}" stroke="currentColor" '
                'stroke-width="1.6"/>'
            )
    return _element(WIDTH, height, f"{bars.title}: {bars.caption}", parts)


def _matrix(matrix: Matrix) -> str:
    size = len(matrix.names)
    longest = max(len(shown(each, CHARACTERS)) for each in matrix.names)
    left, top = min(NAMES, 50 + 7 * longest), 24 + 5 * min(longest, 14)
    parts = [_label(left + CELL * size / 2, 12, "predicted", "middle"), _label(0, top + CELL * size / 2 + 4, "true")]
    for number, each in enumerate(matrix.names):
        label = shown(each, CHARACTERS)
        parts.append(_label(left - 8, top + CELL * number + CELL / 2 + 4, label, "end"))
        x = left + CELL * number + CELL / 2
        turned = _label(x, top - 8, shown(each, 14))
        parts.append(f'<g transform="rotate(-40 {x:.1f} {top - 8})">{turned}</g>')
    for row, counts in enumerate(matrix.counts):
        for column, count in enumerate(counts):
            x, y, share = left + CELL * column, top + CELL * row, count / max(1, sum(counts))
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" fill="{BLUE}" '
                f'fill-opacity="{0.04 + 0.5 * share:.2f}"/>'
            )
            parts.append(_label(x + CELL / 2, y + CELL / 2 + 4, f"{count:,}", "middle"))
    width = max(left + CELL * size + 5 * min(longest, 14), 240)  # the last name leans over the edge
    return _element(width, top + CELL * size + TOP, f"{matrix.title}: {matrix.caption}", parts)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers within a range, about `TICKS` of them.

    Args:
        low: where the range begins.
        high: where it ends, above ``low``.
    """
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _range(values: Sequence[float], given: tuple[float, float] | None) -> tuple[float, float]:
    """The ends of an axis, with some room; never empty."""
    if given:
        return given
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = (high - low) * 0.04 or max(abs(high), 1.0) * 0.5
    return low - room, high + room


def _tick(value: float) -> str:
    return f"{value:.4g}" if abs(value) > 1e-12 else "0"


def _line(x: float, y: float, x_end: float, y_end: float) -> str:
    return (
        f'<path d="M{x:.1f} {y:.1f}L{x_end:.1f} {y_end:.1f}" stroke="currentColor" stroke-opacity="0.14" '
        'stroke-width="1"/>'
    )


def _label(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(one_line(text))}</text>'


def _element(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'role="img" aria-label="{escape(shown(label, 300))}" font-size="12" fill="currentColor" '
        f'font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
    )

"""Figures as SVG: well-formed whatever they say, and at the right place."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from models.card.figure import Bars, Chart, Matrix, Series, thinned
from models.card.svg import HEIGHT, WIDTH, svg, ticks

EVIL = "</svg><script>alert(1)</script>\"' & \x00"
LINE = Chart("ROC", "of a", "false", "true", (Series("a", (0.0, 0.5, 1.0), (0.0, 0.9, 1.0)),), (0.0, 1.0))
FIGURES = {
    "chart": Chart(
        EVIL, EVIL, EVIL, EVIL,
        (Series(EVIL, (0.0, 1.0), (2.0, 3.0)), Series(EVIL, (0.0,), (2.0,), "points"),
         Series(EVIL, (0.0, 1.0), (2.0, 3.0), "reference")),
    ),
    "bars": Bars(EVIL, EVIL, EVIL, (EVIL, "b"), (0.5, -0.1), (0.4, None), (0.6, None)),
    "matrix": Matrix(EVIL, EVIL, (EVIL, "b"), ((3, 0), (1, 2))),
    "flat": Chart("t", "c", "x", "y", (Series("a", (1.0, 1.0), (5.0, 5.0), "steps"), )),
    "empty bars": Bars("t", "c", "x", ("a",), (0.0,), (None,), (None,)),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_well_formed_and_holds_no_script(name):
    text = svg(FIGURES[name])
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {"svg", "path", "text", "g", "circle", "rect"}
    assert "nan" not in text
    assert 'style="' not in text


def test_a_curve_runs_from_corner_to_corner():
    (path,) = re.findall(r'<path d="M([^"]*)" fill="none"', svg(LINE))
    points = [tuple(map(float, point.split())) for point in path.split(" L")]
    (left, bottom), _, (right, top) = points
    assert 0 < left < right < WIDTH
    assert 0 < top < bottom < HEIGHT
    heights = [bottom - y for _, y in points]
    assert heights[1] / heights[2] == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (-3, 7, [-2, 0, 2, 4, 6]), (0, 5e6, [0, 1e6, 2e6, 3e6, 4e6, 5e6])],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)


def test_many_points_are_thinned_and_keep_their_ends():
    x, y = thinned(list(range(10_001)), list(range(10_001)), 100)
    assert len(x) == len(y) == 100
    assert (x[0], x[-1], y[-1]) == (0.0, 10_000.0, 10_000.0)
    assert thinned([1, 2], [3, 4]) == ((1.0, 2.0), (3.0, 4.0))
    assert thinned([1], [3]) == ((1.0,), (3.0,))

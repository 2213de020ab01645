"""Plotly figures, made light enough for a page."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from embedded_server.web.figures import figure, table, thinned


def test_a_figure_without_much_in_it_stays_as_it_is() -> None:
    given = {"data": [{"type": "scatter", "x": [1, 2], "y": [3, 4]}], "layout": {"height": 300}}
    assert figure(json.dumps(given)) == given


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", '{"data": 3, "layout": []}', '{"data": [1]}', None, 7])
def test_what_is_no_figure_is_an_empty_one(text: Any) -> None:
    assert figure(text) == {"data": [], "layout": {}}


def test_many_points_are_thinned_evenly_with_all_that_belongs_to_them() -> None:
    numbers = list(range(10_001))
    trace = {"x": numbers, "y": numbers, "text": [str(n) for n in numbers], "marker": {"color": numbers, "size": 3}}
    found = thinned(trace, 101)
    assert found["x"] == found["y"] == found["marker"]["color"] == list(range(0, 10_001, 100))
    assert found["text"][-1] == "10000"
    assert found["marker"]["size"] == 3


def test_the_axes_of_a_heat_map_are_not_thinned() -> None:
    trace = {"type": "heatmap", "x": list(range(20)), "y": list(range(20)), "z": [[1.0] * 20] * 20}
    assert thinned(trace, 5) == trace


def test_arrays_that_are_written_as_bytes_are_read() -> None:
    given = base64.b64encode(struct.pack("<3d", 1.5, float("nan"), 2.5)).decode()
    assert thinned({"x": {"dtype": "f8", "bdata": given}})["x"] == [1.5, None, 2.5]
    assert thinned({"x": {"dtype": "f8", "bdata": "!"}})["x"] == []
    matrix = {"dtype": "f8", "bdata": given, "shape": "3, 1"}
    assert thinned({"z": matrix})["z"] == matrix


def test_a_table_is_rows() -> None:
    drawn = figure(
        {"data": [{"type": "table", "header": {"values": ["a", ["b", "c"]]}, "cells": {"values": [[1, 2], ["x"]]}}]}
    )
    assert table(drawn) == {"headings": ["a", "b c"], "rows": [["1", "x"], ["2", ""]]}
    assert table({"data": [{"type": "bar"}], "layout": {}}) is None
    assert table({"data": [{"type": "table"}], "layout": {}}) == {"headings": [], "rows": []}

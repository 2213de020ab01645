"""Drift as plots of a task: plotly figures as plain dictionaries."""

from __future__ import annotations

from typing import Any

from models.drift.report import DriftReport
from models.figure_style import BLUE, TEXT_COLOUR, VERMILION, axis, layout

#: Columns that are drawn at most, the worst.
COLUMNS = 40


def distances_figure(report: DriftReport) -> dict[str, Any]:
    """The index of the columns and predictions beside what chance gives, the worst on top."""
    shown = [*report.columns[:COLUMNS], *report.predictions][::-1]
    names = [column.name for column in shown]
    colours = [VERMILION if column.moved else BLUE for column in shown]
    limit = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": report.limit, "x1": report.limit,
             "line": {"color": VERMILION, "dash": "dot"}}  # fmt: skip
    return {
        "data": [
            {"type": "bar", "orientation": "h", "name": "PSI", "y": names, "marker": {"color": colours},
             "x": [column.worst.psi for column in shown], "text": [column.finding for column in shown]},
            {"type": "scatter", "mode": "markers", "name": "by chance", "y": names,
             "x": [column.worst.psi_by_chance for column in shown],
             "marker": {"color": TEXT_COLOUR, "symbol": "line-ns-open", "size": 12}},
        ],
        "layout": {
            **layout(report.summary), "shapes": [limit], "showlegend": False,
            "xaxis": {**axis(), "title": {"text": "population stability index"}, "rangemode": "tozero"},
            "yaxis": {**axis(), "automargin": True},
        },
    }  # fmt: skip


def table_figure(report: DriftReport) -> dict[str, Any]:
    """The report as a table, the worst column on top."""
    headings, *rows = report.cells()
    headings[0] = "column"
    cells = {"values": [list(column) for column in zip(*rows, strict=True)], "align": "left"}
    return {"data": [{"type": "table", "header": {"values": headings, "align": "left"}, "cells": cells}], "layout": {}}

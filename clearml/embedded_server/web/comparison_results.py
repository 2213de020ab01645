"""What the searches of several experiments found: Pareto fronts and leaderboards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.web import figures

#: titles under which a search reports what is compared here
FRONT, LEADERBOARD = "Pareto front", "Leaderboard"
LEADERBOARD_ROWS = 10
#: columns of a leaderboard that say nothing about a pipeline; beside each other, leaderboards have little room
_LEFT_OUT = frozenset({"seconds", "generation"})


def fronts(store: Store, tasks: Sequence[Document]) -> list[dict[str, Any]]:
    """The latest Pareto front of each experiment, in one chart for all that have the same axes.

    Returns:
        ``x_title``, ``y_title``, ``logarithmic``, and for each experiment ``x``, ``y``, what the points say (``text``)
        and whether they are a line (``connected``).
    """
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for task in tasks:
        figure = _latest_figure(store, task["id"], FRONT)
        trace = next((one for one in figure["data"] if one.get("name") == FRONT), None)
        if trace is None:
            continue
        layout = figure["layout"]
        titles = _axis_title(layout, "xaxis").replace(", logarithmic", ""), _axis_title(layout, "yaxis")
        group = groups.setdefault(
            titles, {"x_title": titles[0], "y_title": titles[1], "logarithmic": False, "experiments": []}
        )
        group["logarithmic"] |= _axis(layout, "xaxis").get("type") == "log"
        group["experiments"].append(
            {
                "experiment": task["id"],
                "x": _list(trace.get("x")),
                "y": _list(trace.get("y")),
                "text": _list(trace.get("text")),
                "connected": "lines" in str(trace.get("mode", "")),
            }
        )
    return list(groups.values())


def leaderboards(store: Store, tasks: Sequence[Document]) -> list[dict[str, Any]]:
    """The first rows of each experiment's latest leaderboard, for those that have one."""
    found = []
    for task in tasks:
        board = leaderboard(store, task["id"])
        if board is not None:
            kept = [place for place, heading in enumerate(board["headings"]) if heading not in _LEFT_OUT]
            rows = [[row[place] for place in kept] for row in board["rows"][:LEADERBOARD_ROWS]]
            headings = [board["headings"][place] for place in kept]
            told = {"headings": headings, "rows": rows, "total": len(board["rows"])}
            found.append({"experiment": task["id"], **told})
    return found


def leaderboard(store: Store, id: str) -> dict[str, Any] | None:
    """The latest table that an experiment has reported as its leaderboard: ``headings`` and ``rows`` of texts."""
    table = figures.table(_latest_figure(store, id, LEADERBOARD))
    return table if table and table["rows"] else None


def _latest_figure(store: Store, id: str, title: str) -> dict[str, Any]:
    """The latest plot of a title, of the first series where it has several; an empty one where there is none."""
    for series in store.events.series(id, "plot", {title: ()}):
        for sample in store.events.samples(series, id, "plot", latest=1):
            return figures.figure(sample.event.get("plot_str"))
    return figures.figure(None)


def _axis_title(layout: dict[str, Any], axis: str) -> str:
    title = _axis(layout, axis).get("title")
    return str(title.get("text", "") if isinstance(title, dict) else title or "")


def _axis(layout: dict[str, Any], axis: str) -> dict[str, Any]:
    found = layout.get(axis)
    return found if isinstance(found, dict) else {}


def _list(values: Any) -> list[Any]:
    return values if isinstance(values, list) else []

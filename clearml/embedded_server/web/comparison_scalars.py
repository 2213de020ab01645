"""The scalars of several experiments: curves to lay over each other, and single values beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.storage.events import SINGLE_VALUE
from embedded_server.web.experiment_row import SEARCH_TITLE, summaries

#: points of all curves of a page together, about; what it takes to draw them grows with it
POINTS = 60_000
FEWEST_SAMPLES, MOST_SAMPLES = 50, 1000


def charts(store: Store, tasks: Sequence[Document]) -> list[dict[str, Any]]:
    """One chart for each title and series, with a curve for each experiment that has reported it.

    Args:
        store: where the scalars are.
        tasks: the experiments.

    Returns:
        Titles, that of a search's scores first, each with its ``charts``: ``series``, ``curves`` over the iteration,
        and ``last``, the last value of each experiment (None where it has none).
    """
    found = [(task["id"], series) for task in tasks for series in store.events.series(task["id"], "scalar")]
    samples = min(MOST_SAMPLES, max(FEWEST_SAMPLES, POINTS // max(1, len(found))))
    curves: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for task_id, series in found:
        points = store.events.sampled(series.id, "iteration", samples)
        if points:
            x, y = zip(*points, strict=True)
            curves.setdefault((series.metric, series.variant), []).append(
                {"experiment": task_id, "x": list(x), "y": list(y)}
            )
    titles: dict[str, list[dict[str, Any]]] = {}
    for title, series_name in sorted(curves, key=lambda names: (names[0] != SEARCH_TITLE, names)):
        drawn = curves[title, series_name]
        last = {curve["experiment"]: curve["y"][-1] for curve in drawn}
        chart = {"series": series_name, "curves": drawn, "last": [last.get(task["id"]) for task in tasks]}
        titles.setdefault(title, []).append(chart)
    return [{"title": title, "charts": titles[title]} for title in titles]


def single_values(tasks: Sequence[Document]) -> list[dict[str, Any]]:
    """Values that belong to no iteration: name -> one value for each experiment, None where it has none."""
    rows: dict[str, dict[str, float]] = {}
    for task in tasks:
        for summary in summaries(task):
            if summary.get("iter") == SINGLE_VALUE:
                rows.setdefault(str(summary.get("variant", "")), {})[task["id"]] = summary["value"]
    return [{"name": name, "values": [rows[name].get(task["id"]) for task in tasks]} for name in sorted(rows)]

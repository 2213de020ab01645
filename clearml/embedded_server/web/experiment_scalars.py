"""The curves of an experiment: sampled here, and, while it runs, only what is new."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from embedded_server.calls import Store
from embedded_server.storage.events import SINGLE_VALUE, Series
from embedded_server.web.page import Content, Visit

SAMPLES, MOST_SAMPLES = 600, 5000
Axis = Literal["iteration", "timestamp"]
_PAIR = re.compile(r"([0-9]{1,18}):(-?[0-9]{1,18})$")


def curves(visit: Visit) -> Content:
    """The scalars of a task.

    ``axis`` is ``iteration`` or ``timestamp`` (ms), ``samples`` how many points a curve may have, ``titles`` which
    titles are wanted (all by default). ``after`` says what the page has, as ``series:iteration`` with commas between:
    of these curves only the points from that iteration on are answered, and ``is_whole`` is false.
    """
    store, task = visit.store, visit.place("id")
    axis: Axis = "timestamp" if visit.asked("axis") == "timestamp" else "iteration"
    samples = max(10, visit.asked_number("samples", SAMPLES, MOST_SAMPLES))
    seen = _seen(visit.asked_list("after"))
    titles = visit.request.query_params.getlist("titles")
    found = []
    with store.documents.database.snapshot():
        document = store.documents.get("tasks", task) or {}
        for series in store.events.series(task, "scalar"):
            if (titles and series.metric not in titles) or (last := _last(store, series.id)) is None:
                continue
            drawn = _new_points(store, series, axis, seen[series.id], samples) if series.id in seen else None
            is_whole = drawn is None
            points = store.events.sampled(series.id, axis, samples) if drawn is None else drawn
            if points or is_whole:
                found.append(
                    {
                        "id": series.id,
                        "title": series.metric,
                        "series": series.variant,
                        "is_whole": is_whole,
                        "last": last,
                        "x": [x for x, _ in points],
                        "y": [y if math.isfinite(y) else None for _, y in points],
                    }
                )
    return {"curves": found, "is_live": document.get("status") in {"queued", "in_progress"}}


def _seen(pairs: list[str]) -> dict[int, int]:
    """Series -> the last iteration that the page has; what is no such pair is left out."""
    return {int(match[1]): int(match[2]) for pair in pairs if (match := _PAIR.match(pair))}


def _last(store: Store, series: int) -> int | None:
    """The greatest iteration of a curve; None where it has only a value that belongs to no iteration."""
    with store.documents.database.snapshot() as connection:
        row = connection.execute(
            "SELECT max(iteration) FROM scalars WHERE series = ? AND iteration > ?", (series, SINGLE_VALUE)
        ).fetchone()
    return None if row[0] is None else int(row[0])


def _new_points(store: Store, series: Series, axis: Axis, after: int, samples: int) -> list[tuple[int, float]] | None:
    """The points from an iteration on; None where there are so many that the curve has to be sampled anew."""
    with store.documents.database.snapshot() as connection:
        rows = connection.execute(
            f"SELECT {axis}, value FROM scalars WHERE series = ? AND iteration >= ?"
            " ORDER BY iteration, timestamp LIMIT ?",
            (series.id, after, samples + 1),
        ).fetchall()
    return None if len(rows) > samples else [(row[0], row[1]) for row in rows]


def listed(store: Store, task: str) -> list[dict[str, Any]]:
    """The titles of a task's scalars, each with its series."""
    titles: dict[str, list[str]] = {}
    for series in store.events.series(task, "scalar"):
        titles.setdefault(series.metric, []).append(series.variant)
    order = sorted(titles, key=lambda title: (title != "Search", title == "Summary", title))
    return [{"title": title, "series": titles[title]} for title in order]

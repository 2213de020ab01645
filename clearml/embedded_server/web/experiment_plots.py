"""The plots and debug images of an experiment: which there are, and each as it was at an iteration."""

from __future__ import annotations

import json
import re
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.events import Kind
from embedded_server.web import stored_files
from embedded_server.web.figures import figure, table
from embedded_server.web.page import Content, NotThere, Visit

#: titles of a search's plots, in the order in which a person reads them; others follow by name
FIRST = ("Pareto front", "Leaderboard", "Failures", "Lineage", "Budget")

_NUMBER = re.compile(r"-?[0-9]{1,18}$")


def listed(store: Store, task: str, kind: Kind = "plot") -> list[dict[str, Any]]:
    """The plots or images of a task by title and series, each with the iterations that it was reported for.

    Returns:
        For each ``id`` (of the series), ``title``, ``series`` and ``iterations``, ascending.
    """
    with store.documents.database.snapshot() as connection:
        rows = connection.execute(
            # the iterations are in an index: no plot is read
            "SELECT s.id, s.metric, s.variant, (SELECT json_group_array(iteration) FROM"
            " (SELECT iteration FROM event_bodies WHERE series = s.id ORDER BY iteration)) AS iterations"
            " FROM event_series AS s WHERE s.owner = ? AND s.kind = ?",
            (task, kind),
        ).fetchall()
    found = [
        {"id": row[0], "title": row[1], "series": row[2], "iterations": json.loads(row[3])}
        for row in rows
        if row[3] != "[]"
    ]
    return sorted(found, key=lambda plot: (_place(plot["title"]), plot["title"], plot["series"]))


def _place(title: str) -> int:
    return FIRST.index(title) if title in FIRST else len(FIRST)


def body(store: Store, task: str, series: int, iteration: int, kind: Kind = "plot") -> dict[str, Any] | None:
    """What was reported for an iteration of a task's series; None where there is nothing."""
    with store.documents.database.snapshot() as connection:
        row = connection.execute(
            "SELECT b.body FROM event_series AS s JOIN event_bodies AS b ON b.series = s.id"
            " WHERE s.id = ? AND s.owner = ? AND s.kind = ? AND b.iteration = ?",
            (series, task, kind, iteration),
        ).fetchone()
    found = json.loads(row[0]) if row else None
    return found if isinstance(found, dict) else None


def plot(visit: Visit) -> Content:
    """The figure of a series at an iteration: ``data``, ``layout`` and, of a table, ``table``."""
    series, iteration = (_NUMBER.match(visit.place(name)) for name in ("series", "iteration"))
    found = series and iteration and body(visit.store, visit.place("id"), int(series[0]), int(iteration[0]))
    if not found:
        raise NotThere("There is no such plot.")
    drawn = figure(found.get("plot_str"))
    return {"table": cells} if (cells := table(drawn)) else drawn


def latest_table(store: Store, task: str, plots: list[dict[str, Any]], title: str) -> dict[str, Any] | None:
    """The latest state of the first table under a title."""
    for each in plots:
        if each["title"] == title and (found := body(store, task, each["id"], each["iterations"][-1])):
            return table(figure(found.get("plot_str")))
    return None


def images(store: Store, task: str) -> list[dict[str, Any]]:
    """The debug images as `listed`, each iteration with the address of its picture."""
    found = []
    for each in listed(store, task, "image"):
        pictures = [(iteration, body(store, task, each["id"], iteration, "image")) for iteration in each["iterations"]]
        addresses = [
            {"iteration": iteration, "link": stored_files.link(store, picture.get("url"))}
            for iteration, picture in pictures
            if picture
        ]
        found.append({**each, "pictures": [one for one in addresses if one["link"]]})
    return found

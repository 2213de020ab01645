"""An experiment at a glance: how far its search is, what it has found, what the time went into, what it published."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.storage.events import SINGLE_VALUE
from embedded_server.web import experiment_plots, stored_files
from embedded_server.web.experiment_row import (
    BEST,
    HOLDOUT,
    SEARCH_TITLE,
    SINGLE_TITLE,
    moment,
    parameter,
    score,
    summaries,
)
from embedded_server.web.page import Content

#: rows of the leaderboard that the overview shows
LEADERS = 10
#: the plots of a search that the overview shows beside the leaderboard
SHOWN = ("Pareto front", "Failures", "Lineage", "Budget")


def overview(store: Store, task: Document) -> Content:
    """What the first tab shows."""
    last = {(each.get("metric"), each.get("variant")): each for each in summaries(task)}
    plots = experiment_plots.listed(store, task["id"])
    leaderboard = experiment_plots.latest_table(store, task["id"], plots, "Leaderboard")
    is_search = score(task, SEARCH_TITLE, BEST) is not None
    return {
        "is_search": is_search,
        "has_scalars": bool(store.events.series(task["id"], "scalar")),
        "best": score(task, SEARCH_TITLE, BEST),
        "holdout": score(task, SINGLE_TITLE, HOLDOUT),
        "generations": parameter(task, "Search", "generations"),
        "generation": last[SEARCH_TITLE, "evaluations"].get("iter") if (SEARCH_TITLE, "evaluations") in last else None,
        "numbers": _numbers(last),
        "budget": budget(task, last),
        "single_values": single_values(task),
        "leaderboard": leaderboard and {**leaderboard, "rows": leaderboard["rows"][:LEADERS]},
        "plots": [plot for plot in plots if plot["title"] in SHOWN] if is_search else plots[:4],
        "models": models(store, task),
        "message": task.get("status_message") or task.get("status_reason") or "",
    }


def _numbers(last: dict[tuple[Any, Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """What a search reports with each generation, in words."""
    wanted = (
        (SEARCH_TITLE, "evaluations", "Evaluations"),
        (SEARCH_TITLE, "evaluations per second", "Each second"),
        (SEARCH_TITLE, "valid share", "Valid"),
        (SEARCH_TITLE, "pareto size", "On the front"),
        ("Pool", "workers", "Workers"),
        ("Pool", "utilisation", "Utilisation"),
    )
    return [
        {"word": word, "value": last[title, series]["value"], "is_share": series in {"valid share", "utilisation"}}
        for title, series, word in wanted
        if (title, series) in last
    ]


def budget(task: Document, last: dict[tuple[Any, Any], dict[str, Any]]) -> dict[str, Any] | None:
    """How much of the time that a search was given is spent; None where it was given none.

    Returns:
        ``seconds`` that were given, ``spent`` of them, ``share`` from 0 to 1, ``left`` and, of what has ended,
        ``overrun``.
    """
    try:
        seconds = float(parameter(task, "Budget", "time_left") or "")
    except ValueError:
        return None
    reported = last.get(("Budget", "spent seconds"))
    spent = float(reported["value"]) if reported else 0.0
    if task.get("status") == "in_progress" and reported and isinstance(reported.get("timestamp"), int):
        since = datetime.now(timezone.utc).timestamp() - reported["timestamp"] / 1000
        spent += max(0.0, since)
    overrun = last.get((SINGLE_TITLE, "overrun seconds"))
    return {
        "seconds": seconds,
        "spent": round(spent, 1),
        "share": min(1.0, spent / seconds) if seconds > 0 else 1.0,
        "left": round(max(0.0, seconds - spent), 1),
        "overrun": overrun["value"] if overrun else None,
    }


def single_values(task: Document) -> list[dict[str, Any]]:
    """The values that belong to no iteration, by name."""
    found = [
        {"title": each.get("metric", ""), "name": str(each.get("variant", "")), "value": each["value"]}
        for each in summaries(task)
        if each.get("iter") == SINGLE_VALUE
    ]
    return sorted(found, key=lambda each: (each["title"], each["name"]))


def models(store: Store, task: Document) -> list[dict[str, Any]]:
    """The models that it took and those that it made, as links."""
    entries = [
        (kind, entry)
        for kind in ("output", "input")
        for entry in (task.get("models") or {}).get(kind) or ()
        if isinstance(entry, dict)
    ]
    known = store.documents.get_many("models", [str(entry.get("model")) for _, entry in entries])
    made = [("output", {"model": one["id"]}) for one in store.documents.find("models", {"task": task["id"]})]
    known |= store.documents.get_many("models", [entry["model"] for _, entry in made])
    found: dict[str, dict[str, Any]] = {}
    for kind, entry in [*entries, *made]:
        name = str(entry.get("model", ""))
        model = known.get(name)
        found.setdefault(
            name,
            {
                "id": name,
                "kind": kind,
                "name": (model or entry).get("name", name),
                "link": f"/models/{name}" if model else None,
                "is_published": bool(model and model.get("ready")),
                "tags": model.get("tags", []) if model else [],
                "framework": model.get("framework", "") if model else "",
                "file": stored_files.link(store, model.get("uri")) if model else None,
            },
        )
    return list(found.values())


def is_late(task: Document) -> bool:
    """Whether nothing has been heard of a running task for long enough to ask why."""
    heard = moment(task.get("last_update"))
    silent = (datetime.now(timezone.utc) - heard).total_seconds() if heard else 0.0
    return task.get("status") == "in_progress" and silent > 300

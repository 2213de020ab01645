"""The scores of several experiments on rows that their searches never saw, with what is known of their uncertainty."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.storage.events import SINGLE_VALUE
from embedded_server.web.comparison_results import leaderboard
from embedded_server.web.experiment_row import BEST, HOLDOUT, SEARCH_TITLE, parameter, summaries

#: of the normal distribution, for an interval that holds the true value in 95 of 100 cases
_Z = 1.959963984540054

_HOLDOUT = re.compile(r"hold-out (?P<metric>.+?)(?P<ensemble> ensemble)?(?P<bound> low| high)?")


def scores(task: Document) -> dict[str, float]:
    """The scores of an experiment by name: ``hold-out …`` and ``cv …``, or the search's ``best …`` if it has none."""
    single: dict[str, float] = {}
    best: dict[str, float] = {}
    for summary in summaries(task):
        name = str(summary.get("variant", ""))
        if summary.get("iter") == SINGLE_VALUE and name.startswith((HOLDOUT, "cv ")):
            single[name] = summary["value"]
        elif summary.get("metric") == SEARCH_TITLE and name.startswith(BEST):
            best[name] = summary["value"]
    judged = {name: value for name, value in single.items() if not name.endswith((" low", " high"))}
    return dict(sorted(judged.items(), reverse=True)) or best


def holdout_scores(store: Store, tasks: Sequence[Document]) -> list[dict[str, Any]]:
    """Hold-out scores by metric, with what is known of their uncertainty.

    Returns:
        For each metric its rows: ``experiment``, ``model`` (pipeline or ensemble), ``value``, ``low`` and ``high`` of a
        95 % interval (None where none is known) with ``interval`` saying where it comes from, and ``cv`` with its
        ``deviation`` over the folds.
    """
    metrics: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        values = {
            str(summary.get("variant", "")): summary["value"]
            for summary in summaries(task)
            if summary.get("iter") == SINGLE_VALUE
        }
        for name in sorted(values):
            match = _HOLDOUT.fullmatch(name)
            if match and not match["bound"]:
                row = _holdout_row(store, task, values, match["metric"], match["ensemble"] or "")
                metrics.setdefault(match["metric"], []).append(row)
    return [{"metric": metric, "rows": metrics[metric]} for metric in sorted(metrics)]


def _holdout_row(store: Store, task: Document, values: dict[str, float], metric: str, ensemble: str) -> dict[str, Any]:
    name = f"hold-out {metric}{ensemble}"
    low, high, interval = _interval(store, task, values, name, metric)
    cv = values.get(f"cv {metric}{ensemble}")
    return {
        "experiment": task["id"],
        "model": ensemble.strip() or "pipeline",
        "value": values[name],
        "low": low,
        "high": high,
        "interval": interval,
        "cv": cv,
        "deviation": None if cv is None or ensemble else _fold_deviation(store, task, cv),
    }


def _interval(
    store: Store, task: Document, values: dict[str, float], name: str, metric: str
) -> tuple[float | None, float | None, str]:
    """A 95 % interval of a hold-out score: as reported, else of an accuracy by its number of rows, else none."""
    if f"{name} low" in values and f"{name} high" in values:
        return values[f"{name} low"], values[f"{name} high"], "as the run reports it"
    rows = _holdout_rows(store, task)
    if metric == "accuracy" and rows and 0 <= values[name] <= 1:
        low, high = wilson_interval(values[name], rows)
        return low, high, f"Wilson, of {rows:,} hold-out rows"
    known = f"; it was scored on {rows:,} rows" if rows else ""
    return None, None, f"the run reports none{known}"


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share seen among so many independent rows (E. B. Wilson, 1927, doi:10.2307/2276774)."""
    spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    middle, scale = share + _Z**2 / (2 * count), 1 + _Z**2 / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _holdout_rows(store: Store, task: Document) -> int | None:
    """How many rows a run held out, where settings and model tell, and rows were drawn one by one and count alike."""
    drawn_by_row = parameter(task, "Data", "split") in (None, "", "random")
    if not drawn_by_row or parameter(task, "Data", "group_column") or parameter(task, "Data", "weight_column"):
        return None
    for entry in (task.get("models") or {}).get("output") or ():
        model = store.documents.get("models", entry.get("model", "")) or {}
        try:
            rows = int(model.get("metadata", {})["rows"]["value"])
            share = float(parameter(task, "Data", "holdout_share") or "")
        except (KeyError, TypeError, ValueError):
            continue
        if rows > 0 and 0 < share < 1:
            return math.ceil(rows * share)
    return None


def _fold_deviation(store: Store, task: Document, cv: float) -> float | None:
    """The standard deviation over the folds of the pipeline that was published, as its leaderboard tells it."""
    board = leaderboard(store, task["id"])
    if board is None or len(board["headings"]) < 3 or not board["headings"][2].startswith("±"):
        return None
    for row in board["rows"]:
        try:
            score, deviation = float(row[1]), float(row[2])
        except ValueError:
            continue
        if abs(score - cv) < 5.1e-5:  # the leaderboard rounds to four digits
            return deviation
    return None

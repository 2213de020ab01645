"""An experiment as a line of a table: what its task says, as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import PurePosixPath
from typing import Any

from embedded_server.entities.records import ARCHIVED
from embedded_server.storage.documents import Document

#: the title under which a search reports its scores, and the prefix of the series of the best so far
SEARCH_TITLE, BEST = "Search", "best "
#: the title that the SDK gives to values that belong to no iteration, and the prefix of the honest score
SINGLE_TITLE, HOLDOUT = "Summary", "hold-out "
#: the hyperparameter that names the table an experiment learns from
TABLE = ("Data", "data")
LIVE = frozenset({"queued", "in_progress"})


def row(task: Document, project: str, extra: Iterable[str] = ()) -> dict[str, Any]:
    """Everything that a table can show of an experiment.

    Args:
        task: the document.
        project: name of its project.
        extra: further columns, each a key such as ``metric:Search/evaluations`` or ``param:Budget/time_left``.
    """
    return {
        "id": task["id"],
        "name": task.get("name", ""),
        "link": link(task),
        "project": project,
        "project_id": task.get("project"),
        "status": task.get("status", ""),
        "type": task.get("type", ""),
        "tags": task.get("tags", []),
        "is_archived": ARCHIVED in task.get("system_tags", ()),
        "best": score(task, SEARCH_TITLE, BEST),
        "holdout": score(task, SINGLE_TITLE, HOLDOUT),
        "table": table(task),
        "duration": duration(task),
        "started": task.get("started"),
        "created": task.get("created"),
        "updated": task.get("last_update"),
        "worker": task.get("last_worker") or "",
        "iteration": task.get("last_iteration"),
        "comment": task.get("comment") or "",
        "message": task.get("status_message") or task.get("status_reason") or "",
        "extra": {key: value(task, key) for key in extra},
    }


def link(task: Document) -> str:
    """The address of an experiment's page."""
    return f"/projects/{task.get('project') or '*'}/experiments/{task['id']}"


def summaries(task: Document) -> Iterator[dict[str, Any]]:
    """The summaries of its scalars that hold a number; a client may have written anything."""
    metrics = task.get("last_metrics")
    for variants in metrics.values() if isinstance(metrics, dict) else ():
        for summary in variants.values() if isinstance(variants, dict) else ():
            found = summary.get("value") if isinstance(summary, dict) else None
            if isinstance(found, (int, float)) and not isinstance(found, bool):
                yield summary


def score(task: Document, title: str, prefix: str) -> dict[str, Any] | None:
    """The last value of the series of a title that begins with a prefix; what follows it is the metric's name."""
    found = sorted(
        (str(summary.get("variant", "")), summary["value"])
        for summary in summaries(task)
        if summary.get("metric") == title and str(summary.get("variant", "")).startswith(prefix)
    )
    # "hold-out accuracy" comes before "hold-out accuracy ensemble"
    return {"metric": found[0][0].removeprefix(prefix), "value": found[0][1]} if found else None


def table(task: Document) -> str:
    """The name of the table that an experiment learns from, without the way to its file."""
    text = parameter(task, *TABLE) or ""
    return text if text.startswith("dataset:") else PurePosixPath(text.replace("\\", "/")).stem if text else ""


def parameter(task: Document, section: str, name: str) -> str | None:
    """A hyperparameter as text, or None."""
    item = ((task.get("hyperparams") or {}).get(section) or {}).get(name)
    found = item.get("value") if isinstance(item, dict) else item
    return found if found is None or isinstance(found, str) else json.dumps(found)


def value(task: Document, key: str) -> Any:
    """What a further column shows: the last value of a scalar, or a hyperparameter."""
    kind, _, path = key.partition(":")
    first, _, second = path.partition("/")
    if kind == "param":
        return parameter(task, first, second)
    return next(
        (each["value"] for each in summaries(task) if (each.get("metric"), each.get("variant")) == (first, second)),
        None,
    )


def duration(task: Document) -> int | None:
    """Seconds that it has run, or runs already."""
    if task.get("status") == "in_progress" and (start := moment(task.get("started"))):
        return max(0, round((datetime.now(timezone.utc) - start).total_seconds()))
    seconds = task.get("active_duration")
    return seconds if isinstance(seconds, int) else None


def moment(text: Any) -> datetime | None:
    """A moment that a document holds; None for anything else that a client may have written."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def further_columns(tasks: list[Document]) -> list[str]:
    """The keys of all further columns that any of the experiments has a value for."""
    keys = {f"metric:{each.get('metric')}/{each.get('variant')}" for task in tasks for each in summaries(task)}
    for task in tasks:
        for section, items in (task.get("hyperparams") or {}).items():
            keys |= {f"param:{section}/{name}" for name in items or ()}
    return sorted(keys)

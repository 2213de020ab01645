"""The model registry: names, each with its versions, the champion and its challengers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from embedded_server.calls import Store
from embedded_server.entities.records import ARCHIVED
from embedded_server.web import stored_files
from embedded_server.web.experiment_row import link
from embedded_server.web.page import Content, Visit, page

NAMES = 50  # of a page
SHOWN_VERSIONS = 5  # of a name in the list; a model's own page shows all
CHAMPION, CHALLENGER = "champion", "challenger"

#: what a list shows of a version; whole models hold schemas, which are large
_FIELDS = (
    "id", "name", "project", "task", "ready", "tags", "system_tags", "framework", "uri", "created",
    "metadata.metric.value", "metadata.cv_score.value", "metadata.holdout_score.value", "metadata.rows.value",
    "metadata.table_fingerprint.value", "metadata.promotion.value",
)  # fmt: skip


def show(visit: Visit) -> Content:
    """The page ``/models?search=words&page=1``."""
    return registry(visit.store, visit.asked("search").strip(), visit.asked_number("page"))


def registry(store: Store, search: str = "", number: int = 0) -> Content:
    """The models whose name, project, tag or framework holds some words, by name, the latest changed name first.

    Args:
        store: where they are.
        search: words in any case; all models where there are none.
        number: of the page, from 0.
    """
    found = [version for version in versions(store) if not version["archived"] and _matches(version, search)]
    names: dict[str, list[dict[str, Any]]] = {}
    for version in found:
        names.setdefault(version["name"], []).append(version)
    shown = list(names.items())[number * NAMES : (number + 1) * NAMES]
    return {
        "search": search,
        "page": number,
        "more": len(names) > (number + 1) * NAMES,
        "total": len(names),
        "versions": len(found),
        "shown_versions": SHOWN_VERSIONS,
        "models": [group(name, members) for name, members in shown],
    }


def versions(store: Store, where: str = "", parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """What a list shows of models, the newest first; ``version`` counts those of one name from 1, the oldest."""
    rows = [
        dict(zip(_FIELDS, row, strict=True)) for row in store.documents.select("models", _FIELDS, where, parameters)
    ]
    rows.sort(key=lambda row: row["created"] or "")
    tasks = _names(store, "tasks", (row["task"] for row in rows))
    projects = _names(store, "projects", (row["project"] for row in rows))
    counts: dict[str, int] = {}
    found = []
    for row in rows:
        name = row["name"] or ""
        counts[name] = counts.get(name, 0) + 1
        tags = json.loads(row["tags"] or "[]")
        found.append(
            {
                "id": row["id"],
                "name": name,
                "version": counts[name],
                "link": f"/models/{row['id']}",
                "project": projects.get(row["project"], ""),
                "published": bool(row["ready"]),
                "archived": ARCHIVED in json.loads(row["system_tags"] or "[]"),
                "tags": tags,
                "role": role(tags),
                "framework": row["framework"] or "",
                "download": stored_files.link(store, row["uri"]),
                "created": row["created"],
                "metric": row["metadata.metric.value"],
                "cv_score": as_number(row["metadata.cv_score.value"]),
                "holdout_score": as_number(row["metadata.holdout_score.value"]),
                "rows": as_number(row["metadata.rows.value"]),
                "fingerprint": row["metadata.table_fingerprint.value"],
                "promotion": as_number(row["metadata.promotion.value"]),
                "experiment": _experiment(row, tasks),
            }
        )
    return found[::-1]


def group(name: str, members: list[dict[str, Any]]) -> dict[str, Any]:
    """Versions of one name, the newest first, and which of them counts: the champion, else the newest published one."""
    # a promotion that was interrupted leaves two with the tag: the later one counts, by its number
    tagged = [one for one in members if one["role"] == CHAMPION]
    champion = max(tagged, key=lambda one: one["promotion"] or 0, default=None)
    published = next((one for one in members if one["published"]), None)
    return {
        "name": name,
        "versions": members,
        "champion": champion["id"] if champion else None,
        "challengers": sum(one["role"] == CHALLENGER for one in members),
        "current": (champion or published or members[0])["id"],
    }


def role(tags: Sequence[str]) -> str:
    """What a model is among those of its name: champion, challenger, or nothing special."""
    return CHAMPION if CHAMPION in tags else CHALLENGER if CHALLENGER in tags else ""


def as_number(value: Any) -> float | None:
    """A number that metadata holds as text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _matches(version: dict[str, Any], search: str) -> bool:
    text = " ".join([version["name"], version["project"], version["framework"], version["id"], *version["tags"]])
    return all(word in text.lower() for word in search.lower().split())


def _names(store: Store, collection: str, ids: Any) -> dict[str, str]:
    wanted = json.dumps(sorted({one for one in ids if one}))
    rows = store.documents.select(collection, ("id", "name"), "id IN (SELECT value FROM json_each(?))", [wanted])
    return {row_id: name or "" for row_id, name in rows}


def _experiment(row: dict[str, Any], tasks: dict[str, str]) -> dict[str, str] | None:
    if row["task"] not in tasks:
        return None
    return {"id": row["task"], "name": tasks[row["task"]], "link": link({"id": row["task"], "project": row["project"]})}


ROUTES = page("/models", "models.html", show)

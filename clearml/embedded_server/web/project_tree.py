"""The projects as a tree, each with the number of its experiments and of those below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.storage.filters import HIDDEN_TAG

#: the address of all projects together, as the SDK writes it
ALL = "*"


def tree(projects: Iterable[Document], own: Mapping[str, int], chosen: str = "") -> list[dict[str, Any]]:
    """The projects as a flat list in the order in which a tree shows them.

    Args:
        projects: all of them, without the hidden ones.
        own: id of a project -> number of its own experiments.
        chosen: id of the one that is shown.

    Returns:
        For each ``id``, ``name`` (its last part), ``depth`` from 0, ``count`` with all below, ``address`` and
        ``is_chosen``.
    """
    known = sorted(projects, key=lambda project: project["name"].split("/"))
    whole: Counter[str] = Counter()
    for project in known:
        for each in (project["id"], *project.get("path", ())):
            whole[each] += own.get(project["id"], 0)
    return [
        {
            "id": project["id"],
            "name": project["name"].rsplit("/", 1)[-1],
            "depth": len(project.get("path", ())),
            "count": whole[project["id"]],
            "address": address(project["id"]),
            "is_chosen": project["id"] == chosen,
        }
        for project in known
    ]


def address(project: str | None) -> str:
    """The page of a project's experiments."""
    return f"/projects/{project or ALL}/experiments"


def visible(store: Store) -> list[Document]:
    """The projects that are not hidden, such as those that the SDK keeps datasets in."""
    return [one for one in store.documents.query("projects") if HIDDEN_TAG not in one.get("system_tags", ())]


def below(projects: Iterable[Document], id: str) -> list[str]:
    """The id of a project and those of all below it."""
    return [project["id"] for project in projects if project["id"] == id or id in project.get("path", ())]


def breadcrumb(project: Document | None) -> list[tuple[str, str]]:
    """The way to a project from the root, as words and addresses."""
    if project is None:
        return []
    ids = [*project.get("path", ()), project["id"]]
    return [(word, address(each)) for word, each in zip(project["name"].split("/"), ids, strict=False)]

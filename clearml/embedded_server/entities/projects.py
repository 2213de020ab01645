"""The tree of projects: a project's place is its name, with a slash between the names of parent and child."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from embedded_server.calls import Call, Request
from embedded_server.entities import records
from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document


def by_name(call: Call, name: str) -> Document | None:
    """The project of exactly this name."""
    found = call.store.documents.find("projects", {"name": name})
    return found[0] if found else None


def checked_name(name: str) -> str:
    """The name without blanks around its parts and without empty parts: ``/a//b/`` is ``a/b``.

    Raises:
        ApiError: 400/800, it is too short.
    """
    return records.checked_name("/".join(part.strip() for part in name.split("/") if part.strip()))


def create(call: Call, name: str, **fields: Any) -> Document:
    """Makes a project and those of its ancestors that are missing.

    Raises:
        ApiError: 400/801, there is one of that name.
    """
    if by_name(call, name) is not None:
        raise ApiError(400, 801, f"Value combination already exists (unique field already contains this value): {name}")
    project = records.create(
        call, name=name, description="", tags=[], system_tags=[], basename=name.rsplit("/", 1)[-1], path=[]
    )
    project.update(fields)
    place(project, parent_of(call, name))
    call.store.documents.put("projects", project)
    return project


def parent_of(call: Call, name: str) -> Document | None:
    """The parent of a project of this name, made where it is missing; None for a project at the root."""
    parent, slash, _ = name.rpartition("/")
    return (by_name(call, parent) or create(call, parent)) if slash else None


def place(project: Document, parent: Document | None) -> None:
    """Notes a project's parent and the path to it."""
    project["path"] = [*parent["path"], parent["id"]] if parent else []
    if parent:
        project["parent"] = parent["id"]
    else:
        project.pop("parent", None)


def descendants(call: Call, project: str) -> list[Document]:
    """The projects below one, by name."""
    return call.store.documents.query(
        "projects", "EXISTS (SELECT 1 FROM json_each(body, '$.path') WHERE value = ?)", [project], ["name"]
    )


def with_descendants(call: Call, projects: Iterable[str | None]) -> list[Any]:
    """The ids and those of all projects below."""
    ids: dict[Any, None] = {}
    for project in projects:
        ids[project] = None
        if project:
            ids.update(dict.fromkeys(found["id"] for found in descendants(call, project)))
    return list(ids)


def rename(call: Call, project: Document, name: str) -> int:
    """Gives a project another name, and so its descendants; how many projects changed.

    Raises:
        ApiError: 400/801, another project has that name.
    """
    old = project["name"]
    if name == old:
        return 0
    if by_name(call, name) is not None:
        raise ApiError(400, 801, f"Value combination already exists (unique field already contains this value): {name}")
    below = descendants(call, project["id"])
    project.update(name=name, basename=name.rsplit("/", 1)[-1])
    place(project, parent_of(call, name))
    records.touch(call, project)
    call.store.documents.put("projects", project)
    placed = {project["id"]: project}
    for child in sorted(below, key=lambda child: len(child["path"])):
        child["name"] = name + child["name"][len(old) :]
        place(child, placed[child["parent"]])
        placed[child["id"]] = child
        call.store.documents.put("projects", child)
    return len(placed)


def destination(call: Call, request: Request) -> str:
    """The id of the project that a move request names, made where it names one that is missing.

    Raises:
        ApiError: 400/401 for an unknown id, 400/11 where neither id nor name is given.
    """
    if request.get("project"):
        return str(records.require(call, "projects", request["project"])["id"])
    if request.get("project_name"):
        name = checked_name(request["project_name"])
        return str((by_name(call, name) or create(call, name))["id"])
    raise ApiError(400, 11, "Missing required fields: project or project_name")

"""The table of experiments: of a project and those below it, or of all."""

from __future__ import annotations

from collections import Counter
from typing import Any

from embedded_server.entities.task_states import TRANSITIONS
from embedded_server.storage.documents import Document
from embedded_server.web import project_tree
from embedded_server.web.columns import chosen, offered
from embedded_server.web.experiment_query import Candidate, ExperimentQuery, known_sort, read
from embedded_server.web.experiment_row import LIVE, further_columns, row
from embedded_server.web.page import Content, NotThere, Visit, page

ROWS = 50  # of a page
MOST_ROWS = 200
#: tags that the filter offers, the most used first
OFFERED_TAGS = 40


def show(visit: Visit) -> Content:
    """A page of the table, and what is needed to narrow it down."""
    store = visit.store
    projects = project_tree.visible(store)
    project = _project(visit, projects)
    query = ExperimentQuery(
        projects=project_tree.below(projects, project["id"]) if project else [],
        statuses=[one for one in visit.asked_list("status") if one in TRANSITIONS],
        tags=visit.asked_list("tag"),
        text=visit.asked("q"),
        is_archived=visit.asked("archived") == "yes",
        sort=known_sort(visit.asked("sort")),
    )
    candidates = query.candidates(store)
    found = query.choose(candidates)
    size = max(1, visit.asked_number("rows", ROWS, MOST_ROWS))
    last = max(0, (len(found) - 1) // size)
    number = min(visit.asked_number("page"), last)
    tasks = read(store, found[number * size : (number + 1) * size])
    names = {each["id"]: each["name"] for each in projects}
    columns = chosen(visit.asked_list("columns"))
    further = [column.key for column in columns if column.is_further]
    own = Counter(one.project for one in candidates)
    return {
        "project": {"id": project["id"], "name": project["name"]} if project else None,
        "breadcrumb": project_tree.breadcrumb(project),
        "projects": project_tree.tree(projects, own, project["id"] if project else ""),
        "rows": [row(task, names.get(task.get("project") or "", ""), further) for task in tasks],
        "total": len(found),
        "page": number,
        "pages": last + 1,
        "size": size,
        "sort": query.sort,
        "filters": {
            "text": query.text,
            "statuses": query.statuses,
            "tags": query.tags,
            "is_archived": query.is_archived,
        },
        "columns": [column.plain() for column in columns],
        "offered_columns": [column.plain() for column in offered(columns, further_columns(tasks))],
        **_facets(query, candidates),
        "is_live": any(one.status in LIVE for one in candidates),
    }


def _project(visit: Visit, projects: list[Document]) -> Document | None:
    """The project of the address; None where it is all of them."""
    wanted = visit.request.path_params.get("project", project_tree.ALL)
    if wanted == project_tree.ALL:
        return None
    found = next((one for one in projects if one["id"] == wanted), None) or visit.store.documents.get(
        "projects", wanted
    )
    if found is None:
        raise NotThere("There is no such project, or it has been deleted.")
    return found


def _facets(query: ExperimentQuery, candidates: list[Candidate]) -> dict[str, Any]:
    """By which statuses and tags the project's experiments can be narrowed down, and how many have each."""
    here = query.in_projects(candidates)
    statuses = Counter(one.status for one in here)
    tags = Counter(tag for one in here for tag in one.tags)
    most_used = sorted(tags, key=lambda tag: (-tags[tag], tag))[:OFFERED_TAGS]
    return {
        "statuses": [
            {"name": name, "count": statuses[name]} for name in TRANSITIONS if statuses[name] or name in query.statuses
        ],
        "tags": [{"name": name, "count": tags[name]} for name in dict.fromkeys([*query.tags, *most_used])],
    }


ROUTES = [
    *page("/", "experiments.html", show),
    *page("/experiments", "experiments.html", show),
    *page("/projects/{project}/experiments", "experiments.html", show),
    *page("/projects/{project}", "experiments.html", show),
]

"""Two to ten experiments beside each other; the address holds which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.web import comparison_holdout, comparison_results, comparison_scalars, comparison_settings
from embedded_server.web.experiment_row import LIVE, link
from embedded_server.web.page import Content, Visit, data, page

FEWEST, MOST = 2, 10
#: latest experiments that are offered to be added
OFFERED = 200
#: of an id, to tell experiments of one name apart
SHORT_ID = 8


def show(visit: Visit) -> Content:
    """The page ``/compare?ids=a,b&only=differences``; ``unknown`` is what `add` has not found."""
    chosen, unknown = visit.asked_list("ids"), visit.asked("unknown")
    only = visit.asked("only") == "differences"
    content = compare(visit.store, chosen[:MOST], only)
    if len(chosen) > MOST:
        content["notes"].append(f"At most {MOST} can be compared; these are the first {MOST} of {len(chosen)}")
    if unknown:
        content["notes"].append(f"There is no other experiment whose id is, or whose name holds, {unknown!r}")
    return content


def add(visit: Visit) -> Response:
    """``/compare/add?ids=a,b&add=words``: leads to the page with one experiment more."""
    chosen, wanted = visit.asked_list("ids"), visit.asked("add").strip()
    only = visit.asked("only") == "differences"
    found = find_experiment(visit.store, wanted, chosen) if wanted else None
    target = address([*chosen, *([found] if found else [])], only)
    return RedirectResponse(target if found or not wanted else f"{target}&unknown={quote(wanted)}", 303)


def compare(store: Store, ids: Sequence[str], only_differences: bool = False) -> Content:
    """Everything that the page shows of the experiments with these ids, in their order."""
    found = store.documents.get_many("tasks", ids)
    tasks = [found[one] for one in ids if one in found]
    lost = [one for one in ids if one not in found]
    selection = [task["id"] for task in tasks]
    return {
        "selection": selection,
        "places": {one: place for place, one in enumerate(selection)},
        "address": address(selection, only_differences),
        "only_differences": only_differences,
        "is_live": any(task.get("status") in LIVE for task in tasks),
        "fewest": FEWEST,
        "most": MOST,
        "notes": [f"Experiment {one} does not exist (any more)" for one in lost],
        "experiments": experiments(store, tasks, only_differences),
        "offered": offered(store, selection) if len(selection) < MOST else [],
        "holdout": comparison_holdout.holdout_scores(store, tasks),
        "fronts": comparison_results.fronts(store, tasks),
        "scalars": comparison_scalars.charts(store, tasks),
        "single_values": comparison_scalars.single_values(tasks),
        "settings": comparison_settings.sections(tasks),
        "parallel": comparison_settings.parallel_coordinates(tasks),
        "leaderboards": comparison_results.leaderboards(store, tasks),
    }


def address(ids: Sequence[str], only_differences: bool = False) -> str:
    """The page's address with a selection."""
    return f"/compare?ids={quote(','.join(ids), safe=',')}{'&only=differences' if only_differences else ''}"


def experiments(store: Store, tasks: Sequence[Document], only_differences: bool) -> list[dict[str, Any]]:
    """What a page's heading says of each experiment, and the address without it."""
    projects = store.documents.get_many("projects", [task["project"] for task in tasks if task.get("project")])
    ids = [task["id"] for task in tasks]
    labels = unique_labels(tasks)
    return [
        {
            "id": task["id"],
            "label": labels[task["id"]],
            "name": task.get("name", ""),
            "project": projects.get(task.get("project") or "", {}).get("name", ""),
            "status": task.get("status", ""),
            "started": task.get("started"),
            "link": link(task),
            "address_without": address([one for one in ids if one != task["id"]], only_differences),
        }
        for task in tasks
    ]


def unique_labels(tasks: Sequence[Document]) -> dict[str, str]:
    """Id -> name, with the beginning of the id where another has the same name."""
    counts = Counter(task.get("name", "") for task in tasks)
    return {
        task["id"]: task.get("name", "")
        if counts[task.get("name", "")] == 1
        else f"{task.get('name', '')} ({task['id'][:SHORT_ID]})"
        for task in tasks
    }


def offered(store: Store, chosen: Sequence[str]) -> list[dict[str, str]]:
    """The latest experiments that can be added."""
    latest = store.documents.query(
        "tasks",
        "NOT EXISTS (SELECT 1 FROM json_each(system_tags) WHERE value IN ('archived', 'hidden'))",
        order_by=["-last_update"],
        limit=OFFERED + len(chosen),
    )
    left = [task for task in latest if task["id"] not in chosen][:OFFERED]
    return [{"id": task["id"], "name": task.get("name", ""), "status": task.get("status", "")} for task in left]


def find_experiment(store: Store, wanted: str, chosen: Sequence[str]) -> str | None:
    """The experiment with an id, or the latest one whose name is, or holds, some words; none that is chosen already."""
    if wanted in chosen:
        return None
    if store.documents.get("tasks", wanted) is not None:
        return wanted
    for condition in (
        "json_extract(body, '$.\"name\"') = ?",
        "instr(lower(json_extract(body, '$.\"name\"')), lower(?))",
    ):
        for task in store.documents.query("tasks", condition, [wanted], ["-last_update"], limit=MOST + 1):
            if task["id"] not in chosen:
                return str(task["id"])
    return None


ROUTES = [*page("/compare", "comparison.html", show), data("/compare/add", add)]

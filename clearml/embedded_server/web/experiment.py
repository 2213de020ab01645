"""One experiment, under whichever address the SDK prints for it; a tab an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.web import (
    experiment_console,
    experiment_definition,
    experiment_plots,
    experiment_scalars,
    project_tree,
)
from embedded_server.web.experiment_overview import is_late, overview
from embedded_server.web.experiment_row import LIVE, row
from embedded_server.web.page import Content, NotThere, Visit, data, page

#: tab -> its word, and what it shows of a task
TABS: dict[str, tuple[str, Callable[[Store, Document], Any]]] = {
    "": ("Overview", overview),
    "scalars": ("Scalars", lambda store, task: experiment_scalars.listed(store, task["id"])),
    "plots": ("Plots", lambda store, task: experiment_plots.listed(store, task["id"])),
    "configuration": ("Configuration", lambda _, task: experiment_definition.configuration(task)),
    "artifacts": ("Artifacts", experiment_definition.artifacts),
    "console": ("Console", lambda store, task: experiment_console.lines(store, task["id"])),
    "images": ("Debug images", lambda store, task: experiment_plots.images(store, task["id"])),
    "info": ("Info", experiment_definition.info),
}
#: how the addresses that the SDK and the genuine pages use begin -> tab
_ADDRESSES = {
    "output/log": "console",
    "info-output/log": "console",
    "info-output/metrics/scalar": "scalars",
    "info-output/metrics/plots": "plots",
    "info-output/debugImages": "images",
    "hyper-params": "configuration",
    "artifacts": "artifacts",
    "models": "artifacts",
    "execution": "info",
    "general": "info",
}


def show(visit: Visit) -> Content:
    """What is above the tabs, and the tab that the address names."""
    store = visit.store
    task = store.documents.get("tasks", visit.place("id"))
    if task is None:
        raise NotThere("There is no such experiment, or it has been deleted.")
    project = store.documents.get("projects", str(task.get("project"))) if task.get("project") else None
    head = row(task, project["name"] if project else "")
    tab = tab_of(visit.request.path_params.get("after", ""))
    return {
        "task": {**head, "message": head["message"], "is_live": head["status"] in LIVE, "is_silent": is_late(task)},
        "breadcrumb": project_tree.breadcrumb(project),
        "tabs": [{"address": address(head["link"], name), "word": TABS[name][0]} for name in _shown(store, task, tab)],
        "tab": tab,
        "tab_address": address(head["link"], tab),
        "shown": TABS[tab][1](store, task),
        "is_live": head["status"] in LIVE,
    }


def tab_of(path: str) -> str:
    """The tab that the rest of an address names; the first one for what is unknown."""
    path = path.strip("/")
    if path in TABS:
        return path
    return next((tab for begin, tab in _ADDRESSES.items() if f"{path}/".startswith(f"{begin}/")), "")


def address(link: str, tab: str) -> str:
    """The address of a tab."""
    return f"{link}/{tab}" if tab else link


def _shown(store: Store, task: Document, tab: str) -> list[str]:
    """The tabs; that of the images only where there are some."""
    return [name for name in TABS if name != "images" or tab == name or store.events.series(task["id"], "image")]


ROUTES = [
    data("/tasks/{id}/curves", experiment_scalars.curves),
    data("/tasks/{id}/plots/{series}/{iteration}", experiment_plots.plot),
    data("/tasks/{id}/lines", experiment_console.console),
    data("/tasks/{id}/console.txt", experiment_console.download),
    data("/tasks/{id}/artifact-text", experiment_definition.artifact_text),
    *page("/tasks/{id}/{after:path}", "experiment.html", show),
    *page("/tasks/{id}", "experiment.html", show),
    *page("/{before:path}/experiments/{id}/{after:path}", "experiment.html", show),
    *page("/{before:path}/experiments/{id}", "experiment.html", show),
]

"""What the web pages show, read from the store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from embedded_server.calls import Store
from embedded_server.documents import Document
from embedded_server.events import SINGLE_VALUE

ROWS = 50  # of a page of the task list
CONSOLE_LINES = 200
#: the title under which a search reports its scores
SEARCH_TITLE = "Search"


@dataclass(frozen=True)
class Score:
    """The best score of a search so far."""

    metric: str
    value: float


@dataclass(frozen=True)
class Row:
    """A line of the task list."""

    id: str
    name: str
    project: str
    status: str
    started: str | None
    best: Score | None
    link: str


@dataclass(frozen=True)
class Page:
    """A page of the task list."""

    rows: list[Row]
    number: int
    total: int

    @property
    def more(self) -> bool:
        """Whether older tasks follow."""
        return (self.number + 1) * ROWS < self.total

    @property
    def is_live(self) -> bool:
        """Whether it can change by itself soon."""
        return any(row.status in {"queued", "in_progress"} for row in self.rows)


def task_page(store: Store, number: int) -> Page:
    """The tasks that changed last, `ROWS` a page."""
    tasks = store.documents.query("tasks", order_by=["-last_update"], limit=ROWS, offset=number * ROWS)
    names = project_names(store, tasks)
    rows = [
        Row(
            id=task["id"],
            name=task.get("name", ""),
            project=names.get(task.get("project", ""), ""),
            status=task.get("status", ""),
            started=task.get("started"),
            best=best_score(task),
            link=f"/projects/{task.get('project') or '*'}/experiments/{task['id']}",
        )
        for task in tasks
    ]
    return Page(rows, number, store.documents.count("tasks"))


def project_names(store: Store, tasks: list[Document]) -> dict[str, str]:
    """The names of the projects of tasks, by id."""
    ids = {task["project"] for task in tasks if task.get("project")}
    return {project["id"]: project["name"] for project in store.documents.get_many("projects", ids).values()}


def best_score(task: Document) -> Score | None:
    """The last value of the series ``best ...`` under the title `SEARCH_TITLE`."""
    for summary in _summaries(task):
        if summary.get("metric") == SEARCH_TITLE and str(summary.get("variant", "")).startswith("best "):
            return Score(summary["variant"].removeprefix("best "), summary["value"])
    return None


def task_view(store: Store, task: Document) -> dict[str, Any]:
    """Everything that a task's page shows."""
    moments = {"Created": "created", "Started": "started", "Completed": "completed", "Published": "published"}
    lines = store.events.log_lines(task["id"], earlier=True, limit=CONSOLE_LINES)
    execution, models = task.get("execution") or {}, task.get("models") or {}
    return {
        "id": task["id"],
        "name": task.get("name", ""),
        "project": project_names(store, [task]).get(task.get("project", ""), ""),
        "status": task.get("status", ""),
        "type": task.get("type", ""),
        "worker": task.get("last_worker", ""),
        "message": task.get("status_message") or task.get("status_reason") or "",
        "tags": task.get("tags", []),
        "moments": {word: task[field] for word, field in moments.items() if task.get(field)},
        "scalars": sorted((_scalar(one) for one in _summaries(task)), key=lambda one: (one["metric"], one["variant"])),
        "parameters": {
            section: {name: _value(item) for name, item in sorted(items.items())}
            for section, items in sorted((task.get("hyperparams") or {}).items())
        },
        "artifacts": [_artifact(one) for one in execution.get("artifacts") or ()],
        "models": [
            {"id": one.get("model", ""), "name": one.get("name", ""), "kind": kind}
            for kind in ("input", "output")
            for one in models.get(kind) or ()
        ],
        "console": [line["msg"].rstrip("\n") for line in reversed(lines)],
    }


def model_view(model: Document) -> dict[str, Any]:
    """Everything that a model's page shows."""
    metadata = model.get("metadata") or {}
    return {
        **{name: model.get(name) for name in ("id", "name", "uri", "framework", "tags", "ready", "task")},
        "link": web_link(model.get("uri")),
        "metadata": {name: _value(item) for name, item in sorted(metadata.items())},
    }


def web_link(uri: Any) -> str | None:
    """The URI where a browser can follow it; None for any scheme that could do more than open a page."""
    return uri if isinstance(uri, str) and uri.lower().startswith(("http://", "https://")) else None


def _summaries(task: Document) -> list[dict[str, Any]]:
    return [
        summary
        for variants in (task.get("last_metrics") or {}).values()
        for summary in variants.values()
        if isinstance(summary.get("value"), int | float)
    ]


def _scalar(summary: dict[str, Any]) -> dict[str, Any]:
    iteration = summary.get("iter")
    names = ("value", "min_value", "max_value")
    return {
        "metric": summary.get("metric", ""),
        "variant": summary.get("variant", ""),
        **{name: summary.get(name) for name in names},
        "iteration": "" if iteration in (None, SINGLE_VALUE) else iteration,
    }


def _value(item: Any) -> str:
    value = item.get("value", "") if isinstance(item, dict) else item
    return value if isinstance(value, str) else json.dumps(value)


def _artifact(artifact: dict[str, Any]) -> dict[str, Any]:
    size = artifact.get("content_size")
    detail = ", ".join(filter(None, (artifact.get("type"), f"{size:,} bytes" if isinstance(size, int) else None)))
    return {"name": artifact.get("key", ""), "link": web_link(artifact.get("uri")), "detail": detail}

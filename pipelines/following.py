"""Follows a task from outside: waiting, generation after generation, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from config.errors import RunFailed
from experiments.reports.leaderboard import rows_from_json
from experiments.reports.terminal import GenerationLine, ResultSummary, TerminalView
from models.catalog import CHALLENGER, CHAMPION
from pipelines.launching import api_client, task_url

POLLING_INTERVAL = 0.4  # seconds
ENDED = frozenset({"completed", "failed", "stopped", "closed", "published"})


def follow(task_id: str, metric: str, view: TerminalView, broken: Callable[[], str] = lambda: "") -> ResultSummary:
    """Shows a task's progress until it ends.

    Args:
        task_id: the task.
        metric: the scorer's name, which is part of the scalars' names.
        view: what shows it.
        broken: asked why the task cannot go on; empty while it can.

    Returns:
        What the task reported of its result.

    Raises:
        RunFailed: it failed, or was stopped before it had a model.
    """
    from clearml import Task

    task = Task.get_task(task_id=task_id)
    shown = 0
    while True:
        task.reload()
        status = str(task.data.status)
        if status == "queued":
            view.show_waiting("waiting for the agent")
        lines = [] if status == "queued" else generation_lines(task.get_reported_scalars(), metric)
        if status == "in_progress":
            view.begin()
            view.advance((datetime.now(timezone.utc) - task.data.started).total_seconds())
        for line in lines[shown:]:
            view.show_generation(line)
        shown = max(shown, len(lines))
        if status in ENDED:
            return result_summary(task, metric)
        if reason := broken():
            if status == "queued":
                api_client().tasks.dequeue(task=task_id)
            raise RunFailed(f"task {task_id} cannot go on: {reason}")
        time.sleep(POLLING_INTERVAL)


def await_result(task_id: str, metric: str, patience: float) -> ResultSummary | None:
    """The result of a task that was told to stop, as soon as it is there; None where it does not come in time.

    Args:
        task_id: the task.
        metric: the scorer's name.
        patience: seconds to wait.
    """
    from clearml import Task

    task = Task.get_task(task_id=task_id)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        task.reload()
        # a server says stopped at once, and the run is in progress once more until everything is put away
        if str(task.data.status) in ENDED and "evaluation_summary" in task.artifacts:
            return result_summary(task, metric)
        time.sleep(POLLING_INTERVAL)
    return None


def generation_lines(scalars: dict[str, dict[str, dict[str, list[float]]]], metric: str) -> list[GenerationLine]:
    """The lines of all generations whose scalars have arrived as a whole.

    Args:
        scalars: title -> series -> ``{"x": iterations, "y": values}``, as the SDK gives them.
        metric: the scorer's name.
    """
    search = {
        name: dict(zip(series["x"], series["y"], strict=True)) for name, series in scalars.get("Search", {}).items()
    }
    budget = scalars.get("Budget", {}).get("spent seconds", {"x": [], "y": []})
    spent = dict(zip(budget["x"], budget["y"], strict=True))
    lines = []
    for number in sorted(search.get("evaluations", {})):  # reported last of a generation
        lines.append(
            GenerationLine(
                number=int(number),
                best=search.get(f"best {metric}", {}).get(number),
                mean=search.get(f"mean {metric}", {}).get(number),
                evaluations=int(search["evaluations"][number]),
                valid_share=search.get("valid share", {}).get(number, 0.0),
                per_second=search.get("evaluations per second", {}).get(number, 0.0),
                spent_seconds=spent.get(number, 0.0),
                dropped=int(search.get("dropped", {}).get(number, 0)),
                reused=int(search.get("reused", {}).get(number, 0)),
            )
        )
    return lines


def result_summary(task: Any, metric: str) -> ResultSummary:
    """What an ended task reported of its result.

    Raises:
        RunFailed: there is no result.
    """
    task.reload()
    status, reason = str(task.data.status), task.data.status_reason or task.data.status_message
    summary = None if status == "failed" else _artifact(task, "evaluation_summary")
    if summary is None:
        what_to_do = (
            f"; 'clearml-automl resume {task.id}' goes on where it was" if "checkpoint" in task.artifacts else ""
        )
        raise RunFailed(f"task {task.id} ended {status}: {reason or 'it says no reason; see its console'}{what_to_do}")
    leaderboard = _artifact(task, "leaderboard.json")
    models = api_client().models.get_all(
        task=[task.id], tags=["-ensemble"], only_fields=["id", "name", "created", "tags"], order_by=["-created"]
    )
    values = task.get_reported_single_values()
    return ResultSummary(
        task_id=task.id,
        task_url=task_url(task.id, task.data.project),
        model_id=models[0].id if models else "",
        model_name=models[0].name if models else "",
        metric=metric,
        cv_score=values.get(f"cv {metric}"),
        holdout_score=values.get(f"hold-out {metric}"),
        generations=summary["generations"],
        evaluations=summary["evaluations"],
        valid_share=summary["valid_share"],
        seconds=sum(summary["spent_seconds"].values()),
        leaderboard=tuple(rows_from_json(leaderboard)) if leaderboard else (),
        fallback_reason=summary["fallback"] or "",
        dropped=summary["dropped"],
        reused=summary["reused"],
        holdout_interval=_interval(values, f"hold-out {metric}"),
        cv_interval=_interval(values, f"cv {metric}"),
        optimism=values.get(f"optimism {metric}"),
        role=next((tag for tag in (CHAMPION, CHALLENGER) if models and tag in models[0].tags), ""),
    )


def _interval(values: dict[str, float], name: str) -> tuple[float, float] | None:
    low, high = values.get(f"{name} low"), values.get(f"{name} high")
    return None if low is None or high is None else (low, high)


def _artifact(task: Any, name: str) -> Any:
    artifact = task.artifacts.get(name)
    return None if artifact is None else artifact.get(force_download=True)

"""What the server holds while its pages are looked at: one real run, and cheap tasks that tell its numbers again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clearml import Task

from pipelines.launching import api_client, enqueue, ensure_queue
from pipelines.processes import wait_until
from pipelines.stack import Stack
from tests.end_to_end.conftest import QUICK_SPACE

PROJECT = "Looked at"
TABLE = "penguins"
RUN_NAME = "penguins, a real run"
GENERATIONS = 3
RUN_WITHIN = 120.0  # seconds from the queue to the published model, on a busy machine
ENDED = ("completed", "failed", "stopped")
METRIC = "accuracy"
#: reported once a run, as ClearML's single values
SINGLE_VALUES = f"hold-out {METRIC}", f"cv {METRIC}", "evaluations"
ARTIFACTS = "leaderboard.json", "tp_pareto_front.json", "evaluation_summary"


@dataclass(frozen=True)
class Content:
    """Ids of what the pages show."""

    project: str
    #: a search that went through queue, agent and Dask pool to its published model
    run: str
    #: the version that the run published
    model: str
    #: tasks by the genuine SDK with the run's numbers, a little worse each
    told_again: tuple[str, ...]

    @property
    def comparable(self) -> tuple[str, ...]:
        """Every finished task of the project."""
        return (self.run, *self.told_again)


def make_content(stack: Stack) -> Content:
    """Runs the one search, and tells of it again twice.

    Args:
        stack: with server, pool and agent up.
    """
    settings = stack.run_settings().model_copy(
        update={
            "data": TABLE,
            "project": PROJECT,
            "population_size": 8,
            "generations": GENERATIONS,
            "cv_folds": 3,
            "search_space": QUICK_SPACE,
            "time_left": 60.0,
        }
    )
    run = enqueue(settings, RUN_NAME).task_id
    status = await_end(run, RUN_WITHIN)
    assert status == "completed", f"the run is {status}: {Task.get_task(task_id=run).data.status_reason}"
    task = Task.get_task(task_id=run)
    again = tuple(tell_again(task, f"penguins, told again {number}", loss=0.01 * number) for number in (1, 2))
    return Content(task.project, run, str(task.models["output"][0].id), again)


def await_end(task_id: str, within: float) -> str:
    """The status in which a task ends; its last one where it does not end in time."""
    client = api_client()
    status: list[str] = []

    def is_ended() -> bool:
        status[:] = [str(client.tasks.get_by_id(task=task_id).status)]
        return status[0] in ENDED

    wait_until(is_ended, within, 0.2)
    return status[0]


def tell_again(run: Task, name: str, loss: float) -> str:
    """A finished task with the numbers, plots and artifacts of a run, its scores a little lower; the task's id."""
    task = start(run.id, name)
    logger = task.get_logger()
    for title, curves in run.get_reported_scalars().items():
        for series, curve in curves.items():
            lowered = loss if series.endswith(METRIC) else 0.0
            for iteration, value in zip(curve["x"], curve["y"], strict=True):
                logger.report_scalar(title, series, value - lowered, iteration)
    values = run.get_reported_single_values()
    for series in SINGLE_VALUES:
        logger.report_single_value(series, values[series] - (loss if series.endswith(METRIC) else 0.0))
    for plot in run.get_reported_plots():
        for iteration in range(GENERATIONS):  # the run itself reports so many only where it takes its time
            logger.report_plotly(plot["metric"], plot["variant"], json.loads(plot["plot_str"]), iteration)
    for artifact in ARTIFACTS:
        task.upload_artifact(artifact, run.artifacts[artifact].get())
    task.set_parameter("Search/seed", 42 + round(loss * 100))
    task.flush(wait_for_uploads=True)
    task.mark_completed()
    return str(task.id)


def start(template: str, name: str) -> Task:
    """A clone that counts as running, though no process works on it."""
    task: Task = Task.clone(template, name=name)
    task.mark_started()
    return task


def fill_queue(name: str, template: str, names: Sequence[str]) -> list[str]:
    """Clones of a task that wait, in this order, in a queue that no agent serves; their ids."""
    client = api_client()
    queue = ensure_queue(name)
    waiting = [str(Task.clone(template, name=one).id) for one in names]
    for task_id in waiting:
        client.tasks.enqueue(task=task_id, queue=queue)
    return waiting


def waiting_in(name: str) -> list[str]:
    """Ids of the tasks in a queue, first to last."""
    queue: Any = api_client().queues.get_by_id(queue=ensure_queue(name))
    return [str(entry.task) for entry in queue.entries]

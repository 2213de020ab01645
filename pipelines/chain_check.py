"""A short run whose every link is looked at afterwards, from the queue to the published model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from rich.console import Console

from config.settings import Resolved
from experiments.data.table import read_table
from experiments.reports.terminal import ResultSummary
from pipelines.agent import worker_name
from pipelines.runs import run_through_queue
from pipelines.stack import Stack

ARTIFACTS = frozenset(
    {
        "leaderboard.json",
        "tp_pareto_front.json",
        "evaluation_summary",
        "evaluated_individuals",
        "best_pipeline.py",
        "model.joblib",
    }
)
PLOTS = frozenset({"Pareto front", "Leaderboard", "Failures"})

#: run in another folder by an interpreter that must not need this project
PREDICT = """
import json, sys
import joblib, pandas
model = joblib.load(sys.argv[1])
rows = pandas.read_json(sys.argv[2], orient="table")
needed = {"config", "experiments", "models", "pipelines"} & set(sys.modules)
assert not needed, f"the model needs this project's {needed}"
print(json.dumps([str(label) for label in model.predict(rows)]))
"""


class BrokenLink(Exception):
    """A link of the chain does not hold; the message says which and how."""


def check_chain(resolved: Resolved, messages: Console) -> int:
    """Runs a short search and checks each link, loudly.

    Returns:
        0 where every link holds, else 1.
    """
    return check_links(resolved, run_through_queue(resolved, messages), messages)


def check_links(resolved: Resolved, result: ResultSummary, messages: Console) -> int:
    """Checks each link of a run that has ended.

    Returns:
        0 where every link holds, else 1.
    """
    from clearml import Task

    task = Task.get_task(task_id=result.task_id)
    stack = Stack(resolved)
    links: list[tuple[str, Callable[[], str]]] = [
        ("queue and agent", lambda: _agent(task, stack)),
        ("scalars of each generation", lambda: _scalars(task, result)),
        ("plots", lambda: _plots(task)),
        ("artifacts", lambda: _artifacts(task)),
        ("registry", lambda: _registry(result)),
        ("prediction by the libraries alone", lambda: _prediction(resolved, result)),
    ]
    broken = 0
    for name, link in links:
        try:
            messages.print(f"ok      {name}: {link()}", highlight=False, markup=False, soft_wrap=True)
        except Exception as error:  # whatever it is, the link is broken
            broken += 1
            messages.print(f"BROKEN  {name}: {error}", style="bold red", markup=False, soft_wrap=True)
    messages.print(f"{len(links) - broken} of {len(links)} links hold", highlight=False)
    return 1 if broken else 0


def _agent(task: Any, stack: Stack) -> str:
    worker = task.data.last_worker or ""
    if str(task.data.status) not in ("completed", "published"):
        raise BrokenLink(f"the task is {task.data.status}: {task.data.status_reason}")
    expected = worker_name(stack.settings.queue)
    if not worker.startswith(expected):
        raise BrokenLink(f"the task was run by {worker or 'nobody'}, not by the agent {expected}")
    return worker


def _scalars(task: Any, result: ResultSummary) -> str:
    scalars = task.get_reported_scalars()
    generations = len(scalars["Search"]["evaluations"]["x"])
    if generations != result.generations or not generations:
        raise BrokenLink(f"{generations} generations have scalars, the search had {result.generations}")
    return f"{generations} generations, {sorted(scalars)}"


def _plots(task: Any) -> str:
    found = {plot["metric"] for plot in task.get_reported_plots()}
    if not found >= PLOTS:
        raise BrokenLink(f"missing: {', '.join(sorted(PLOTS - found))}")
    return ", ".join(sorted(PLOTS))


def _artifacts(task: Any) -> str:
    if missing := ARTIFACTS - set(task.artifacts):
        raise BrokenLink(f"missing: {', '.join(sorted(missing))}")
    for name in ARTIFACTS:
        if not task.artifacts[name].get_local_copy(force_download=True):
            raise BrokenLink(f"{name} cannot be downloaded")
    return ", ".join(sorted(ARTIFACTS))


def _registry(result: ResultSummary) -> str:
    from clearml import InputModel

    model = InputModel(model_id=result.model_id)
    if not model.published:
        raise BrokenLink(f"model {result.model_id} is not published")
    if "challenger" not in model.tags:
        raise BrokenLink(f"model {result.model_id} is not tagged challenger but {model.tags}")
    return f"{model.name} {model.id}, {', '.join(model.tags)}"


def _prediction(resolved: Resolved, result: ResultSummary) -> str:
    from models.catalog import find
    from models.download import download

    if result.model_id is None:
        raise BrokenLink("the run left no model")
    table = read_table(resolved.settings.data, resolved.settings.target_column)
    rows = table.X.head(20)
    with TemporaryDirectory() as folder:
        path = download(find(result.model_id), Path(folder) / "model")  # its signature is a link of the chain, too
        file = Path(folder) / "rows.json"
        pd.DataFrame(rows).to_json(file, orient="table")
        answer = subprocess.run(
            [sys.executable, "-I", "-c", PREDICT, str(path), str(file)],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    if answer.returncode:
        raise BrokenLink(answer.stderr.strip().splitlines()[-1])
    labels = json.loads(answer.stdout.splitlines()[-1])
    strange = set(labels) - {str(label) for label in table.y.unique()} if table.task == "classification" else set()
    if strange:
        raise BrokenLink(f"the model answers labels that the table does not have: {sorted(strange)}")
    return f"{len(labels)} rows in the person's own labels"

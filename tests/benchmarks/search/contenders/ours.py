"""This checkout's search, as a notebook would use it: without a server, with the settings as they come."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assignment import DEVELOPMENT, Answer, Assignment

from config.settings import Settings
from experiments.closing import Closing, fit_baseline, fit_best
from experiments.data.labels import Labels
from experiments.data.table import Table, read_table
from experiments.ensembling import fit_ensemble
from experiments.preparation import Prepared
from experiments.search.budget import Budget
from experiments.search.events import Evaluated, Event, Finished
from experiments.search.journal import Journal
from experiments.search.pool import open_pool
from experiments.search.predictions import Predictions
from experiments.search.tpot_repairs import tpot  # imported before the clock starts, as every contender's libraries are
from experiments.searching import Search, limits


@dataclass(frozen=True)
class Searched:
    """What a search comes to."""

    finished: Finished
    #: ``single``, and ``ensemble`` where there is one: fitted on the development rows, from raw columns to class codes
    models: dict[str, Any]
    #: why the light baseline stepped in, as it does in a run; empty where the search has a winner
    fallback: str


def search(table: Table, settings: Settings, show: Callable[[Event], None]) -> Searched:
    """A search from a table in memory to fitted models: the one place that knows how this project is used.

    Args:
        table: development rows; all of them are learnt from.
        settings: of the run; `time_left` is the whole of what this may take.
        show: is told each event as it happens.
    """
    budget = Budget.of(settings.time_left)
    with ExitStack() as cleanup:
        pool = cleanup.enter_context(open_pool(None, limits(settings), n_jobs=settings.n_jobs, seed=settings.seed))
        labels = Labels.of(table.y) if table.task == "classification" else None
        # the driver keeps the hold-out rows; where a run would look at its own, it looks at rows that it knows
        prepared = Prepared(Path(settings.data), table, table, table, settings.metric, labels)
        closing = Closing(prepared, settings.memory_limit_mb, settings.seed)
        cleanup.callback(closing.close)
        problem = prepared.problem(settings.cv_folds, settings.seed)
        pool.learn(problem)
        journal = Journal(problem, settings.seed)
        folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="predictions-"))
        predictions = Predictions(Path(folder))
        # nothing is published here
        done = Search(settings, problem, pool, budget, journal, predictions, threading.Event(), publishing_seconds=0.5)

        finished, fallback = done.run(show)
        pool.close()  # the last fit takes one of its processes
        assert budget.deadline is not None
        if fallback:
            _, closed = fit_baseline(closing, problem, budget.deadline - time.monotonic())
            return Searched(finished, {"single": closed.fitted}, fallback)
        _, closed = fit_best(closing, finished.leaderboard, budget.deadline)
        models = {"single": closed.fitted}
        ensemble = fit_ensemble(closing, finished, problem, predictions, budget.deadline)
        if ensemble:
            models["ensemble"] = ensemble.closed.fitted
    return Searched(finished, models, fallback)


def settings_of(assignment: Assignment) -> Settings:
    """The settings as they come, but for what every contender is told, and both results wanted."""
    return Settings(
        data=str(assignment.folder / DEVELOPMENT),
        target_column=assignment.target,
        task_type=assignment.task,
        metric=assignment.metric,
        seed=assignment.seed,
        cv_folds=assignment.folds,
        time_left=assignment.budget,
        generations=100_000,  # the budget ends it, as it ends the others
        n_jobs=assignment.workers,
        ensemble="greedy",
        # nothing from an earlier round may help
        reuse_evaluations=False,
    )


def main() -> None:
    """Fits and hands in."""
    assignment = Assignment.given()
    settings = settings_of(assignment)
    table = read_table(settings.data, settings.target_column, task_type=settings.task_type)
    trajectory: list[tuple[float, float]] = []

    def follow(event: Event) -> None:
        score = event.evaluation.score if isinstance(event, Evaluated) else None
        if score is not None and (not trajectory or score > trajectory[-1][1]):
            trajectory.append((time.monotonic() - began, score))

    with assignment.clock() as began:
        searched = search(table, settings, follow)
    for name, model in searched.models.items():
        assignment.hand_in_predictions(name, model, assignment.holdout())
    assignment.hand_in(answer(searched, trajectory))


def answer(searched: Searched, trajectory: list[tuple[float, float]]) -> Answer:
    """What the search told of itself."""
    finished = searched.finished
    outcomes = Counter(evaluation.outcome for evaluation in finished.evaluations)
    best = finished.leaderboard[0] if finished.leaderboard else None
    return Answer(
        f"clearml-automl on tpot {tpot.__version__}",
        cv_score=best.score if best else None,
        evaluations=len(finished.evaluations),
        valid=outcomes["valid"] + outcomes["dropped"],
        trajectory=trajectory,
        notes={
            "fallback": searched.fallback,
            "pipeline": best.pipeline if best else "",
            "outcomes": dict(outcomes),
            "failures": {cause: count for cause, (count, _) in finished.failures.items()},
            "generations": finished.generations,
            "utilisation": finished.utilisation,
        },
    )


if __name__ == "__main__":
    main()

"""A search without any server: for notebooks, scripts and tests.

::

    for event in evolve("german_credit", Settings(metric="roc_auc", time_left=60)):
        if isinstance(event, Finished):
            print(event.leaderboard[0].score, event.leaderboard[0].estimator)
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from rich.console import Console

from config.settings import Settings
from experiments.preparation import prepare
from experiments.reports.terminal import TerminalView
from experiments.search.budget import Budget
from experiments.search.events import Event, Generation
from experiments.search.journal import Journal
from experiments.searching import evolve_as_set, pool_as_set


def evolve(
    table: pd.DataFrame | str | Path, settings: Settings | None = None, *, progress: bool = True
) -> Iterator[Event]:
    """Searches a table, and tells what happens as it happens.

    Args:
        table: rows with the column to predict, or a file of such rows, or a sample's name.
        settings: ``target_column`` names the column to predict; ``time_left`` is the wall clock from this call.
        progress: whether to show a line for each generation, on standard error.

    Yields:
        `Evaluated`, `Generation` and, at last, `Finished`.

    Raises:
        BadInput: the table, a setting, or the pool's workers.
    """
    settings = settings or Settings()
    began = time.monotonic()
    with ExitStack() as cleanup:
        pool = cleanup.enter_context(pool_as_set(settings))
        prepared = prepare(settings.model_copy(update={"data": _source(table, cleanup)}))
        problem = prepared.problem(settings.cv_folds, settings.seed)
        pool.learn(problem)
        view = TerminalView(Console(stderr=True), settings.time_left, prepared.metric) if progress else None
        budget = Budget(began + settings.time_left, began)
        for event in evolve_as_set(settings, problem, pool, budget, Journal(problem, settings.seed)):
            if view and isinstance(event, Generation):
                view.show_generation(event)
            yield event


def _source(table: pd.DataFrame | str | Path, cleanup: ExitStack) -> str:
    """A table as the setting ``data`` takes it: rows are written to a file first."""
    if not isinstance(table, pd.DataFrame):
        return str(table)
    path = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="table-")), "table.parquet")
    table.to_parquet(path)
    return str(path)

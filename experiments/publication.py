"""How a run's best pipeline leaves it: as a model of the registry and as readable code."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from config.settings import Settings
from experiments.closing import Closed
from experiments.preparation import Prepared
from experiments.reports.pipeline_code import Fitting, pipeline_code
from experiments.reports.source import SourceError
from experiments.reports.tracking import RunTask
from models.registry import Published, TableFacts, publish
from models.schema import input_schema

log = logging.getLogger(__name__)


def publish_model(
    run: RunTask, prepared: Prepared, closed: Closed, cv_score: float | None, tags: Sequence[str] = (), suffix: str = ""
) -> Published:
    """Puts a fitted pipeline into the model registry.

    Args:
        run: whose result it is.
        prepared: what it learnt from.
        closed: the pipeline.
        cv_score: mean over the folds.
        tags: besides ``tpot`` and ``challenger``.
        suffix: of the model's name.
    """
    table = prepared.table
    return publish(
        run.task,
        closed.model,
        name=(run.settings.model_name or f"{run.project}/{table.name}") + suffix,
        metric=prepared.metric,
        cv_score=cv_score,
        holdout_score=closed.holdout_score,
        table=TableFacts(len(table.X), len(table.X.columns), table.fingerprint, input_schema(table.X, table.kinds)),
        tags=("tpot", "challenger", *tags),
        publish=run.settings.publish,
    )


def code_of(prepared: Prepared, settings: Settings, closed: Closed, cv_score: float | None, origin: str) -> str:
    """``best_pipeline.py``, or a comment that says why there is none.

    Args:
        origin: where the pipeline comes from: the task's page.
    """
    target = str(prepared.table.y.name)
    fitting = Fitting.of(prepared.table, prepared.path, target, settings.holdout_share, settings.seed)
    try:
        return pipeline_code(
            closed.fitted, fitting, metric=prepared.metric, cv_score=cv_score, holdout_score=closed.holdout_score,
            origin=origin,
        )  # fmt: skip
    except SourceError as error:
        log.warning("best_pipeline.py cannot be written: %s", error)
        return f"# This pipeline cannot be written as code: {error}\n"

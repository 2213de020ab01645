"""How a run's winner leaves it: as a model of the registry and as readable code."""

from __future__ import annotations

import logging

from config.settings import Settings
from experiments.preparation import Prepared
from experiments.reports.pipeline_code import Fitting, pipeline_code
from experiments.reports.source import SourceError
from experiments.reports.tracking import RunTask
from experiments.winner import Winner
from models.registry import Published, TableFacts, publish
from models.schema import input_schema

log = logging.getLogger(__name__)


def publish_model(
    run: RunTask, prepared: Prepared, winner: Winner, holdout_score: float, is_fallback: bool
) -> Published:
    """Puts the winner into the model registry."""
    table = prepared.table
    return publish(
        run.task,
        winner.fitted,
        name=run.settings.model_name or f"{run.project}/{table.name}",
        metric=prepared.metric,
        cv_score=winner.cv_score,
        holdout_score=holdout_score,
        table=TableFacts(len(table.X), len(table.X.columns), table.fingerprint, input_schema(table.X, table.kinds)),
        tags=("tpot", "challenger", *(("fallback",) if is_fallback else ())),
        publish=run.settings.publish,
    )


def code_of(prepared: Prepared, settings: Settings, winner: Winner, holdout_score: float, origin: str) -> str:
    """``best_pipeline.py``, or a comment that says why there is none.

    Args:
        origin: where the pipeline comes from: the task's page.
    """
    target = str(prepared.table.y.name)
    fitting = Fitting.of(prepared.table, prepared.path, target, settings.holdout_share, settings.seed)
    try:
        return pipeline_code(
            winner.fitted, fitting, metric=prepared.metric, cv_score=winner.cv_score, holdout_score=holdout_score,
            origin=origin,
        )  # fmt: skip
    except SourceError as error:
        log.warning("best_pipeline.py cannot be written: %s", error)
        return f"# This pipeline cannot be written as code: {error}\n"

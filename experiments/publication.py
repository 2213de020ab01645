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
from models.catalog import model_by_id
from models.gate.judgement import Candidate, Trust
from models.gate.limits import Limits
from models.gate.promotion import promote
from models.gate.verdict import Verdict
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
        task_type=table.task,
        target=str(table.y.name),
        holdout_interval=closed.holdout_interval,
        inference_ms=closed.inference_ms,
        seed=run.settings.seed,
        signing_home=run.settings.home.expanduser(),
    )


def promote_model(
    run: RunTask, prepared: Prepared, closed: Closed, published: Published, deadline: float
) -> Verdict | None:
    """Makes the published model the champion of its name where it beats the one that is, and records the verdict.

    Args:
        run: whose result it is.
        prepared: the rows that were held out.
        closed: the pipeline.
        published: its model.
        deadline: on `time.monotonic`; without a verdict by then the model stays a challenger.

    Returns:
        The verdict; None where there is none, which does not fail the run.
    """
    settings = run.settings
    try:
        challenger = model_by_id(published.id)
        if challenger is None:
            raise RuntimeError(f"the registry does not know model {published.id}")
        verdict = promote(
            challenger,
            Limits.of(settings),
            candidate=Candidate(closed.fitted, prepared.holdout_rows()),
            trust=Trust(home=settings.home.expanduser()),
            task=run.task,
            deadline=deadline,
        )
    except Exception as error:  # of any kind: the model is published, and may be promoted later
        log.exception("the model is not promoted")
        run.say(f"the model stays a challenger, it could not be judged: {error}")
        return None
    run.say(f"{verdict.outcome}: {verdict.reason}")
    return verdict


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

"""The pipeline that a run publishes: the search's best, or the light baseline, fitted on all development rows."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sklearn.metrics import get_scorer

from config.errors import RunFailed
from experiments.baseline import fold_scores, light_baseline
from experiments.preparation import Prepared
from experiments.search.events import Evaluation
from experiments.search.problem import Problem
from models.published import publishable

log = logging.getLogger(__name__)

#: members of the leaderboard whose last fit is tried, best first, before a run counts as failed
LAST_FITS = 5


@dataclass(frozen=True)
class Winner:
    """A pipeline fitted on the development rows: from raw columns to the person's own labels."""

    fitted: Any
    #: mean over the folds
    cv_score: float | None


def fit_winner(prepared: Prepared, leaderboard: tuple[Evaluation, ...]) -> Winner:
    """Fits the best pipeline; the next best where that fails.

    Raises:
        RunFailed: the best few all fail.
    """
    reasons = []
    for evaluation in leaderboard[:LAST_FITS]:
        try:
            return Winner(_fitted(prepared, evaluation.estimator), evaluation.score)
        except Exception as error:
            reasons.append(f"{type(error).__name__}: {error}")
            log.warning("pipeline %d cannot be fitted on all rows: %s", evaluation.number, reasons[-1])
    raise RunFailed(f"none of the {len(reasons)} best pipelines can be fitted on all development rows: {reasons[0]}")


def fit_baseline(prepared: Prepared, problem: Problem) -> Winner:
    """Fits the light baseline in place of a winner."""
    estimator = light_baseline(problem.task, prepared.metric)
    scores = fold_scores(estimator, problem)
    return Winner(_fitted(prepared, estimator), sum(scores) / len(scores))


def score_on_holdout(prepared: Prepared, winner: Winner) -> float:
    """The metric on the rows that nothing has seen so far."""
    rows = prepared.holdout
    # the vote around a classifier takes the person's labels; the pipeline within takes codes, as it did in the search
    pipeline = winner.fitted.estimators_[0] if prepared.labels else winner.fitted
    return float(get_scorer(prepared.metric)(pipeline, rows.X, prepared.target(rows)))


def _fitted(prepared: Prepared, estimator: Any) -> Any:
    rows = prepared.development
    return publishable(prepared.columns(), estimator, rows.X, rows.y, rows.task)

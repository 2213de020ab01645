"""The ensemble of a run: chosen among what its search has evaluated, fitted and published beside the single best."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.closing import Closed, Closing, FitFailed, fit_seconds
from experiments.ensemble import Ensemble, greedy, vote
from experiments.search.events import Finished
from experiments.search.predictions import Predictions
from experiments.search.problem import Problem
from models.prediction_scorer import PredictionScorer

log = logging.getLogger(__name__)

#: candidates by score: more bring next to nothing and cost time (Caruana and others, 2006)
CANDIDATES = 50
#: share of the time that the choice may take; the rest is for the fit
CHOICE_SHARE = 0.3


@dataclass(frozen=True)
class FittedEnsemble:
    """An ensemble, and what was fitted of it."""

    choice: Ensemble
    closed: Closed

    def as_json(self) -> dict[str, Any]:
        """Content of the artifact ``ensemble.json``."""
        return {
            "cv_score": self.choice.score,
            "fold_scores": list(self.choice.fold_scores),
            "single_cv_score": self.choice.single_score,
            "optimistic_cv_score": self.choice.chosen_score,
            "holdout_score": self.closed.holdout_score,
            "holdout_interval": self.closed.holdout_interval,
            "inference_ms_per_1000_rows": self.closed.inference_ms,
            "fit_seconds": self.closed.fit_seconds,
            "candidates": self.choice.candidates,
            "members": [
                {"pipeline": member.pipeline, "weight": member.weight, "votes": member.votes}
                for member in self.choice.members
            ],
        }


def fit_ensemble(
    closing: Closing, finished: Finished, problem: Problem, predictions: Predictions, deadline: float
) -> FittedEnsemble | None:
    """Chooses and fits an ensemble, as far as the time allows.

    Args:
        closing: where it is fitted.
        finished: the search's end.
        problem: its folds.
        predictions: out-of-fold, of the best pipelines.
        deadline: on `time.monotonic`'s clock.

    Returns:
        None where there is nothing to choose from, or no time.
    """
    evaluations = {each.pipeline: each for each in finished.leaderboard[:CANDIDATES]}
    available = deadline - time.monotonic()
    choice = greedy(
        predictions.of(evaluations),
        scorer_of(problem),
        seconds=available * CHOICE_SHARE,
        fit_seconds={pipeline: fit_seconds(evaluation) for pipeline, evaluation in evaluations.items()},
        fit_limit=available * (1 - CHOICE_SHARE),
    )
    if choice is None:
        log.warning("there is no ensemble: no pipeline with probabilities can be fitted in the time that is left")
        return None
    members = [(evaluations[member.pipeline].estimator, member.votes) for member in choice.members]
    try:
        closed = closing.fit(vote(members, problem.task), deadline - time.monotonic())
    except FitFailed as error:
        log.warning("the ensemble cannot be fitted: %s", error)
        return None
    return FittedEnsemble(choice, closed)


def scorer_of(problem: Problem) -> PredictionScorer:
    """The scorer of a problem's folds."""
    weights = [fold.test_weight for fold in problem.folds]
    return PredictionScorer(
        problem.metric,
        problem.task,
        np.concatenate([fold.test_y for fold in problem.folds]),
        [len(fold.test_y) for fold in problem.folds],
        problem.n_classes,
        None if any(weight is None for weight in weights) else np.concatenate([w for w in weights if w is not None]),
    )

"""One evaluation: an estimator fitted and scored on every fold."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
from sklearn.metrics import get_scorer

from experiments.search.problem import Problem
from experiments.search.tpot_repairs import tpot

#: longest cause in characters
CAUSE_LENGTH = 300


@dataclass(frozen=True)
class Scores:
    """What a valid evaluation found."""

    fold_scores: tuple[float, ...]
    #: TPOT's: learned parameters of predictors, plus one for each transformer
    complexity: float


def evaluate(problem: Problem, estimator: Any) -> Scores:
    """Fits clones of an estimator on the folds, in this process, and scores them on the folds' test parts.

    Raises:
        Exception: whatever the estimator raises; ValueError for a score that is not a finite number.
    """
    scorer = get_scorer(problem.metric)
    scores = []
    fitted = None
    for fold in problem.folds:
        fitted = sklearn.base.clone(estimator).fit(fold.train_X, fold.train_y)
        score = float(scorer(fitted, fold.test_X, fold.test_y))
        if not np.isfinite(score):
            raise ValueError(f"the score is {score}")
        scores.append(score)
    return Scores(tuple(scores), float(tpot.objectives.complexity_scorer(fitted)))


def cause_of(error: BaseException) -> str:
    """Why an evaluation failed, in one line: the innermost estimator at work, the error's type and first line."""
    places = [
        type(frame.f_locals["self"]).__name__
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if isinstance(frame.f_locals.get("self"), sklearn.base.BaseEstimator)
    ]
    first_line = next(iter(str(error).splitlines()), "")
    place = f"{places[-1]}: " if places else ""
    return f"{place}{type(error).__name__}: {first_line}".rstrip(": ")[:CAUSE_LENGTH]

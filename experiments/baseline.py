"""The light baseline: a linear model for runs that do not search and for searches that fail."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.search.problem import Problem
from experiments.search.weighting import fit
from models.scoring import score

#: Strengths of the ridge penalty that are tried, for standardised columns.
PENALTIES = np.logspace(-3, 4, 15)


def light_baseline(task: Literal["classification", "regression"]) -> Pipeline:
    """An unfitted linear model on standardised columns: logistic regression, or ridge with its penalty tuned.

    Args:
        task: what is learnt.
    """
    if task == "regression":
        return make_pipeline(StandardScaler(), RidgeCV(alphas=PENALTIES))
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


def fold_scores(estimator: Any, problem: Problem) -> tuple[float, ...]:
    """Scores of an estimator, fold by fold, by the scorer's convention: greater is better.

    Args:
        estimator: unfitted; it is cloned for every fold.
        problem: the same folds and metric that a search evaluates with.
    """
    scorer = get_scorer(problem.metric)
    return tuple(
        score(
            scorer,
            fit(clone(estimator), fold.train_X, fold.train_y, fold.train_weight),
            fold.test_X,
            fold.test_y,
            fold.test_weight,
        )
        for fold in problem.folds
    )

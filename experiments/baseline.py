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

#: Metrics in which a class counts the same however few its members are; there the baseline weighs classes so too.
EVEN_METRICS = ("balanced_accuracy", "f1_macro", "jaccard_macro", "precision_macro", "recall_macro")
#: Strengths of the ridge penalty that are tried, for standardised columns.
PENALTIES = np.logspace(-3, 4, 15)


def light_baseline(task: Literal["classification", "regression"], metric: str = "auto") -> Pipeline:
    """An unfitted linear model on standardised columns: logistic regression, or ridge with its penalty tuned.

    Classes are weighted by their frequency only where the metric counts them all the same: elsewhere that would cost
    accuracy and falsify probabilities.

    Args:
        task: what is learnt.
        metric: a scorer's name, or ``auto``.
    """
    if task == "regression":
        return make_pipeline(StandardScaler(), RidgeCV(alphas=PENALTIES))
    weights = "balanced" if metric in EVEN_METRICS else None
    return make_pipeline(StandardScaler(), LogisticRegression(class_weight=weights, max_iter=2000))


def fold_scores(estimator: Any, problem: Problem) -> tuple[float, ...]:
    """Scores of an estimator, fold by fold, by the scorer's convention: greater is better.

    Args:
        estimator: unfitted; it is cloned for every fold.
        problem: the same folds and metric that a search evaluates with.
    """
    scorer = get_scorer(problem.metric)
    return tuple(
        float(scorer(clone(estimator).fit(fold.train_X, fold.train_y), fold.test_X, fold.test_y))
        for fold in problem.folds
    )

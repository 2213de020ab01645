"""Rows that count more than others, in learning and in the score."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from experiments.search.metric import UNWEIGHTED_METRICS
from models.weighted_fit import fit_weighted


def fit(estimator: Any, X: Any, y: np.ndarray, weight: np.ndarray | None = None) -> Any:
    """Fits an estimator with row weights as far as it takes them; `fit_weighted` says how far."""
    return fit_weighted(estimator, X, y, weight)


def score(scorer: Any, fitted: Any, X: Any, y: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The scorer's value.

    Args:
        scorer: of scikit-learn.
        fitted: what it judges.
        X: features, (n_rows, n_columns).
        y: target, (n_rows,).
        weight: what each row counts, (n_rows,); None for the metrics that take no weights.
    """
    if weight is None:
        return float(scorer(fitted, X, y))
    return float(scorer(fitted, X, y, sample_weight=weight))


def learning_weight(y: Any, weight: np.ndarray | None = None, balanced: bool = False) -> np.ndarray | None:
    """What each row counts in learning, 1 on average.

    The average matters: limits such as the least weight of a leaf and the strength of a penalty are meant for rows that
    count 1.

    Args:
        y: target of the rows to learn from, (n_rows,).
        weight: what the person says that rows count, (n_rows,).
        balanced: whether classes count the same however few their rows are (King and Zeng, 2001).

    Returns:
        Weights, (n_rows,); None where all rows count the same.
    """
    if balanced:
        even = compute_sample_weight("balanced", y)
        weight = even if weight is None else even * weight
    return None if weight is None else weight / weight.mean()


def score_weight(weight: np.ndarray | None, metric: str) -> np.ndarray | None:
    """What each row counts in a score, (n_rows,); None where the metric takes no weights."""
    return None if metric in UNWEIGHTED_METRICS else weight

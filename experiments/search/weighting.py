"""Rows that count more than others in learning."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from models.weighted_fit import fit_weighted


def fit(estimator: Any, X: Any, y: np.ndarray, weight: np.ndarray | None = None) -> Any:
    """Fits an estimator with row weights as far as it takes them; `fit_weighted` says how far."""
    return fit_weighted(estimator, X, y, weight)


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

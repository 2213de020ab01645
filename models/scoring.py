"""What a metric says of predictions, where rows may count more than others."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

TaskType = Literal["classification", "regression"]

#: scikit-learn's functions behind these take no row weights
UNWEIGHTED_METRICS = (
    "neg_max_error",
    "positive_likelihood_ratio",
    "neg_negative_likelihood_ratio",
    "roc_auc_ovo",
    "roc_auc_ovo_weighted",
)


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


def score_weight(weight: np.ndarray | None, metric: str) -> np.ndarray | None:
    """What each row counts in a score, (n_rows,); None where the metric takes no weights."""
    return None if metric in UNWEIGHTED_METRICS else weight

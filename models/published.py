"""The pipeline that is published: from the person's raw columns to the person's own labels.

Nothing in it belongs to this project: it loads wherever scikit-learn, skrub and what the estimator is made of are
installed.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from models.weighted_fit import fit_weighted


def publishable(
    columns: Any,
    estimator: Any,
    X: pd.DataFrame,
    y: pd.Series | np.ndarray,
    task: Literal["classification", "regression"],
    weight: np.ndarray | None = None,
) -> Any:
    """Fits the preprocessing and the estimator as one pipeline.

    A search trains on the codes 0 to n - 1, which some classifiers insist on (xgboost does). scikit-learn has one class
    that encodes labels in ``fit`` and decodes them in ``predict`` around any classifier: a vote, here with one voter.
    Where the classifier knows probabilities, the vote is for the most probable class, and ``predict_proba`` is there.

    Args:
        columns: unfitted transformer from raw columns to numbers.
        estimator: unfitted estimator that follows it.
        X: raw columns, (n_rows, n_columns).
        y: the person's own labels or numbers, (n_rows,).
        task: what ``y`` is.
        weight: what each row counts in learning, (n_rows,); None where all count the same.

    Returns:
        The fitted pipeline; what was passed in stays unfitted.
    """
    pipeline = Pipeline([("columns", clone(columns)), ("model", clone(estimator))])
    labels = np.asarray(y)
    if task == "regression":
        return fit_weighted(pipeline, X, labels.astype(np.float64), weight)
    voting = "soft" if hasattr(pipeline, "predict_proba") else "hard"
    return fit_weighted(VotingClassifier([("pipeline", pipeline)], voting=voting), X, labels, weight)


def coded(fitted: Any) -> Any:
    """The pipeline inside a published one, which takes raw columns and answers with class codes; all of a regression's.

    It is what a search evaluated, and what scorers judge: many of them want codes.
    """
    return fitted.estimators_[0] if isinstance(fitted, VotingClassifier) else fitted


def classes_of(fitted: Any) -> np.ndarray | None:
    """The person's own labels in the order of their codes, (n_classes,); None for a regression."""
    return np.asarray(fitted.classes_) if isinstance(fitted, VotingClassifier) else None

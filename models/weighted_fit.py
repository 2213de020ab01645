"""Fitting with row weights whatever an estimator is made of: scikit-learn leaves it to the caller to know the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def fit_weighted(estimator: Any, X: Any, y: Any, weight: np.ndarray | None = None) -> Any:
    """Fits an estimator with row weights as far as it takes them.

    They reach the last estimator of a pipeline, the root of a graph and the members of a vote; what comes before, and
    an estimator that takes none (nearest neighbours), is fitted as if all rows counted the same.

    Args:
        estimator: it is fitted itself.
        X: features, (n_rows, n_columns).
        y: target, (n_rows,).
        weight: what each row counts, (n_rows,); None where all count the same.

    Returns:
        The estimator.
    """
    if weight is None:
        return estimator.fit(X, y)
    if isinstance(estimator, Pipeline):
        return _fit_pipeline(estimator, X, y, weight)
    if isinstance(estimator, (VotingClassifier, VotingRegressor)):
        return _fit_vote(estimator, X, y, weight)
    return estimator.fit(X, y, **fit_parameters(estimator, weight))


def fit_parameters(estimator: Any, weight: np.ndarray) -> dict[str, Any]:
    """What ``estimator.fit`` takes beside X and y so that rows weigh; empty where it cannot use weights."""
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return {f"{name}__{key}": value for key, value in fit_parameters(last, weight).items()}
    if hasattr(estimator, "graph"):  # TPOT's, mended: its fit passes on to the root what it is given
        return fit_parameters(estimator.graph.nodes[estimator.root]["instance"], weight)
    if isinstance(estimator, (VotingClassifier, VotingRegressor, StackingClassifier, StackingRegressor)):
        parts = [member for _, member in estimator.estimators if member != "drop"]
        parts += [getattr(estimator, "final_estimator", None)]
        takes = all(has_fit_parameter(part, "sample_weight") for part in parts if part is not None)
    else:
        # a wrapper that takes weights needs an estimator that does
        inner = getattr(estimator, "estimator", None)
        takes = has_fit_parameter(estimator, "sample_weight") and (inner is None or bool(fit_parameters(inner, weight)))
    return {"sample_weight": weight} if takes else {}


def _fit_pipeline(pipeline: Any, X: Any, y: Any, weight: np.ndarray) -> Any:
    """Step by step, as its last one may be a vote."""
    name, last = pipeline.steps[-1]
    if last is None or last == "passthrough":
        return pipeline.fit(X, y)
    before = pipeline[:-1]
    if len(before):
        X = before.fit_transform(X, y)
    pipeline.steps = [*before.steps, (name, fit_weighted(last, X, y, weight))]
    return pipeline


def _fit_vote(vote: Any, X: Any, y: Any, weight: np.ndarray) -> Any:
    """A vote hands weights to its members as they are, which a pipeline refuses: they are fitted before it."""
    given = vote.estimators
    # as the vote itself would encode them
    codes = np.unique(y, return_inverse=True)[1] if isinstance(vote, VotingClassifier) else y
    members = {name: fit_weighted(clone(member), X, codes, weight) for name, member in given if member != "drop"}
    try:
        vote.estimators = [(name, FrozenEstimator(members[name]) if name in members else "drop") for name, _ in given]
        vote.fit(X, y)
    finally:
        vote.estimators = given
    vote.estimators_ = list(members.values())
    vote.named_estimators_.update(members)
    return vote

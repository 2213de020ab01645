"""The starting portfolio: strong untuned pipelines that every run evaluates first, cheapest first.

A short search is then already good, and never loses on the development rows to an untuned model of this list. They
are individuals of the search space, so that evolution starts from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import get_scorer
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC, SVR
from xgboost import XGBClassifier, XGBRegressor

from experiments.search.problem import Problem

#: kernel machines take time with the square of the rows: above so many they are left out
KERNEL_ROWS = 10_000


@dataclass(frozen=True)
class Entry:
    """One pipeline: a predictor, standardised features before it or not."""

    predictor: type
    parameters: dict[str, Any] = field(default_factory=dict)
    scaled: bool = False


def portfolio(problem: Problem) -> Iterator[Entry]:
    """The pipelines to begin with, cheapest first."""
    small = max(len(fold.train_y) for fold in problem.folds) <= KERNEL_ROWS
    if problem.task == "regression":
        yield Entry(RidgeCV, {"alphas": (0.01, 0.1, 1.0, 10.0, 100.0)}, scaled=True)
        yield Entry(KNeighborsRegressor, {"n_neighbors": 10, "weights": "distance"}, scaled=True)
        yield Entry(LGBMRegressor, {"verbose": -1})
        yield Entry(XGBRegressor, {"n_estimators": 200, "max_depth": 4, "learning_rate": 0.1, "verbosity": 0})
        yield Entry(HistGradientBoostingRegressor)
        if small:
            yield Entry(SVR, {"C": 10.0}, scaled=True)
        yield Entry(ExtraTreesRegressor, {"n_estimators": 100, "max_features": 0.5})
        yield Entry(RandomForestRegressor, {"n_estimators": 100, "max_features": 0.5})
        yield Entry(HistGradientBoostingRegressor, {"learning_rate": 0.05, "max_iter": 300, "max_leaf_nodes": 15})
        return
    yield Entry(GaussianNB)
    yield Entry(LogisticRegression, {"max_iter": 1000}, scaled=True)
    yield Entry(LogisticRegression, {"max_iter": 1000, "C": 0.05}, scaled=True)
    yield Entry(KNeighborsClassifier, {"n_neighbors": 25, "weights": "distance"}, scaled=True)
    yield Entry(LGBMClassifier, {"verbose": -1})
    yield Entry(XGBClassifier, {"n_estimators": 200, "max_depth": 4, "learning_rate": 0.1, "verbosity": 0})
    if small and not _needs_probabilities(problem.metric):
        yield Entry(SVC, {}, scaled=True)
    yield Entry(HistGradientBoostingClassifier)
    yield Entry(ExtraTreesClassifier, {"n_estimators": 200, "min_samples_leaf": 2})
    yield Entry(RandomForestClassifier, {"n_estimators": 200, "min_samples_leaf": 2})
    yield Entry(HistGradientBoostingClassifier, {"learning_rate": 0.05, "max_iter": 200, "max_leaf_nodes": 15})


def _needs_probabilities(metric: str) -> bool:
    """Whether a scorer cannot do with a decision function."""
    response = getattr(get_scorer(metric), "_response_method", "predict")
    return response == "predict_proba" or metric.startswith("roc_auc_ov")

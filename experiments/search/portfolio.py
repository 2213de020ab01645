"""The starting portfolio: strong pipelines that every run evaluates first, the cheapest and most useful first.

A short search is then already good, and never loses on the development rows to an untuned histogram gradient boosting,
which is the second. The values are those that benchmarks of many tables settled on: boosting in small, regularised
steps of which each tree sees a part of the columns; extremely randomised trees; linear models and, on small tables,
kernel machines and networks. They are individuals of the search space, so that evolution starts from them and tunes
them. Row weights, as for rare classes, come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
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
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR
from xgboost import XGBClassifier, XGBRegressor

from experiments.search.problem import Problem

#: kernel machines take time with the square of the rows, networks longer than trees: above so many they are left out
KERNEL_ROWS = 5_000
NETWORK_ROWS = 10_000
#: from so many rows on, larger trees and steps pay, as there is more to be learnt and each step takes longer
MANY_ROWS = 3_000
#: boosting grows a tree for each class in each step: from so many classes on, what does not comes before it
MANY_CLASSES = 4
_BOOSTING = {LGBMClassifier, XGBClassifier}

#: boosting in small steps, for LightGBM
_GENTLE = {
    "n_estimators": 160, "learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 15, "subsample": 0.8,
    "subsample_freq": 1, "colsample_bytree": 0.5, "reg_lambda": 1.0, "verbose": -1,
}  # fmt: skip
_GENTLE_MANY = _GENTLE | {"learning_rate": 0.1, "num_leaves": 31, "min_child_samples": 20}
#: trees with random splits, which vary less from sample to sample
_RANDOM_SPLITS = {
    "n_estimators": 250, "learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 20, "colsample_bytree": 0.7,
    "extra_trees": True, "verbose": -1,
}  # fmt: skip
#: many tiny steps with small trees
_PATIENT = {
    "n_estimators": 400, "learning_rate": 0.02, "num_leaves": 8, "min_child_samples": 10, "subsample": 0.7,
    "subsample_freq": 1, "colsample_bytree": 0.35, "reg_lambda": 5.0, "verbose": -1,
}  # fmt: skip
_PATIENT_MANY = _PATIENT | {
    "n_estimators": 320, "learning_rate": 0.06, "num_leaves": 48, "min_child_samples": 20, "subsample": 0.8,
    "colsample_bytree": 0.5,
}  # fmt: skip
#: the same two for XGBoost, which grows by level
_SHALLOW = {
    "n_estimators": 200, "learning_rate": 0.05, "max_depth": 4, "min_child_weight": 2.0, "subsample": 0.8,
    "colsample_bytree": 0.6, "reg_lambda": 1.0, "verbosity": 0,
}  # fmt: skip
_SHALLOW_MANY = _SHALLOW | {"learning_rate": 0.1, "max_depth": 6}
_DEEP = {
    "n_estimators": 150, "learning_rate": 0.06, "max_depth": 8, "min_child_weight": 5.0, "subsample": 0.9,
    "colsample_bytree": 0.5, "reg_lambda": 3.0, "verbosity": 0,
}  # fmt: skip
_NETWORK = {
    "width": 64, "depth": 1, "alpha": 0.01, "learning_rate_init": 0.003, "early_stopping": True
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One pipeline: a predictor, standardised features before it or not."""

    predictor: type
    parameters: dict[str, Any] = field(default_factory=dict)
    scaled: bool = False


def portfolio(problem: Problem) -> Iterator[Entry]:
    """The pipelines to begin with, the cheapest and most useful first; the second is an untuned boosting."""
    n_rows = max(len(fold.train_y) for fold in problem.folds)
    if problem.task == "regression":
        yield from _regressors(problem, n_rows)
        return
    first, untuned, *others = _classifiers(problem, n_rows)
    if problem.n_classes >= MANY_CLASSES:
        others.sort(key=lambda entry: entry.predictor in _BOOSTING)
    yield from (first, untuned, *others)


def _classifiers(problem: Problem, n_rows: int) -> Iterator[Entry]:
    many = n_rows >= MANY_ROWS
    trees = 80 if many else 160
    yield Entry(LogisticRegression, {"max_iter": 1000}, scaled=True)
    yield Entry(HistGradientBoostingClassifier)
    yield Entry(LGBMClassifier, _GENTLE_MANY if many else _GENTLE)
    yield Entry(ExtraTreesClassifier, {"n_estimators": trees, "min_samples_leaf": 2})
    yield Entry(XGBClassifier, _SHALLOW_MANY if many else _SHALLOW)
    yield Entry(LogisticRegression, {"max_iter": 1000, "C": 0.05}, scaled=True)
    yield Entry(LGBMClassifier, _RANDOM_SPLITS)
    if n_rows <= KERNEL_ROWS and not _needs_probabilities(problem.metric):
        yield Entry(SVC, {}, scaled=True)
    yield Entry(RandomForestClassifier, {"n_estimators": trees, "min_samples_leaf": 2})
    yield Entry(LGBMClassifier, _PATIENT_MANY if many else _PATIENT)
    if n_rows <= NETWORK_ROWS:
        yield Entry(MLPClassifier, _NETWORK, scaled=True)
    yield Entry(XGBClassifier, _DEEP)
    yield Entry(KNeighborsClassifier, {"n_neighbors": 25, "weights": "distance"}, scaled=True)
    yield Entry(GaussianNB)


def _regressors(problem: Problem, n_rows: int) -> Iterator[Entry]:
    many = n_rows >= MANY_ROWS
    trees = 80 if many else 100
    yield Entry(RidgeCV, {"alphas": (0.01, 0.1, 1.0, 10.0, 100.0)}, scaled=True)
    yield Entry(HistGradientBoostingRegressor)
    yield Entry(LGBMRegressor, _GENTLE_MANY if many else _GENTLE)
    yield Entry(ExtraTreesRegressor, {"n_estimators": trees, "max_features": 0.5})
    yield Entry(XGBRegressor, _SHALLOW_MANY if many else _SHALLOW)
    yield Entry(LGBMRegressor, _RANDOM_SPLITS)
    if n_rows <= KERNEL_ROWS:  # its penalty has the unit of the target
        spread = float(np.std(problem.folds[0].train_y)) or 1.0
        penalty, tube = (float(f"{share * spread:.2g}") for share in (5, 0.05))
        yield Entry(SVR, {"C": penalty, "epsilon": tube}, scaled=True)
    if n_rows <= NETWORK_ROWS:
        yield Entry(MLPRegressor, _NETWORK | {"learning_rate_init": 0.01}, scaled=True)
    yield Entry(LGBMRegressor, _PATIENT_MANY if many else _PATIENT)
    yield Entry(RandomForestRegressor, {"n_estimators": trees, "max_features": 0.4, "min_samples_leaf": 2})
    yield Entry(XGBRegressor, _DEEP)
    yield Entry(HistGradientBoostingRegressor, {"learning_rate": 0.05, "max_iter": 250, "max_leaf_nodes": 15})
    yield Entry(KNeighborsRegressor, {"n_neighbors": 10, "weights": "distance"}, scaled=True)


def _needs_probabilities(metric: str) -> bool:
    """Whether a scorer cannot do with a decision function."""
    response = getattr(get_scorer(metric), "_response_method", "predict")
    return response == "predict_proba" or metric.startswith("roc_auc_ov")

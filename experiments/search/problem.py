"""The problem that a search solves: preprocessed folds and a metric. It is what workers are given, once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import sklearn

from config.errors import BadInput
from experiments.search.metric import EVEN_METRICS, Task, check_metric
from experiments.search.weighting import learning_weight
from models.scoring import score_weight

__all__ = ["Fold", "Problem", "Task", "check_metric", "prepare"]

#: training rows of a fold above which a search looks at fewer of them first
FIRST_LOOK_ABOVE = 10_000
#: share of them that it then looks at, and the fewest
FIRST_LOOK_SHARE = 0.1
FIRST_LOOK_ROWS = 2_000
#: test rows of a first look, at most
FIRST_LOOK_TESTED = 4_000
#: rows of a class that a first look keeps where there are as many: estimators with folds of their own need some
CLASS_ROWS = 10


@dataclass(frozen=True)
class Fold:
    """One split of the development rows, its features preprocessed with what the training part alone teaches."""

    #: (n_training_rows, n_features), float64
    train_X: np.ndarray  # noqa: N815
    #: (n_training_rows,), classes as integers from 0, or float64
    train_y: np.ndarray
    #: (n_test_rows, n_features), float64
    test_X: np.ndarray  # noqa: N815
    #: (n_test_rows,)
    test_y: np.ndarray
    #: (n_training_rows,), what each row counts in learning; None where all count the same
    train_weight: np.ndarray | None = None
    #: (n_test_rows,), what each row counts in the score; None where all count the same
    test_weight: np.ndarray | None = None


@dataclass(frozen=True)
class Problem:
    """Everything that an evaluation needs besides the estimator."""

    task: Task
    #: a scikit-learn scorer's name; greater is better
    metric: str
    folds: tuple[Fold, ...]
    #: after preprocessing; folds may differ (a rare category), then the smallest
    n_features: int
    #: 0 for regression
    n_classes: int
    #: a fold with fewer rows, on large tables: it is looked at first, and counts for no score
    first_look: Fold | None = None

    @property
    def looks(self) -> tuple[Fold, ...]:
        """What a pipeline is fitted on, in this order: the first look, where there is one, then the folds."""
        return self.folds if self.first_look is None else (self.first_look, *self.folds)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over task, metric and every number and weight of the looks, hexadecimal."""
        has_first_look = self.first_look is not None
        digest = hashlib.sha256(f"{self.task} {self.metric} {self.n_classes} {has_first_look}".encode())
        for look in self.looks:
            parts = (look.train_X, look.train_y, look.test_X, look.test_y, look.train_weight, look.test_weight)
            for array in parts:
                if array is None:
                    digest.update(b"no weights")
                else:
                    digest.update(f"{array.shape} {array.dtype}".encode())
                    digest.update(np.ascontiguousarray(array).ravel().data)
        return digest.hexdigest()


def prepare(
    X: pd.DataFrame,
    y: np.ndarray,
    preprocessing: Any,
    splits: Sequence[tuple[np.ndarray, np.ndarray]],
    metric: str,
    task: Task,
    *,
    weight: np.ndarray | None = None,
    seed: int = 0,
) -> Problem:
    """Preprocesses the folds, each by a transformer fitted on its own training rows.

    The preprocessing is the same for every individual, so it is paid once a fold and not once an evaluation; and
    because it never sees a fold's test rows, nothing leaks. Where the metric counts classes evenly, rows are weighted
    so that they count evenly in learning too, by the shares of the classes among the training rows alone.

    Args:
        X: development rows, (n_rows, n_columns).
        y: encoded target, (n_rows,): integers from 0 for classification.
        preprocessing: an unfitted scikit-learn transformer; it is cloned, never fitted itself.
        splits: row positions of training and test part of each fold.
        metric: a scorer's name or ``auto``.
        task: what is learnt.
        weight: what the person says that rows count, (n_rows,); None where all count the same.
        seed: draws the rows of the first look.

    Raises:
        BadInput: the metric does not fit, or the preprocessing leaves something that is not a finite number.
    """
    n_classes = len(np.unique(y)) if task == "classification" else 0
    metric = check_metric(metric, task, n_classes)
    target = np.asarray(y, dtype=np.int64 if task == "classification" else np.float64)
    folds = []
    for train, test in splits:
        fitted = sklearn.base.clone(preprocessing)
        train_X = _dense(fitted.fit_transform(X.iloc[train], target[train]))
        test_X = _dense(fitted.transform(X.iloc[test]))
        train_weight = learning_weight(target[train], _some(weight, train), balanced=metric in EVEN_METRICS)
        test_weight = score_weight(_some(weight, test), metric)
        folds.append(Fold(train_X, target[train], test_X, target[test], train_weight, test_weight))
    n_features = min(fold.train_X.shape[1] for fold in folds)
    return Problem(task, metric, tuple(folds), n_features, n_classes, _first_look(folds[0], task, seed))


def _some(weight: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if weight is None else weight[rows]


def _first_look(fold: Fold, task: Task, seed: int) -> Fold | None:
    """Some of a large fold's rows; what need not be thinned is shared with it, not copied."""
    rows = len(fold.train_y)
    if rows <= FIRST_LOOK_ABOVE:
        return None
    random = np.random.default_rng(seed)
    train = _some_rows(fold.train_y, max(FIRST_LOOK_ROWS, round(rows * FIRST_LOOK_SHARE)), task, random)
    look = Fold(
        fold.train_X[train],
        fold.train_y[train],
        fold.test_X,
        fold.test_y,
        _some(fold.train_weight, train),
        fold.test_weight,
    )
    if len(fold.test_y) <= FIRST_LOOK_TESTED:
        return look
    test = _some_rows(fold.test_y, FIRST_LOOK_TESTED, task, random)
    return replace(
        look, test_X=fold.test_X[test], test_y=fold.test_y[test], test_weight=_some(fold.test_weight, test)
    )  # fmt: skip


def _some_rows(y: np.ndarray, number: int, task: Task, random: np.random.Generator) -> np.ndarray:
    """Positions of about so many rows, sorted; each class keeps its share, and a rare one at least some rows."""
    if task == "regression":
        return np.sort(random.choice(len(y), number, replace=False))
    chosen = []
    for code in np.unique(y):
        members = np.flatnonzero(y == code)
        wanted = max(min(len(members), CLASS_ROWS), round(len(members) * number / len(y)))
        chosen.append(random.choice(members, wanted, replace=False))
    return np.sort(np.concatenate(chosen))


def _dense(values: Any) -> np.ndarray:
    """Preprocessed features as a C-contiguous float64 array."""
    values = values.toarray() if hasattr(values, "toarray") else values
    array = np.ascontiguousarray(np.asarray(values, dtype=np.float64))
    if not np.isfinite(array).all():
        raise BadInput("preprocessing left missing or infinite values in the features; add an imputer to it")
    return array

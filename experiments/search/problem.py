"""The problem that a search solves: preprocessed folds and a metric. It is what workers are given, once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import sklearn

from config.errors import BadInput
from experiments.search.metric import Task, check_metric

__all__ = ["Fold", "Problem", "Task", "check_metric", "prepare"]


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

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over task, metric and every number of the folds, hexadecimal."""
        digest = hashlib.sha256(f"{self.task} {self.metric} {self.n_classes}".encode())
        for fold in self.folds:
            for array in (fold.train_X, fold.train_y, fold.test_X, fold.test_y):
                digest.update(f"{array.shape} {array.dtype}".encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def prepare(
    X: pd.DataFrame,
    y: np.ndarray,
    preprocessing: Any,
    splits: Sequence[tuple[np.ndarray, np.ndarray]],
    metric: str,
    task: Task,
) -> Problem:
    """Preprocesses the folds, each by a transformer fitted on its own training rows.

    The preprocessing is the same for every individual, so it is paid once a fold and not once an evaluation; and
    because it never sees a fold's test rows, nothing leaks.

    Args:
        X: development rows, (n_rows, n_columns).
        y: encoded target, (n_rows,): integers from 0 for classification.
        preprocessing: an unfitted scikit-learn transformer; it is cloned, never fitted itself.
        splits: row positions of training and test part of each fold.
        metric: a scorer's name or ``auto``.

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
        folds.append(Fold(train_X, target[train], _dense(fitted.transform(X.iloc[test])), target[test]))
    return Problem(task, metric, tuple(folds), min(fold.train_X.shape[1] for fold in folds), n_classes)


def _dense(values: Any) -> np.ndarray:
    """Preprocessed features as a C-contiguous float64 array."""
    values = values.toarray() if hasattr(values, "toarray") else values
    array = np.ascontiguousarray(np.asarray(values, dtype=np.float64))
    if not np.isfinite(array).all():
        raise BadInput("preprocessing left missing or infinite values in the features; add an imputer to it")
    return array

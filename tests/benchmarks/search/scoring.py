"""The score of predictions that were made elsewhere: every contender is judged by the same function, here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer
from sklearn.utils.metaestimators import available_if


class Said(BaseEstimator):
    """An estimator that has said everything already: whatever rows it is given, it answers with what is stored."""

    def __init__(self, labels: np.ndarray) -> None:
        self.labels = labels
        self.fitted_ = True

    def predict(self, X: Any) -> np.ndarray:
        """The stored labels or numbers, (n_rows,)."""
        return self.labels


class SaidNumbers(RegressorMixin, Said):
    """Of a regression."""


def _says(response: str) -> Callable[[SaidClasses], bool]:
    return lambda said: response in said.responses


class SaidClasses(ClassifierMixin, Said):
    """Of a classification, by class codes from 0; it has the responses that its contender has, as scorers ask for."""

    def __init__(self, labels: np.ndarray, classes: np.ndarray, responses: dict[str, np.ndarray]) -> None:
        super().__init__(labels)
        self.classes_ = classes
        self.responses = responses

    @available_if(_says("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """The stored probabilities, (n_rows, n_classes)."""
        return self.responses["predict_proba"]

    @available_if(_says("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """The stored margins, (n_rows,) or (n_rows, n_classes)."""
        return self.responses["decision_function"]


def score_predictions(path: Path, y: np.ndarray, metric: str, task: str) -> float:
    """The score of a file of predictions by the scorer's convention: greater is better.

    Args:
        path: what `Assignment.hand_in_predictions` wrote.
        y: the truth, (n_rows,).
        metric: a scikit-learn scorer's name.
        task: classification or regression.

    Raises:
        ValueError: the predictions do not fit the metric.
        AttributeError: the metric needs probabilities and there are none.
    """
    with np.load(path) as stored:
        said = dict(stored)
    labels = said.pop("labels")
    if task == "regression":
        estimator: Said = SaidNumbers(labels)
    else:
        estimator = SaidClasses(labels, np.unique(y), said)
    score = float(get_scorer(metric)(estimator, np.zeros((len(y), 1)), y))
    if not np.isfinite(score):
        raise ValueError(f"the hold-out score is {score}")
    return score

"""A model's answers to held-out rows, made once and scored again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer
from sklearn.utils.metaestimators import available_if

from config.errors import BadInput
from models.evidence import HoldoutRows
from models.prediction_scorer import PredictionScorer
from models.published import classes_of, coded
from models.scoring import score, score_weight


class Judged:
    """A fitted model and the rows that it is judged by.

    Args:
        fitted: from raw columns to the person's own labels or numbers.
        rows: that it has not learnt from.
        metric: a scikit-learn scorer's name.
        classes: labels of all models that are compared, sorted, (n_classes,); None for regression.

    Raises:
        BadInput: the rows have a label that no model knows, or lack a column.
        Exception: whatever the model raises that cannot predict the rows.
    """

    def __init__(self, fitted: Any, rows: HoldoutRows, metric: str, classes: np.ndarray | None) -> None:
        self.rows = rows
        self._metric, self._scorer = metric, get_scorer(metric)
        self._y = rows.target(classes)
        self._weight = score_weight(rows.weight, metric)
        self._n_classes = 0 if classes is None else len(classes)
        self._kept = _Numbers(fitted, rows.X) if classes is None else _Classes(fitted, rows.X, classes)
        everything = np.arange(len(rows))
        #: the metric on all rows
        self.score = self._slow_score(everything)
        self._predictions = self._kept.predictions()
        self._is_quick = bool(np.isclose(self._quick_score(everything), self.score, rtol=1e-6, atol=1e-9))

    def score_of(self, chosen: np.ndarray) -> float:
        """The metric on some rows; not finite where it is not defined for them.

        Args:
            chosen: their positions, (n_chosen,); a row may come several times.
        """
        if self._is_quick:
            return self._quick_score(chosen)
        try:
            return self._slow_score(chosen)
        except ValueError:  # scikit-learn's way to say that a class is missing among the rows
            return float("nan")

    def _quick_score(self, chosen: np.ndarray) -> float:
        weight = None if self._weight is None else self._weight[chosen]
        scorer = PredictionScorer(self._metric, self.rows.task, self._y[chosen], [len(chosen)], self._n_classes, weight)
        return scorer.score(0, self._predictions[chosen])

    def _slow_score(self, chosen: np.ndarray) -> float:
        """By the real scorer, which may look at more than probabilities, such as a decision function."""
        weight = None if self._weight is None else self._weight[chosen]
        return score(self._scorer, self._kept, chosen, self._y[chosen], weight)


def shared_classes(fitted: list[Any], rows: HoldoutRows) -> np.ndarray | None:
    """The labels that any of some models knows, sorted; None for a regression.

    Raises:
        BadInput: the models and the rows do not predict the same kind of thing.
    """
    known = [known_classes(each) for each in fitted]
    if rows.task == "regression":
        if any(each is not None for each in known):
            raise BadInput("one model predicts classes and the other numbers")
        return None
    found = [each for each in known if each is not None]
    if len(found) < len(known):
        raise BadInput("one model predicts classes and the other numbers")
    index = pd.Index(found[0])
    for each in found[1:]:
        if not index.isin(each).any():
            raise BadInput("the models predict different classes: they have none in common")
        index = index.union(each)
    return np.asarray(index.sort_values())


def known_classes(fitted: Any) -> np.ndarray | None:
    """The labels that a model answers with; None for one that answers with numbers."""
    own = classes_of(fitted)
    return getattr(fitted, "classes_", None) if own is None else own


def _has(method: str) -> Any:
    return available_if(lambda kept: kept.can(method))


class _Kept(BaseEstimator):
    """Passes for the model to a scorer, which hands it positions of rows for rows."""

    def __init__(self, fitted: Any, X: pd.DataFrame) -> None:
        self._pipeline, self._X = coded(fitted), X
        self._answers: dict[str, np.ndarray] = {}

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def can(self, method: str) -> bool:
        """Whether the model has a method."""
        return hasattr(self._pipeline, method)

    def predict(self, positions: np.ndarray) -> np.ndarray:
        return self._answer("predict")[positions]

    def _answer(self, method: str) -> np.ndarray:
        if method not in self._answers:
            self._answers[method] = self._aligned(method, np.asarray(getattr(self._pipeline, method)(self._X)))
        return self._answers[method]

    def _aligned(self, method: str, answers: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class _Numbers(RegressorMixin, _Kept):
    def predictions(self) -> np.ndarray:
        """Numbers, (n_rows, 1)."""
        return self._answer("predict").reshape(-1, 1)

    def _aligned(self, method: str, answers: np.ndarray) -> np.ndarray:
        return answers.astype(np.float64).reshape(-1)


class _Classes(ClassifierMixin, _Kept):
    """Answers in the codes of the classes that all compared models know together."""

    def __init__(self, fitted: Any, X: pd.DataFrame, classes: np.ndarray) -> None:
        super().__init__(fitted, X)
        own = known_classes(fitted)
        assert own is not None
        #: code of the shared classes for each class of the model
        self._codes = pd.Index(classes).get_indexer(pd.Index(own))
        # a model of another make answers with labels
        self._of_answer: Mapping[Any, int] = (
            dict(enumerate(self._codes)) if classes_of(fitted) is not None else dict(zip(own, self._codes, strict=True))
        )
        self.classes_ = np.arange(len(classes))

    def can(self, method: str) -> bool:
        if method == "decision_function" and len(self._codes) != len(self.classes_):
            return False  # a class that a model does not know has no decision
        return super().can(method)

    @_has("predict_proba")
    def predict_proba(self, positions: np.ndarray) -> np.ndarray:
        return self._answer("predict_proba")[positions]

    @_has("decision_function")
    def decision_function(self, positions: np.ndarray) -> np.ndarray:
        return self._answer("decision_function")[positions]

    def predictions(self) -> np.ndarray:
        """Probabilities, (n_rows, n_classes); certain ones where the model has none."""
        if self.can("predict_proba"):
            return self._answer("predict_proba")
        return np.eye(len(self.classes_))[self._answer("predict")]

    def _aligned(self, method: str, answers: np.ndarray) -> np.ndarray:
        if method == "predict":
            return np.array([self._of_answer[answer] for answer in answers.tolist()], dtype=np.int64)
        if method == "decision_function":
            return answers
        probabilities = np.zeros((len(answers), len(self.classes_)))
        probabilities[:, self._codes] = answers
        return probabilities

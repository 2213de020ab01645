"""Scores of predictions that were kept, without the pipelines that made them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from models.scoring import TaskType, score


class PredictionScorer:
    """Scores out-of-fold predictions fold by fold, by the same scorer that the search has.

    Pipelines that are scored by a decision function are scored by their probabilities here, and labels are those of
    the highest probability: that is what a vote of several does.

    Args:
        metric: a scikit-learn scorer's name.
        task: what is predicted.
        y: targets of the folds' test rows, the folds one after the other, (n_rows,); classes as integers from 0.
        fold_sizes: test rows of each fold.
        n_classes: 0 for regression.
        weight: what each row counts in the score, (n_rows,); None where all count the same.
    """

    def __init__(
        self,
        metric: str,
        task: TaskType,
        y: np.ndarray,
        fold_sizes: Sequence[int],
        n_classes: int = 0,
        weight: np.ndarray | None = None,
    ) -> None:
        ends = np.cumsum([0, *fold_sizes])
        if ends[-1] != len(y):
            raise ValueError(f"the folds have {ends[-1]} rows and the targets {len(y)}")
        #: rows of each fold
        self.folds = tuple(slice(begin, end) for begin, end in itertools.pairwise(ends))
        #: of the arrays that can be scored
        self.shape = (len(y), n_classes if task == "classification" else 1)
        self._metric, self._task, self._n_classes, self._weights = metric, task, n_classes, weight
        self._scorer = _scorer(metric)
        self._stand_in = _Classifier(n_classes) if task == "classification" else _Regressor()
        self._y = [y[fold] for fold in self.folds]
        self._weight = [None if weight is None else weight[fold] for fold in self.folds]
        #: targets of all rows, (n_rows,)
        self.y = y
        self._quick = _quick(metric, n_classes) if weight is None else None

    def fold_scores(self, predictions: np.ndarray) -> np.ndarray:
        """The score of each fold, (n_folds,), greater is better.

        Args:
            predictions: probabilities, (n_rows, n_classes), or predicted numbers, (n_rows, 1).
        """
        return np.array([self.score(number, predictions[fold]) for number, fold in enumerate(self.folds)])

    def thinned(self, rows: int) -> tuple[PredictionScorer, np.ndarray]:
        """A scorer of some of the rows, evenly from all folds and targets, and the positions of these rows.

        Args:
            rows: about as many, (n_kept,); a class that a fold knows is not lost to it.
        """
        share = min(1.0, rows / len(self.y))
        kept = [self._kept(fold, share) for fold in self.folds]
        positions = np.concatenate(kept)
        weight = None if self._weights is None else self._weights[positions]
        sizes = [len(each) for each in kept]
        thin = PredictionScorer(self._metric, self._task, self.y[positions], sizes, self._n_classes, weight)
        return thin, positions

    def _kept(self, fold: slice, share: float) -> np.ndarray:
        """Positions of a share of a fold's rows, evenly from its targets, in the order of the rows."""
        order = np.argsort(self.y[fold], kind="stable") + fold.start
        strata = np.split(order, np.flatnonzero(np.diff(self.y[order])) + 1) if self._n_classes else [order]
        taken = [rows[np.linspace(0, len(rows) - 1, int(np.ceil(len(rows) * share))).astype(int)] for rows in strata]
        return np.sort(np.concatenate(taken))

    def score(self, fold: int, predictions: np.ndarray) -> float:
        """The score of one fold; minus infinity where there is none.

        Args:
            fold: its number, from 0.
            predictions: of its rows.
        """
        y = self._y[fold]
        if self._quick is not None:
            value = self._quick(y, predictions)
        else:
            value = score(self._scorer, self._stand_in, predictions, y, self._weight[fold])
        return value if np.isfinite(value) else -np.inf


@functools.cache
def _scorer(metric: str) -> Any:
    """The scorer of a name; scikit-learn's look-up copies it, which takes longer than a score."""
    return get_scorer(metric)


class _Classifier(ClassifierMixin, BaseEstimator):
    """Passes for a fitted classifier, and "predicts" the probabilities that it is given for rows."""

    def __init__(self, n_classes: int = 2) -> None:
        self.n_classes = n_classes
        self.classes_ = np.arange(n_classes)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return X

    def predict(self, X: np.ndarray) -> np.ndarray:
        return X.argmax(axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _Regressor(RegressorMixin, BaseEstimator):
    """Passes for a fitted regressor, and "predicts" the numbers that it is given for rows."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        return X[:, 0].astype(np.float64)

    def __sklearn_is_fitted__(self) -> bool:
        return True


Quick = Callable[[np.ndarray, np.ndarray], float]


def _quick(metric: str, n_classes: int) -> Quick | None:
    """The same number without scikit-learn's validation, which takes longer than the number, for common metrics."""
    common: dict[str, Quick] = {
        "accuracy": lambda y, p: float(np.mean(_hits(y, p))),
        "balanced_accuracy": _balanced_accuracy,
        "f1": lambda y, p: float(np.nan_to_num(_f1(y, p)[1])),
        "f1_macro": lambda y, p: float(np.nanmean(_f1(y, p))),
        "average_precision": _average_precision,
        "neg_log_loss": _neg_log_loss,
        "roc_auc": lambda y, p: _roc_auc(y == 1, p[:, 1]),
        "roc_auc_ovr": _roc_auc_ovr,
        "r2": lambda y, p: 1.0 - _squares(y, p) / max(float(np.square(y - y.mean()).sum()), 1e-300),
        "neg_mean_squared_error": lambda y, p: -_squares(y, p) / len(y),
        "neg_root_mean_squared_error": lambda y, p: -float(np.sqrt(_squares(y, p) / len(y))),
        "neg_mean_absolute_error": lambda y, p: -float(np.abs(y - p[:, 0]).mean()),
    }
    if metric == "roc_auc_ovr" and n_classes == 2:
        metric = "roc_auc"
    return common.get(metric)


def _squares(y: np.ndarray, predictions: np.ndarray) -> float:
    return float(np.square(y - predictions[:, 0]).sum())


def _hits(y: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Rows whose own class is the first of the most probable: by maximum, which is four times as fast as by argmax."""
    highest = probabilities.max(axis=1)
    hits = probabilities[np.arange(len(y)), y] == highest
    tied = np.flatnonzero(np.add.reduce(probabilities == highest[:, None], axis=1, dtype=np.int16) > 1)
    hits[tied] = probabilities[tied].argmax(axis=1) == y[tied]
    return hits


def _balanced_accuracy(y: np.ndarray, probabilities: np.ndarray) -> float:
    rows = np.bincount(y)
    hits = np.bincount(y[_hits(y, probabilities)], minlength=len(rows))
    return float(np.mean(hits[rows > 0] / rows[rows > 0]))


def _f1(y: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The F1 score of each class, (n_classes,); not a number for a class that is neither there nor predicted."""
    n_classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    rows = np.bincount(y, minlength=n_classes) + np.bincount(predicted, minlength=n_classes)
    hits = np.bincount(y[y == predicted], minlength=n_classes)
    return np.divide(2.0 * hits, rows, out=np.full(n_classes, np.nan), where=rows > 0)


def _average_precision(y: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean precision over the thresholds, each weighted by the recall that it adds."""
    order = np.argsort(-probabilities[:, 1], kind="stable")
    scores, hits = probabilities[order, 1], np.cumsum(y[order] == 1)
    if not hits[-1]:
        return 0.0
    thresholds = np.r_[np.flatnonzero(np.diff(scores)), len(scores) - 1]  # rows that score the same come together
    hits = hits[thresholds]
    return float(np.sum(np.diff(hits, prepend=0) * hits / (thresholds + 1)) / hits[-1])


def _neg_log_loss(y: np.ndarray, probabilities: np.ndarray) -> float:
    smallest = np.finfo(probabilities.dtype).eps
    likelihoods = probabilities[np.arange(len(y)), y]
    return float(np.log(np.clip(likelihoods, smallest, 1 - smallest)).mean(dtype=np.float64))


def _roc_auc(is_positive: np.ndarray, scores: np.ndarray) -> float:
    """Share of the pairs of a positive and a negative row that the scores put in order; a tie is half a pair."""
    positive, negative = np.sort(scores[is_positive]), np.sort(scores[~is_positive])
    if not len(positive) or not len(negative):
        return float("nan")
    below = np.searchsorted(negative, positive, "left").sum() + np.searchsorted(negative, positive, "right").sum()
    return float(below / (2 * len(positive) * len(negative)))


def _roc_auc_ovr(y: np.ndarray, probabilities: np.ndarray) -> float:
    return float(np.mean([_roc_auc(y == label, column) for label, column in enumerate(probabilities.T)]))

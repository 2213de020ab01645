"""How well a classifier tells classes apart, and whether its probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.card.outcome import Outcome

#: classes that are shown, those with most rows
MOST_CLASSES = 8
#: parts of a calibration curve, at most, and the rows that each needs
BINS = 10
ROWS_IN_BIN = 15


@dataclass(frozen=True, eq=False)
class ClassCurves:
    """One class against the rest, on the held-out rows."""

    name: str
    #: held-out rows of the class
    rows: int
    #: false and true positive rates, from (0, 0) to (1, 1)
    false_rates: np.ndarray
    true_rates: np.ndarray
    roc_auc: float
    #: recall and precision, by falling threshold
    recalls: np.ndarray
    precisions: np.ndarray
    average_precision: float
    #: mean predicted probability and share of the class, of parts of about equally many rows; empty where answers are
    #: no probabilities
    predicted: list[float]
    observed: list[float]
    #: mean squared difference of probability and truth
    brier: float | None


def class_curves(outcome: Outcome) -> tuple[ClassCurves, ...]:
    """The curves of each class, of the second only where there are two; the most frequent where there are many.

    A class without held-out rows, or with nothing but such rows, has none.
    """
    counts = np.bincount(outcome.y, minlength=outcome.n_classes)
    codes = [1] if outcome.n_classes == 2 else sorted(np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist())
    weight = np.ones(len(outcome)) if outcome.weight is None else outcome.weight
    return tuple(_curves(outcome, code, weight) for code in codes if 0 < counts[code] < len(outcome))


def _curves(outcome: Outcome, code: int, weight: np.ndarray) -> ClassCurves:
    truth, scores = outcome.y == code, outcome.answers[:, code]
    hits, misses = _cumulated(truth, scores, weight)
    recalls, precisions = hits / hits[-1], hits / (hits + misses)
    true_rates, false_rates = np.r_[0.0, recalls], np.r_[0.0, misses / misses[-1]]
    predicted, observed = list[float](), list[float]()
    brier = None
    if outcome.has_probabilities:
        predicted, observed = _calibration(truth, scores, weight)
        brier = float(np.average((scores - truth) ** 2, weights=weight))
    return ClassCurves(
        outcome.class_names[code],
        int(truth.sum()),
        false_rates,
        true_rates,
        float(np.sum(np.diff(false_rates) * (true_rates[1:] + true_rates[:-1]) / 2)),
        np.r_[0.0, recalls],
        np.r_[precisions[0], precisions],
        float(np.sum(np.diff(np.r_[0.0, recalls]) * precisions)),
        predicted,
        observed,
        brier,
    )


def _cumulated(truth: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight of true and of false positives at each threshold, from the highest to the lowest."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_ties = np.r_[np.flatnonzero(np.diff(ordered)), len(ordered) - 1]
    own, others = weight[order] * truth[order], weight[order] * ~truth[order]
    return np.cumsum(own)[last_of_ties], np.cumsum(others)[last_of_ties]


def _calibration(truth: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean probability and share of the class in parts of about as many rows; equal probabilities stay together."""
    bins = max(2, min(BINS, len(scores) // ROWS_IN_BIN))
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1]))
    part = np.searchsorted(edges, scores, side="right")
    sums = np.bincount(part, weight)
    filled = sums > 0
    predicted = np.bincount(part, weight * scores)[filled] / sums[filled]
    observed = np.bincount(part, weight * truth)[filled] / sums[filled]
    return predicted.tolist(), observed.tolist()

"""How far a hold-out score can be trusted: an interval by drawing the held-out rows again and again.

The percentile bootstrap (B. Efron, The Annals of Statistics 7, 1979, doi:10.1214/aos/1176344552): predictions are made
once, and scored on rows that are drawn with replacement. It tells of the rows that happened to be held out, not of
other fits of the pipeline.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from models.evidence import HoldoutRows
from models.prediction_scorer import PredictionScorer

#: of the draws that lie within the interval
SHARE = 0.95
DRAWS = 400
#: a quantile of fewer draws is a matter of chance
FEWEST_DRAWS = 100
SECONDS = 0.25  # of the run's budget, at most

Interval = tuple[float, float]


def holdout_interval(
    pipeline: Any,
    rows: HoldoutRows,
    y: np.ndarray,
    holdout_score: float,
    metric: str,
    n_classes: int = 0,
    *,
    seed: int = 0,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Interval | None:
    """The interval that holds 95 % of the scores on rows drawn anew.

    Args:
        pipeline: fitted, from raw columns to what ``y`` holds.
        rows: that were held out; groups are drawn as wholes.
        y: their target as the pipeline knows it, (n_rows,).
        holdout_score: what the metric's scorer gave for them.
        metric: a scikit-learn scorer's name.
        n_classes: 0 for regression.
        seed: of the draws.
        seconds: that they may take.
        clock: seconds.

    Returns:
        Its ends; None where rows depend on each other in time, where the score cannot be told by kept predictions, and
        where there was no time for enough draws.
    """
    deadline = clock() + seconds
    if rows.by_time or len(y) < 2 or seconds <= 0:
        return None
    predictions = _predictions(pipeline, rows.X, n_classes)

    def score(chosen: np.ndarray) -> float:
        chosen_weight = None if rows.weight is None else rows.weight[chosen]
        scorer = PredictionScorer(metric, rows.task, y[chosen], [len(chosen)], n_classes, chosen_weight)
        return float(scorer.score(0, predictions[chosen]))

    # A scorer may look at more than probabilities, such as a decision function: then this is another score.
    if not np.isclose(score(np.arange(len(y))), holdout_score, rtol=1e-6, atol=1e-9):
        return None
    scores: list[float] = []
    random = np.random.default_rng(seed)
    while len(scores) < DRAWS and clock() < deadline:
        scores.append(score(_drawn(rows, random)))
    finite = [value for value in scores if np.isfinite(value)]  # a class may be missing among the drawn rows
    if len(finite) < FEWEST_DRAWS:
        return None
    low, high = np.quantile(finite, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)


def _predictions(pipeline: Any, X: Any, n_classes: int) -> np.ndarray:
    """Probabilities, (n_rows, n_classes), certain ones where the pipeline has none; or numbers, (n_rows, 1)."""
    if not n_classes:
        return np.asarray(pipeline.predict(X), dtype=np.float64).reshape(-1, 1)
    if hasattr(pipeline, "predict_proba"):
        return np.asarray(pipeline.predict_proba(X))
    return np.eye(n_classes)[np.asarray(pipeline.predict(X), dtype=int)]


def _drawn(rows: HoldoutRows, random: np.random.Generator) -> np.ndarray:
    """Positions of rows drawn with replacement, or of the rows of groups drawn so."""
    if rows.groups is None:
        return random.integers(0, len(rows.y), len(rows.y))
    names, first = np.unique(rows.groups, return_inverse=True)
    counts = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))
    return np.repeat(np.arange(len(first)), counts[first])

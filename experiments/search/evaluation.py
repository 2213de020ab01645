"""One evaluation: an estimator fitted and scored on one fold after the other, as long as it is worth it."""

from __future__ import annotations

import pickle
import time
import traceback
from typing import Any

import numpy as np
import sklearn
from sklearn.metrics import get_scorer

from experiments.search.early_drop import Bars
from experiments.search.events import Measures
from experiments.search.problem import Fold, Problem
from experiments.search.tpot_repairs import tpot
from experiments.search.verdict import Verdict
from experiments.search.weighting import fit
from models.scoring import score

#: longest cause in characters
CAUSE_LENGTH = 300
#: rows that inference is timed with, at most: a thousand are what the measure is about
TIMED_ROWS = 1000


def evaluate(
    problem: Problem, estimator: Any, bars: Bars, known: tuple[float, ...] = (), keep_predictions: bool = False
) -> Verdict:
    """Fits clones of an estimator on the looks of a problem, in this process, and scores them.

    Args:
        problem: with its folds, and a first look at fewer rows on large tables.
        estimator: unfitted.
        bars: what it must reach so as not to be dropped.
        known: scores of the first looks, which are not taken again.
        keep_predictions: whether to return out-of-fold predictions; there are none where a fold was known.

    Returns:
        ``valid`` or ``dropped``.

    Raises:
        Exception: whatever the estimator raises; ValueError for a score that is not a finite number.
    """
    scorer = get_scorer(problem.metric)
    looks = list(known)
    predictions = []
    measures = Measures(0.0)
    for look in problem.looks[len(known) :]:
        fitted = fit(sklearn.base.clone(estimator), look.train_X, look.train_y, look.train_weight)
        value = score(scorer, fitted, look.test_X, look.test_y, look.test_weight)
        if not np.isfinite(value):
            raise ValueError(f"the score is {value}")
        looks.append(value)
        measures = measure(fitted, look, bars.objectives.cost_names)
        if len(looks) < len(problem.looks) and bars.rule_out(looks, problem.first_look is not None, measures):
            return Verdict("dropped", "", tuple(looks), measures)
        if keep_predictions and look is not problem.first_look:
            predictions.append(predicted(fitted, look.test_X))
    return Verdict("valid", "", tuple(looks), measures, _whole(predictions, problem))


def _whole(predictions: list[np.ndarray], problem: Problem) -> np.ndarray | None:
    """The folds' predictions one after the other; None where a fold is missing, or lacks a class that others know."""
    is_whole = len(predictions) == len(problem.folds) and len({part.shape[1] for part in predictions}) == 1
    return np.concatenate(predictions) if is_whole else None


def measure(fitted: Any, look: Fold, names: tuple[str, ...]) -> Measures:
    """What a fitted pipeline costs; only what is asked for, as timing and pickling cost time themselves."""
    inference = size = 0.0
    if "inference_ms" in names:
        rows = look.test_X[:TIMED_ROWS]
        began = time.perf_counter()
        fitted.predict(rows)
        inference = (time.perf_counter() - began) * 1000 * TIMED_ROWS / len(rows)
    if "size_kb" in names:
        size = len(pickle.dumps(fitted, protocol=5)) / 1000
    return Measures(float(tpot.objectives.complexity_scorer(fitted)), inference, size)


def predicted(fitted: Any, X: np.ndarray) -> np.ndarray:
    """Probabilities, (n_rows, n_classes), where there are some, else predictions, (n_rows, 1); float32."""
    if hasattr(fitted, "predict_proba"):
        return np.asarray(fitted.predict_proba(X), dtype=np.float32)
    return np.asarray(fitted.predict(X), dtype=np.float32).reshape(-1, 1)


def cause_of(error: BaseException) -> str:
    """Why an evaluation failed, in one line: the innermost estimator at work, the error's type and first line."""
    places = [
        type(frame.f_locals["self"]).__name__
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if isinstance(frame.f_locals.get("self"), sklearn.base.BaseEstimator)
    ]
    first_line = next(iter(str(error).splitlines()), "")
    place = f"{places[-1]}: " if places else ""
    return f"{place}{type(error).__name__}: {first_line}".rstrip(": ")[:CAUSE_LENGTH]

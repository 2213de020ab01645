"""Weights in learning and in the score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer

from experiments.search.metric import fitting_metrics
from experiments.search.weighting import fit, learning_weight
from models.scoring import UNWEIGHTED_METRICS, score, score_weight

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
NOISY = RNG.normal(scale=2, size=X.shape) + X
WEIGHT = RNG.integers(1, 4, 90).astype(float)
TARGETS = {
    "regression": np.exp(X[:, 0]) + 1,
    "two classes": (X[:, 0] > 0).astype(int),
    "three classes": np.digitize(X[:, 0], [-0.5, 0.5]),
}


def metrics(target):
    task = "regression" if target == "regression" else "classification"
    return fitting_metrics(task, {"two classes": 2, "three classes": 3}.get(target, 0))


@pytest.mark.parametrize(("target", "metric"), [(target, each) for target in TARGETS for each in metrics(target)])
def test_a_weight_is_how_often_a_row_counts_in_any_score_that_takes_one(target, metric):
    y = TARGETS[target]
    if target == "regression":
        fitted = LinearRegression().fit(X[:, :1], np.log(y))
        fitted.intercept_ += 3  # the predictions are positive, as some metrics want them
        rows = X[:, :1]
    else:
        fitted, rows = LogisticRegression().fit(NOISY, y), NOISY  # it is sometimes wrong
    weight = score_weight(WEIGHT, metric)
    assert (weight is None) == (metric in UNWEIGHTED_METRICS)
    again = np.repeat(np.arange(90), WEIGHT.astype(int) if weight is not None else 1)
    scorer = get_scorer(metric)
    expected = scorer(fitted, rows[again], y[again])
    tolerance = 0.02 if "median" in metric else 1e-9  # which row's error is the median is a matter of taste
    assert score(scorer, fitted, rows, y, weight) == pytest.approx(expected, rel=tolerance)


def test_without_weights_nothing_is_weighted():
    assert learning_weight(np.array([0, 0, 1])) is None
    assert score_weight(None, "accuracy") is None
    y = TARGETS["two classes"]
    fitted = fit(DummyClassifier(), X, y)
    assert score(get_scorer("accuracy"), fitted, X, y) == max(y.mean(), 1 - y.mean())


def test_balanced_classes_weigh_the_same_and_a_row_1_on_average():
    y = np.array([0] * 90 + [1] * 10)
    weight = learning_weight(y, balanced=True)
    assert weight[y == 0].sum() == pytest.approx(weight[y == 1].sum())
    assert weight.mean() == pytest.approx(1)


def test_balance_comes_on_top_of_the_persons_weights():
    y = np.array([0] * 90 + [1] * 10)
    given = np.tile([1.0, 3.0], 50)
    weight = learning_weight(y, given, balanced=True)
    assert weight[1] / weight[0] == pytest.approx(3)
    assert weight[90] / weight[0] == pytest.approx(9)
    assert weight.mean() == pytest.approx(1)


def test_labels_and_codes_are_balanced_alike():
    labels = pd.Series(["b", "a", "b", "c"])
    codes = np.array([1, 0, 1, 2])
    np.testing.assert_array_equal(learning_weight(labels, balanced=True), learning_weight(codes, balanced=True))


def test_only_the_ratios_of_weights_matter():
    np.testing.assert_allclose(learning_weight(X[:, 0], WEIGHT * 1000), learning_weight(X[:, 0], WEIGHT))

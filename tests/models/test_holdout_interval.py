"""An interval around a hold-out score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.svm import LinearSVC

from models.evidence import HoldoutRows
from models.holdout_interval import holdout_interval

ROWS = 300


@pytest.fixture(scope="module")
def classes() -> HoldoutRows:
    """Rows of two classes that can be told apart in four of five cases, about."""
    random = np.random.default_rng(0)
    x = random.normal(size=ROWS)
    y = (x + random.normal(size=ROWS) > 0).astype(int)
    return HoldoutRows(pd.DataFrame({"x": x}), pd.Series(y, name="y"), "classification", {"x": "numeric"})


@pytest.fixture(scope="module")
def amounts() -> HoldoutRows:
    random = np.random.default_rng(0)
    x = random.normal(size=ROWS)
    y = pd.Series(x + random.normal(size=ROWS), name="y")
    return HoldoutRows(pd.DataFrame({"x": x}), y, "regression", {"x": "numeric"})


def interval(table, estimator, metric, **more):
    y = table.y.to_numpy()
    fitted = estimator.fit(table.X, y)
    score = get_scorer(metric)(fitted, table.X, y)
    n_classes = 2 if table.task == "classification" else 0
    return score, holdout_interval(fitted, table, y, score, metric, n_classes, seconds=30.0, **more)


def test_of_an_accuracy_it_is_as_wide_as_the_binomial_distribution_says(classes):
    score, (low, high) = interval(classes, LogisticRegression(), "accuracy")
    assert low < score < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(score * (1 - score) / ROWS), rel=0.2)


@pytest.mark.parametrize("metric", ["roc_auc", "neg_log_loss", "f1", "balanced_accuracy"])
def test_other_metrics_of_classes_have_one(classes, metric):
    score, (low, high) = interval(classes, LogisticRegression(), metric)
    assert low < score < high


@pytest.mark.parametrize("metric", ["r2", "neg_mean_absolute_error", "neg_median_absolute_error"])
def test_metrics_of_amounts_have_one(amounts, metric):
    score, (low, high) = interval(amounts, LinearRegression(), metric)
    assert low < score < high


def test_the_same_seed_draws_the_same_rows(classes):
    assert interval(classes, LogisticRegression(), "f1")[1] == interval(classes, LogisticRegression(), "f1")[1]


def test_groups_are_drawn_as_wholes_so_fewer_groups_say_less(classes):
    rows = replace(classes, groups=np.arange(ROWS) // 100)
    _, (low, high) = interval(rows, LogisticRegression(), "accuracy")
    parts = [get_scorer("accuracy")(LogisticRegression().fit(classes.X, classes.y), *part) for part in thirds(classes)]
    assert (low, high) == pytest.approx((min(parts), max(parts)), abs=0.02)


def thirds(table):
    return [(table.X.iloc[begin : begin + 100], table.y.iloc[begin : begin + 100]) for begin in (0, 100, 200)]


def test_labels_alone_suffice_where_the_metric_looks_at_no_more(classes):
    score, (low, high) = interval(classes, LinearSVC(), "accuracy")
    assert low < score < high


def test_there_is_none_where_predictions_do_not_tell_the_score(classes):
    assert interval(classes, LinearSVC(), "roc_auc")[1] is None  # by its decision function


def test_there_is_none_where_rows_depend_on_each_other_in_time(classes):
    rows = replace(classes, by_time=True)
    assert interval(rows, LogisticRegression(), "accuracy")[1] is None


def test_there_is_none_where_there_is_no_time(classes):
    moments = iter(range(100))
    fitted = LogisticRegression().fit(classes.X, classes.y)
    score = fitted.score(classes.X, classes.y)
    found = holdout_interval(
        fitted, classes, classes.y.to_numpy(), score, "accuracy", 2, seconds=10.0, clock=lambda: float(next(moments))
    )
    assert found is None

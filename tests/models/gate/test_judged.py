"""Kept answers score exactly as the model itself does, whatever the metric looks at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.svm import LinearSVC

from config.errors import BadInput
from models.evidence import HoldoutRows
from models.gate.judged import Judged, shared_classes
from models.published import coded, publishable
from tests.models.shelf import KINDS, people

TABLE = people()
X, Y = TABLE.drop(columns="target"), TABLE["target"]
SOME = np.array([3, 3, 8, 21, 40, 77, 123, 199, 250, 251, 399])


def columns():
    return ColumnTransformer([("kept", "passthrough", ["clear", "vague"])])


def rows_of(y=Y, task="classification", **more):
    return HoldoutRows(X, y, task, KINDS, **more)


def judged(fitted, metric, rows=None):
    rows = rows or rows_of()
    return Judged(fitted, rows, metric, shared_classes([fitted], rows))


OF_LABELS_AND_ORDER = ("accuracy", "balanced_accuracy", "roc_auc", "f1", "average_precision")
JUDGED = [
    *((LogisticRegression(), metric) for metric in (*OF_LABELS_AND_ORDER, "neg_log_loss", "neg_brier_score")),
    *((LinearSVC(), metric) for metric in OF_LABELS_AND_ORDER),  # it decides, and knows no probabilities
]


@pytest.mark.parametrize(("estimator", "metric"), JUDGED)
def test_classes_score_as_the_pipeline_does(estimator, metric):
    fitted = publishable(columns(), estimator, X, Y, "classification")
    codes = rows_of().target(np.array(["no", "yes"]))
    kept = judged(fitted, metric)
    scorer = get_scorer(metric)
    assert kept.score == pytest.approx(scorer(coded(fitted), X, codes))
    assert kept.score_of(SOME) == pytest.approx(scorer(coded(fitted), X.iloc[SOME], codes[SOME]))


@pytest.mark.parametrize("metric", ["r2", "neg_root_mean_squared_error", "neg_median_absolute_error"])
def test_numbers_score_as_the_pipeline_does(metric):
    y = X["clear"] + X["noise"]
    fitted = publishable(columns(), LinearRegression(), X, y, "regression")
    kept = judged(fitted, metric, rows_of(y, "regression"))
    assert kept.score == pytest.approx(get_scorer(metric)(fitted, X, y))
    assert kept.score_of(SOME) == pytest.approx(get_scorer(metric)(fitted, X.iloc[SOME], y.iloc[SOME]))


def test_a_metric_that_is_not_defined_for_some_rows_is_not_finite_there():
    fitted = publishable(columns(), LinearSVC(), X, Y, "classification")
    with pytest.warns(UserWarning, match="Only one class"):
        assert not np.isfinite(judged(fitted, "roc_auc").score_of(np.flatnonzero(Y == "no")))


def test_weights_count():
    fitted = publishable(columns(), LogisticRegression(), X, Y, "classification")
    weight = np.where(Y == "yes", 5.0, 1.0)
    codes = (Y == "yes").to_numpy().astype(int)
    kept = judged(fitted, "accuracy", rows_of(weight=weight))
    expected = get_scorer("accuracy")(coded(fitted), X.iloc[SOME], codes[SOME], sample_weight=weight[SOME])
    assert kept.score_of(SOME) == pytest.approx(expected)


def test_models_of_different_classes_share_their_codes():
    three = Y.where(X["noise"] < 1, "maybe")
    two = publishable(columns(), LogisticRegression(), X, Y, "classification")
    more = publishable(columns(), LogisticRegression(), X, three, "classification")
    rows = rows_of(three)
    classes = shared_classes([two, more], rows)
    assert classes.tolist() == ["maybe", "no", "yes"]
    right = np.mean(two.predict(X) == three)
    assert Judged(two, rows, "accuracy", classes).score == pytest.approx(right)
    assert Judged(more, rows, "accuracy", classes).score == pytest.approx(np.mean(more.predict(X) == three))


def test_labels_that_are_numbers_stay_what_they_are():
    y = pd.Series(np.where(Y == "yes", 7, 3))
    fitted = publishable(columns(), LogisticRegression(), X, y, "classification")
    assert judged(fitted, "accuracy", rows_of(y)).score == pytest.approx(np.mean(fitted.predict(X) == y))


def test_what_was_not_published_by_this_project_answers_with_labels():
    foreign = LogisticRegression().fit(X[["clear", "vague", "noise"]], Y)
    rows = HoldoutRows(X[["clear", "vague", "noise"]], Y, "classification", KINDS)
    assert judged(foreign, "accuracy", rows).score == pytest.approx(foreign.score(rows.X, Y))


def test_classes_and_numbers_are_not_compared():
    classes = publishable(columns(), LogisticRegression(), X, Y, "classification")
    numbers = publishable(columns(), LinearRegression(), X, X["clear"], "regression")
    for rows in (rows_of(), rows_of(X["clear"], "regression")):
        with pytest.raises(BadInput, match="one model predicts classes and the other numbers"):
            shared_classes([classes, numbers], rows)

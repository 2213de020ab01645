"""A model's answers to its held-out rows, whatever kind of estimator gives them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import get_scorer, r2_score
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from config.errors import BadInput
from models.card.outcome import Outcome, answers
from models.evidence import HoldoutRows
from models.published import coded, publishable


def classified(estimator, classes):
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.standard_normal((200, 3)), columns=list("abc"))
    y = pd.Series(np.array(["no", "perhaps", "yes"][:classes])[np.digitize(X["a"], [0, 0.7][: classes - 1])])
    fitted = publishable(StandardScaler(), estimator, X[50:], y[50:], "classification")
    return fitted, HoldoutRows(X[:50], y[:50], "classification", dict.fromkeys("abc", "numeric"))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("estimator", [LogisticRegression(), GaussianNB(), LinearSVC(), RidgeClassifier()])
def test_the_score_of_kept_answers_is_the_scorer_s_own(estimator, classes):
    fitted, holdout = classified(estimator, classes)
    for metric in ("accuracy", "balanced_accuracy", "f1_macro", *(["roc_auc"] if classes == 2 else [])):
        outcome = Outcome.of(fitted, holdout, metric)
        expected = get_scorer(metric)(coded(fitted), holdout.X, outcome.y)
        assert outcome.score(np.arange(len(outcome))) == pytest.approx(expected)


@pytest.mark.parametrize("estimator", [LogisticRegression(), LinearSVC()])
def test_the_predicted_classes_are_the_model_s_own(estimator):
    fitted, holdout = classified(estimator, 3)
    outcome = Outcome.of(fitted, holdout, "accuracy")
    np.testing.assert_array_equal(outcome.classes[outcome.predicted], fitted.predict(holdout.X))
    np.testing.assert_allclose(answers(fitted, holdout.X).sum(axis=1), 1)


def test_only_what_the_model_gives_as_probabilities_counts_as_such():
    for estimator, expected in ((GaussianNB(), True), (LinearSVC(), False)):
        fitted, holdout = classified(estimator, 2)
        assert Outcome.of(fitted, holdout, "accuracy").has_probabilities is expected


def test_a_regression_answers_with_numbers(numbers):
    outcome = Outcome.of(numbers.fitted, numbers.holdout, "r2")
    assert (outcome.classes, outcome.n_classes, outcome.class_names) == (None, 0, [])
    rows = np.arange(10, 60)
    expected = r2_score(numbers.holdout.y[rows], numbers.fitted.predict(numbers.holdout.X.iloc[rows]))
    assert outcome.score(rows) == pytest.approx(expected)


def test_a_score_that_divides_by_nothing_is_none(numbers):
    outcome = Outcome.of(numbers.fitted, numbers.holdout, "r2")
    alike = replace(outcome, y=np.ones(len(outcome)))
    assert np.isnan(alike.score(np.arange(20)))
    probabilities = Outcome.of(*classified(GaussianNB(), 3), "roc_auc_ovr")
    assert np.isnan(probabilities.score(np.flatnonzero(probabilities.y == 0)))


def test_weights_count_where_the_metric_takes_them(binary):
    weight = np.linspace(0.1, 5, len(binary.holdout))
    weighted = replace(binary.holdout, weight=weight)
    rows = np.arange(len(weighted))
    plain, heavy = (Outcome.of(binary.fitted, each, "accuracy") for each in (binary.holdout, weighted))
    assert heavy.score(rows) == pytest.approx(np.average(plain.y == plain.predicted, weights=weight))
    assert Outcome.of(binary.fitted, weighted, "roc_auc_ovo").weight is None


def test_a_class_that_the_model_does_not_know_is_refused(binary):
    strange = replace(binary.holdout, y=pd.Series(["unheard of"] * len(binary.holdout)))
    with pytest.raises(BadInput, match="unheard of"):
        Outcome.of(binary.fitted, strange, "accuracy")

"""Scores of arrays are those that scikit-learn's scorers give to pipelines."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer

from experiments.ensembling import scorer_of
from experiments.search.metric import fitting_metrics
from experiments.search.problem import Fold, Problem
from models.prediction_scorer import PredictionScorer

SIZES = (60, 50, 40)
FOLDS = (slice(0, 60), slice(60, 110), slice(110, 150))


def fitted_classifier(n_classes):
    """A classifier that is sometimes wrong, with rows and targets, all classes in every fold."""
    X, y = make_classification(150, n_informative=4, n_classes=n_classes, class_sep=0.5, flip_y=0.2, random_state=1)
    return LogisticRegression().fit(X[:30], y[:30]), X, y


def fitted_regressor():
    """A regressor with rows and positive targets."""
    X, y = make_regression(150, n_features=4, noise=20.0, random_state=1)
    y = np.abs(y) + 200
    return Ridge().fit(X[:30], y[:30]), X, y


@pytest.mark.parametrize(
    ("metric", "n_classes"),
    [(metric, n_classes) for n_classes in (2, 3) for metric in fitting_metrics("classification", n_classes)],
)
def test_a_classifiers_scorers_take_probabilities(metric, n_classes):
    model, X, y = fitted_classifier(n_classes)
    scorer = PredictionScorer(metric, "classification", y, SIZES, n_classes)
    scores = scorer.fold_scores(model.predict_proba(X))
    np.testing.assert_allclose(scores, [get_scorer(metric)(model, X[fold], y[fold]) for fold in FOLDS])


@pytest.mark.parametrize("metric", fitting_metrics("regression", 0))
def test_a_regressors_scorers_take_numbers(metric):
    model, X, y = fitted_regressor()
    scores = PredictionScorer(metric, "regression", y, SIZES).fold_scores(model.predict(X).reshape(-1, 1))
    np.testing.assert_allclose(scores, [get_scorer(metric)(model, X[fold], y[fold]) for fold in FOLDS])


@pytest.mark.parametrize("metric", ["accuracy", "neg_log_loss", "roc_auc_ovr", "balanced_accuracy", "f1_macro"])
def test_ties_are_broken_as_scikit_learn_breaks_them(metric):
    """Trees tie all the time."""
    draw = np.random.default_rng(1)
    y = np.tile([0, 1, 2, 1], 50)
    tied = draw.choice([0.25, 0.5], size=(200, 3))
    tied /= tied.sum(axis=1, keepdims=True)
    quick = PredictionScorer(metric, "classification", y, [200], 3)
    slow = PredictionScorer(metric, "classification", y, [200], 3)
    slow._quick = None
    np.testing.assert_allclose(quick.fold_scores(tied), slow.fold_scores(tied))


def test_a_problem_says_all_that_a_scorer_needs():
    model, X, y = fitted_classifier(3)
    folds = tuple(Fold(X[:5], y[:5], X[fold], y[fold]) for fold in FOLDS)
    scorer = scorer_of(Problem("classification", "accuracy", folds, X.shape[1], 3))
    assert scorer.shape == (150, 3)
    np.testing.assert_array_equal(scorer.y, y)
    np.testing.assert_allclose(scorer.fold_scores(model.predict_proba(X)), [model.score(X[f], y[f]) for f in FOLDS])


def test_what_has_no_score_is_the_worst_there_is():
    scorer = PredictionScorer("roc_auc", "classification", np.array([0, 1, 1, 1]), [2, 2], 2)
    scores = scorer.fold_scores(np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.5, 0.5]]))
    assert list(scores) == [1.0, -np.inf]


def test_folds_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="the folds have 3 rows and the targets 4"):
        PredictionScorer("r2", "regression", np.zeros(4), [1, 2])


def test_thinning_keeps_every_class_of_every_fold_and_the_shares_of_the_others():
    y = np.array(([0] * 900 + [1] * 99 + [2]) * 2)
    thin, rows = PredictionScorer("accuracy", "classification", y, [1000, 1000], 3).thinned(200)
    assert list(rows) == sorted(set(rows))
    for fold in thin.folds:
        assert list(np.bincount(thin.y[fold])) == [90, 10, 1]
    np.testing.assert_array_equal(thin.y, y[rows])


def test_thinning_leaves_small_tables_alone():
    thin, rows = PredictionScorer("r2", "regression", np.arange(10.0), [5, 5]).thinned(100)
    assert list(rows) == list(range(10))
    assert thin.shape == (10, 1)

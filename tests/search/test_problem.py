"""The folds of a problem are preprocessed by their own training rows only."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from config.errors import BadInput
from experiments.search.problem import prepare

X = pd.DataFrame({"a": np.arange(12.0), "b": np.arange(12.0)[::-1] ** 2})
y = np.array([0, 1] * 6)
SPLITS = [(np.arange(8), np.arange(8, 12)), (np.arange(4, 12), np.arange(4))]


class Memory(TransformerMixin, BaseEstimator):
    """Passes rows on, and keeps which ones each copy of it was fitted on."""

    fitted_on: list = []  # noqa: RUF012 -- shared by clones on purpose

    def fit(self, X, y=None):
        self.fitted_on.append(list(X["a"]))
        return self

    def transform(self, X):
        return X


def test_preprocessing_is_fitted_once_a_fold_on_its_training_rows():
    Memory.fitted_on.clear()
    prepare(X, y, Memory(), SPLITS, "auto", "classification")
    assert Memory.fitted_on == [list(X["a"][train]) for train, _ in SPLITS]


def test_folds_hold_what_the_fitted_preprocessing_makes_of_their_rows():
    problem = prepare(X, y, StandardScaler(), SPLITS, "auto", "classification")
    for (train, test), fold in zip(SPLITS, problem.folds, strict=True):
        scaler = StandardScaler().fit(X.iloc[train])
        np.testing.assert_allclose(fold.train_X, scaler.transform(X.iloc[train]))
        np.testing.assert_allclose(fold.test_X, scaler.transform(X.iloc[test]))
        np.testing.assert_array_equal(fold.train_y, y[train])
        assert fold.train_X.dtype == np.float64
    assert (problem.task, problem.metric, problem.n_features, problem.n_classes) == ("classification", "accuracy", 2, 2)


def test_a_sparse_result_becomes_dense():
    problem = prepare(X, y, FunctionTransformer(csr_matrix), SPLITS, "auto", "classification")
    assert isinstance(problem.folds[0].train_X, np.ndarray)


def test_missing_values_that_are_left_are_refused():
    with pytest.raises(BadInput, match="missing or infinite"):
        prepare(X.replace(3.0, np.nan), y, FunctionTransformer(), SPLITS, "auto", "classification")


def test_the_fingerprint_changes_with_the_numbers_only():
    problem = prepare(X, y, StandardScaler(), SPLITS, "auto", "classification")
    same = prepare(X, y, StandardScaler(), SPLITS, "accuracy", "classification")
    other = prepare(X + np.eye(12, 2), y, StandardScaler(), SPLITS, "auto", "classification")
    metric = prepare(X, y, StandardScaler(), SPLITS, "roc_auc", "classification")
    assert problem.fingerprint == same.fingerprint == pickle.loads(pickle.dumps(problem)).fingerprint
    assert len({problem.fingerprint, other.fingerprint, metric.fingerprint}) == 3


def large(rows=30_000, task="classification", weight=None, metric="auto", seed=0):
    """Two folds of half the rows; one row in 3,000 is of the rare class."""
    table = pd.DataFrame({"a": np.arange(float(rows)), "b": np.arange(float(rows)) % 7})
    target = (np.arange(rows) % 3000 == 0).astype(int) if task == "classification" else table["a"].to_numpy() / 3
    halves = np.arange(rows // 2), np.arange(rows // 2, rows)
    return prepare(table, target, FunctionTransformer(), [halves, halves[::-1]], metric, task, weight=weight, seed=seed)


def test_a_small_table_has_no_first_look():
    problem = prepare(X, y, StandardScaler(), SPLITS, "auto", "classification")
    assert problem.first_look is None
    assert problem.looks == problem.folds


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_first_look_is_a_part_of_the_first_fold(task):
    problem = large(60_000, task)
    look, fold = problem.first_look, problem.folds[0]
    assert problem.looks == (look, *problem.folds)
    assert len(look.train_y) == pytest.approx(3_000, abs=10)
    assert len(look.test_y) == pytest.approx(4_000, abs=10)
    for rows, whole, y_rows, y_whole in (
        (look.train_X, fold.train_X, look.train_y, fold.train_y),
        (look.test_X, fold.test_X, look.test_y, fold.test_y),
    ):
        positions = np.searchsorted(whole[:, 0], rows[:, 0])
        assert len(np.unique(positions)) == len(rows)
        np.testing.assert_array_equal(whole[positions], rows)
        np.testing.assert_array_equal(y_whole[positions], y_rows)


def test_a_first_look_has_two_thousand_rows_at_least_and_rows_of_every_class():
    problem = large(30_000)
    look = problem.first_look
    assert len(look.train_y) == pytest.approx(2_000, abs=10)
    assert look.train_y.sum() == problem.folds[0].train_y.sum() == 5  # all that there are, as estimators need some


def test_what_a_first_look_need_not_thin_it_shares():
    rows = 24_000
    halves = np.arange(21_000), np.arange(21_000, rows)
    table = pd.DataFrame({"a": np.arange(float(rows))})
    problem = prepare(table, table["a"].to_numpy(), FunctionTransformer(), [halves], "auto", "regression")
    assert problem.first_look.test_X is problem.folds[0].test_X
    assert len(pickle.dumps(problem, protocol=5)) < 8 * 2 * 1.2 * rows


def test_the_seed_draws_the_first_look():
    assert large(seed=1).fingerprint == large(seed=1).fingerprint != large(seed=2).fingerprint


def test_weights_go_with_their_rows():
    weight = np.arange(1.0, 13.0)
    problem = prepare(X, y, StandardScaler(), SPLITS, "auto", "classification", weight=weight)
    for (train, test), fold in zip(SPLITS, problem.folds, strict=True):
        np.testing.assert_allclose(fold.train_weight, weight[train] / weight[train].mean())
        np.testing.assert_array_equal(fold.test_weight, weight[test])
    look = large(weight=np.arange(1.0, 30_001.0)).first_look
    np.testing.assert_allclose(look.test_weight, look.test_X[:, 0] + 1)
    expected = look.train_X[:, 0] + 1
    np.testing.assert_allclose(look.train_weight / look.train_weight[0], expected / expected[0])


def test_classes_are_balanced_by_the_training_rows_where_the_metric_counts_them_evenly():
    classes = np.array([0] * 9 + [1] * 3)
    splits = [(np.r_[0:6, 9:11], np.r_[6:9, 11]), (np.r_[3:9, 10:12], np.r_[0:3, 9])]
    even = prepare(X, classes, StandardScaler(), splits, "balanced_accuracy", "classification")
    for fold in even.folds:
        assert fold.test_weight is None
        np.testing.assert_allclose([fold.train_weight[fold.train_y == code].sum() for code in (0, 1)], 4)
    assert prepare(X, classes, StandardScaler(), splits, "accuracy", "classification").folds[0].train_weight is None


def test_a_metric_that_takes_no_weights_is_not_weighted():
    weight = np.arange(1.0, 13.0)
    amounts = X["b"].to_numpy()
    fold = prepare(X, amounts, StandardScaler(), SPLITS, "neg_max_error", "regression", weight=weight).folds[0]
    assert fold.test_weight is None
    assert fold.train_weight is not None


def test_the_fingerprint_covers_the_weights():
    def made(**weights):
        return prepare(X, y, StandardScaler(), SPLITS, "auto", "classification", **weights).fingerprint

    assert len({made(), made(weight=np.arange(1.0, 13.0)), made(weight=np.arange(12.0, 0.0, -1.0))}) == 3

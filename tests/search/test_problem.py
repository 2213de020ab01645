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

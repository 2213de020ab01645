"""From settings to rows: nothing of the hold-out is learnt, weights and groups go where they belong, hints are said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from config.settings import Settings
from experiments.preparation import prepare
from models.schema import input_schema

ROWS = 200


@pytest.fixture
def prepared(tmp_path):
    """Prepares a table of 200 rows with some settings; given columns replace or join those of the table."""

    def make(columns=None, **settings):
        random = np.random.default_rng(0)
        table = {
            "x": random.normal(size=ROWS),
            "town": random.choice(["Ulm", "Bonn"], ROWS),
            "patient": random.integers(0, 40, ROWS),
            "w": random.integers(0, 4, ROWS),
            "day": random.permutation(ROWS),
            "y": random.choice(["ill", "well"], ROWS, p=[0.3, 0.7]),
        }
        path = tmp_path / "made.csv"
        pd.DataFrame({**table, **(columns or {})}).to_csv(path, index=False)
        return prepare(Settings(data=str(path), target_column="y", **settings))

    return make


def test_without_roles_every_column_is_a_feature_and_nothing_is_weighted(prepared):
    made = prepared()
    assert list(made.table.X) == ["x", "town", "patient", "w", "day"]
    assert made.weight(made.development) is made.score_weight(made.holdout) is None
    assert made.hints == ()


def test_weights_count_in_learning_and_in_the_score(prepared):
    made = prepared(weight_column="w")
    learning, scoring = made.weight(made.development), made.score_weight(made.holdout)
    np.testing.assert_allclose(learning, made.development.weight / made.development.weight.mean())
    assert set(scoring) == {1.0, 2.0, 3.0}
    fold = made.problem(cv_folds=3, seed=0).folds[0]
    assert len(fold.train_weight) == len(fold.train_y)
    assert set(fold.test_weight) == {1.0, 2.0, 3.0}


def test_classes_are_balanced_where_the_metric_counts_them_evenly(prepared):
    made = prepared(metric="f1_macro")
    weight, ill = made.weight(made.development), made.development.y == "ill"
    assert weight[ill].sum() == pytest.approx(weight[~ill].sum())
    assert made.score_weight(made.holdout) is None
    assert made.problem(3, 0).folds[0].train_weight is not None


def test_the_schema_lists_neither_weights_nor_groups(prepared):
    made = prepared(weight_column="w", group_column="patient")
    listed = [column["name"] for column in input_schema(made.table.X, made.table.kinds)["columns"]]
    assert listed == ["x", "town", "day"]


def test_groups_are_whole_in_the_hold_out_and_in_the_folds(prepared):
    made = prepared(group_column="patient", cv_folds=4)
    assert not set(made.development.groups) & set(made.holdout.groups)
    assert len(made.problem(4, 0).folds) == 4


def test_time_holds_out_the_latest(prepared):
    made = prepared(split="time", time_column="day", feat_type='{"patient": "drop"}')
    assert made.development.X["day"].max() < made.holdout.X["day"].min()
    fold = made.problem(4, 0).folds[0]
    day = next(number for number in range(fold.train_X.shape[1]) if np.ptp(fold.train_X[:, number]) > 20)
    assert fold.train_X[:, day].max() < fold.test_X[:, day].min()


@pytest.mark.parametrize("settings", [{}, {"group_column": "patient"}, {"split": "time", "time_column": "day"}])
def test_what_is_held_out_is_not_learnt(prepared, settings):
    """Other cells and labels in the hold-out rows change no number that the search sees."""
    made = prepared(**settings)
    held_out = np.isin(made.table.X["x"], made.holdout.X["x"])
    changed = {
        "x": made.table.X["x"].where(~held_out, made.table.X["x"] * 1000 + 7),
        "town": made.table.X["town"].where(~held_out, "Graz"),
    }
    again = prepared(changed, **settings)
    assert again.holdout.fingerprint != made.holdout.fingerprint
    assert again.problem(3, 0).fingerprint == made.problem(3, 0).fingerprint


def test_a_rare_class_is_told_of_where_the_metric_hardly_counts_it(prepared):
    rare = {"y": ["ill"] * 12 + ["well"] * (ROWS - 12)}
    (hint,) = prepared(rare).hints
    assert hint.startswith("class 'ill' is 6.0% of the rows, and accuracy hardly counts it; set metric to")
    assert prepared(rare, metric="balanced_accuracy").hints == prepared(rare, metric="roc_auc").hints == ()


def test_a_metric_that_takes_no_weights_is_told_of(prepared):
    amounts = {"y": np.linspace(0, 1, ROWS)}
    (hint,) = prepared(amounts, metric="neg_max_error", weight_column="w").hints
    assert hint == "neg_max_error takes no row weights: 'w' counts in learning only, not in the scores"
    assert prepared(amounts, weight_column="w").hints == ()


def test_a_time_column_that_orders_nothing_is_told_of(prepared):
    (hint,) = prepared(time_column="day").hints
    assert "set split to time" in hint


def test_a_split_without_a_class_is_refused(prepared):
    late = {"y": ["well"] * 120 + ["ill", "well"] * 40, "day": range(ROWS)}
    with pytest.raises(BadInput, match="no row before fold 1 is of class 'ill'"):
        prepared(late, split="time", time_column="day")


def test_a_limit_of_the_registry_that_is_no_number_is_refused_before_anything_runs():
    with pytest.raises(BadInput, match="minimum_score: 'high' is no number"):
        prepare(Settings(data="penguins", minimum_score="high"))

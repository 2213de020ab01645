"""The rows that were held out, and what a model has learnt from, as they travel from a run to a later comparison."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from config.settings import Settings
from experiments.preparation import prepare
from models.evidence import HoldoutRows, Split, row_hashes


@pytest.fixture(scope="module")
def prepared():
    return prepare(Settings(data="penguins"))


def test_held_out_rows_come_back_as_they_were(prepared):
    rows = prepared.holdout_rows()
    again = HoldoutRows.from_parquet(rows.to_parquet())
    pd.testing.assert_frame_equal(again.X, rows.X)
    pd.testing.assert_series_equal(again.y, rows.y)
    assert (again.task, again.kinds, again.by_time) == ("classification", rows.kinds, False)
    assert again.weight is None
    assert again.groups is None


def test_weights_groups_odd_names_and_cells_of_many_types_do_too():
    X = pd.DataFrame({"target": [1, "two", None], 7: pd.to_datetime(["2026-01-01", None, "2026-01-03"])})
    rows = HoldoutRows(
        X, pd.Series([1.5, 2.5, 3.5], name="target"), "regression", {"target": "text", "7": "date"},
        np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]), True,
    )  # fmt: skip
    again = HoldoutRows.from_parquet(rows.to_parquet())
    assert list(again.X.columns) == ["target", "7"]
    assert again.X["target"].isna().tolist() == [False, False, True]
    assert again.X["target"].tolist()[:2] == ["1", "two"]
    assert again.X["7"].tolist()[2] == pd.Timestamp("2026-01-03")
    assert again.y.tolist() == [1.5, 2.5, 3.5]
    assert again.weight is not None
    assert again.weight.tolist() == [1.0, 2.0, 3.0]
    assert again.groups is not None
    assert again.groups.tolist() == [0, 0, 1]
    assert again.by_time


def test_anything_else_is_refused(prepared):
    with pytest.raises(ValueError, match="no held-out rows"):
        HoldoutRows.from_parquet(Split(np.arange(2), np.zeros(2, bool)).to_parquet())


def test_the_target_is_what_the_pipeline_inside_a_published_one_knows(prepared):
    rows = prepared.holdout_rows()
    classes = prepared.labels.classes
    assert np.array_equal(rows.target(classes), prepared.target(prepared.holdout))
    with pytest.raises(BadInput, match="has the class|have the class"):
        rows.target(classes[:1])


def test_some_rows_are_rows_again(prepared):
    rows = prepared.holdout_rows()
    some = rows.rows(np.arange(len(rows)) % 2 == 1)
    assert len(some) == len(rows) // 2
    assert some.y.tolist() == rows.y.tolist()[1::2]


def test_rows_are_recognised_whatever_types_they_were_read_with():
    X = pd.DataFrame({"number": [1, 2, 3], "word": ["a", "b", None], "truth": [True, False, True]})
    y = pd.Series([0, 1, 0])
    read_elsewhere = pd.DataFrame({"n": ["1", "2.0", "3"], "w": pd.Categorical(["a", "b", None]), "t": [1.0, 0.0, 1.0]})
    assert np.array_equal(row_hashes(X, y), row_hashes(read_elsewhere, y.astype("float64")))
    assert len(np.unique(row_hashes(X, y))) == 3


def test_a_changed_cell_or_label_is_another_row(prepared):
    table = prepared.table
    hashes = row_hashes(table.X, table.y)
    other = table.X.copy()
    other.iloc[0, 2] += 1
    labels = table.y.copy()
    labels.iloc[1] = "another"
    changed = (row_hashes(other, table.y) != hashes) | (row_hashes(table.X, labels) != hashes)
    assert np.flatnonzero(changed).tolist() == [0, 1]


def test_a_split_tells_which_rows_a_model_has_learnt_from(prepared):
    table = prepared.table
    split = Split.from_parquet(prepared.split().to_parquet())
    assert not split.has_learnt_from(row_hashes(prepared.holdout.X, prepared.holdout.y)).any()
    assert split.has_learnt_from(row_hashes(prepared.development.X, prepared.development.y)).all()
    assert len(split.hashes) == len(table.y)

"""The training profile holds counts, survives JSON, and counts later rows as it counted those of training."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from models.drift.bins import Bins
from models.drift.categories import CELLS, NAMES, Categories
from models.drift.cells import texts
from models.drift.profile import CATEGORY_ROWS, ROWS, Profile, training_profile
from tests.data.awkward import awkward_frame
from tests.models.drift.rows import CLASSES, KINDS, cells, frame, probabilities


def profiled(X, kinds, predictions=None, task="regression", classes=None):
    return Profile.from_json(json.loads(json.dumps(training_profile(X, kinds, predictions, task, classes))))


@pytest.fixture(scope="module")
def told():
    return training_profile(frame(1000), KINDS, probabilities(200), "classification", CLASSES)


def test_it_is_the_same_after_json_and_for_the_same_table(told):
    assert Profile.from_json(json.loads(json.dumps(told))).as_json() == told
    assert training_profile(frame(1000), KINDS, probabilities(200), "classification", CLASSES) == told


def test_it_says_of_each_column_how_many_rows_and_missing_cells_there_were(told):
    assert told["schema_version"] == 1
    assert told["rows"] == 1000
    assert [(column["name"], column["kind"]) for column in told["columns"]] == list(KINDS.items())[:-1]
    assert all((column["rows"], column["missing"]) == (1000, 0) for column in told["columns"])
    assert [(column["name"], column["rows"]) for column in told["predictions"]] == [
        ("prediction", 200), ("confidence", 200)
    ]  # fmt: skip


def test_it_holds_counts_and_no_rows(told):
    by_name = {column["name"]: column["measures"] for column in told["columns"]}
    assert by_name["age"]["value"]["counts"] == [100] * 10
    assert by_name["colour"]["category"]["known"] == frame(1000)["colour"].value_counts().to_dict()
    assert set(by_name["note"]) == {"characters", "words"}
    assert "word word" not in json.dumps(told)


@pytest.mark.parametrize("kind_of_cells", ["frame", "lists", "texts"])
def test_the_rows_of_training_are_counted_as_training_counted_them(kind_of_cells):
    X = awkward_frame().drop(columns=["mixed"])
    from experiments.data.kinds import detect_kinds

    kinds = detect_kinds(X)
    for column in profiled(X, kinds).columns:
        given = X[column.name]
        if kind_of_cells == "lists":
            given = cells(given)
        elif kind_of_cells == "texts":
            given = [None if pd.isna(cell) else str(cell) for cell in given]
        tally, new = column.tally(given)
        category = column.measures.get("category")
        if isinstance(category, Categories) and len(category.known) > CELLS:  # one half chose, the other was counted
            assert tally[-2:].sum() + tally[2:-2].sum() == column.rows - column.missing
        else:
            np.testing.assert_array_equal(tally, column.training, err_msg=column.name)
        assert not new, column.name


def test_bins_hold_equally_many_and_all_numbers_fall_into_one():
    values = np.random.default_rng(0).lognormal(size=5000)
    bins = Bins.of(values)
    assert bins.cells(bins.training).tolist() == [500] * 10
    tally = bins.tally(np.array([-1.0, values.min(), values.max(), 1e9, np.nan]))
    assert bins.cells(tally).sum() == 4
    assert tally[-2:].tolist() == [1, 1]


def test_few_distinct_numbers_have_a_bin_each():
    bins = Bins.of(np.array([0.0] * 70 + [1.0] * 20 + [2.0] * 10))
    assert bins.cells(bins.training).tolist() == [70, 20, 10]
    assert bins.cells(bins.tally(np.array([0.1 + 0.2 - 0.3, 1.0000001, 2]))).tolist() == [1, 1, 1]


def test_a_value_that_half_of_the_rows_have_is_a_bin_of_its_own():
    random = np.random.default_rng(0)
    values = np.concatenate([np.zeros(5000), random.lognormal(size=5000)])
    bins = Bins.of(values)
    counts = bins.cells(bins.training)
    assert counts[0] == 5000
    assert counts.min() > 0


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [3.0, 3.0], [1e308, -1e308], [np.nextafter(1.0, 2), 1.0]])
def test_hardly_any_numbers_are_bins_too(values):
    values = np.array(values)
    bins = Bins.of(values)
    assert bins.cells(bins.training).sum() == (~np.isnan(values)).sum()


def test_the_categories_that_are_counted_each_are_not_chosen_by_the_rows_that_are_counted():
    names = np.random.default_rng(0).choice([f"c{number}" for number in range(200)], 4000)
    categories = Categories.of(texts(list(names)))
    share = categories.training[:CELLS].sum() / categories.training.sum()
    assert len(categories.names) == CELLS
    assert share == pytest.approx(CELLS / 200, abs=0.02)  # chosen and counted by the same rows it would be 0.13
    assert categories.knows_all
    assert categories.rows == 4000


def test_where_there_are_very_many_categories_nobody_can_tell_which_is_new():
    names = [f"c{number}" for number in range(NAMES + 1)]
    categories = Categories.of(texts(names))
    assert not categories.knows_all
    assert not categories.new(texts(["never seen"]))
    assert len(categories.as_json()["known"]) == CELLS


def test_new_categories_are_named_but_not_without_bound():
    categories = Categories.of(texts(["a", "b"] * 20))
    assert categories.new(texts(["a", "c", "c", "x" * 1000])) == {"c": 2, "x" * 60: 1}
    assert len(categories.new(texts([f"new {number}" for number in range(1000)]))) == 20


def test_a_class_that_the_hold_out_lacks_is_no_new_class():
    profile = profiled(frame(100), KINDS, np.array(["no"] * 40), "classification", np.array(["no", "yes"]))
    (prediction,) = profile.predictions
    assert prediction.measures["category"].known == {"no": 40, "yes": 0}


def test_predicted_numbers_have_bins():
    profile = profiled(frame(100), KINDS, np.random.default_rng(0).normal(size=50))
    (prediction,) = profile.predictions
    assert prediction.kind == "numeric"
    assert prediction.training[0] == 50


def test_without_unseen_rows_there_is_no_profile_of_predictions():
    assert profiled(frame(100), KINDS, None).predictions == ()


def test_of_many_rows_a_sample_is_counted_always_the_same():
    rows = CATEGORY_ROWS + 1
    X = pd.DataFrame({"number": np.arange(rows, dtype=float), "category": ["a", "b", "c"] * (rows // 3)})
    kinds = {"number": "numeric", "category": "categorical"}
    first, second = (training_profile(X, kinds, None, "regression") for _ in range(2))
    assert first == second
    assert first["rows"] == rows
    assert [column["rows"] for column in first["columns"]] == [ROWS, CATEGORY_ROWS]


@pytest.mark.parametrize(
    "told", [{}, {"schema_version": 1}, {"schema_version": 1, "rows": 1, "task": "x", "columns": 3}]
)
def test_what_is_no_profile_is_refused_in_one_line(told):
    with pytest.raises(BadInput, match="the training profile cannot be read"):
        Profile.from_json(told)


def test_a_later_version_is_refused():
    with pytest.raises(BadInput, match="is of version 2, this program reads 1; update it"):
        Profile.from_json({"schema_version": 2})

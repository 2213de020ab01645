"""From raw columns to numbers."""

from __future__ import annotations

import pickle
import pickletools
import string
import time

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis.extra.pandas import column, data_frames, range_indexes

from experiments.data.columns import preprocessing
from experiments.data.kinds import detect_kinds
from experiments.data.labels import Labels
from experiments.data.table import read_table
from tests.data.awkward import awkward_frame, awkward_labels


def fitted(X, y=None, task="classification", **overrides):
    kinds = detect_kinds(X, overrides)
    transformer = preprocessing(kinds, X, task)
    return transformer, transformer.fit_transform(X, np.arange(len(X)) % 2 if y is None else y)


def one(cells, later, kind, dtype=None):
    """What the cells of one column become, and what others become by the same transformer."""
    X = pd.DataFrame({"x": pd.Series(cells, dtype=dtype)})
    transformer, numbers = fitted(X, x=kind)
    return numbers, transformer.transform(pd.DataFrame({"x": later}))


def test_an_awkward_table_becomes_finite_numbers_for_training_and_for_prediction():
    X, y = awkward_frame(), Labels.of(awkward_labels()).encode(awkward_labels())
    transformer, numbers = fitted(X, y)
    later = transformer.transform(awkward_frame(60, seed=9))
    assert type(numbers) is np.ndarray
    assert numbers.dtype == np.float64
    assert np.isfinite(numbers).all()
    assert np.isfinite(later).all()
    assert later.shape == (60, numbers.shape[1])


@pytest.mark.parametrize("cells", [[None], [np.nan] * 3])
def test_rows_without_any_cell_are_answered(cells):
    X = awkward_frame()
    transformer, _ = fitted(X)
    empty = pd.DataFrame({name: pd.Series(cells, dtype=object) for name in X.columns})
    assert np.isfinite(transformer.transform(empty)).all()


def test_the_same_table_gives_the_same_numbers():
    X = awkward_frame()
    assert np.array_equal(fitted(X)[1], fitted(X)[1])


def test_without_rows_to_look_at_it_works_too():
    X = awkward_frame()
    transformer = preprocessing(detect_kinds(X))
    assert np.isfinite(transformer.fit_transform(X, np.arange(len(X)) % 2)).all()


def test_numbers_fill_gaps_with_the_median_and_say_where():
    numbers, later = one([1.0, 2.0, np.nan, np.inf, 9.0], ["4", "x", None, "-inf"], "numeric")
    assert numbers.tolist() == [[1, 0], [2, 0], [2, 1], [2, 1], [9, 0]]
    assert later.tolist() == [[4, 0], [2, 1], [2, 1], [2, 1]]


def test_a_column_that_is_empty_in_one_fold_keeps_its_place():
    transformer = preprocessing({"x": "numeric", "y": "numeric"})
    numbers = transformer.fit_transform(pd.DataFrame({"x": [np.nan, np.nan], "y": [1.0, 2.0]}))
    assert numbers[:, :2].tolist() == [[0, 1], [0, 2]]
    assert transformer.transform(pd.DataFrame({"x": [3.0], "y": [1.0]})).shape == (1, numbers.shape[1])


def test_truth_is_read_from_whatever_says_it():
    numbers, later = one([True, False, True, None], [True, "True", 1, 1.0, "yes", "false", 0, None], "boolean", object)
    assert numbers[:, 0].tolist() == [1, 0, 1, 1]
    assert later[:, 0].tolist() == [1, 1, 1, 1, 1, 0, 0, 1]
    assert later[-1, 1] == 1  # the last was missing


def test_a_category_has_a_column_a_missing_one_too_and_an_unknown_one_none():
    numbers, later = one(["a", "b", None], ["b", None, "z"], "categorical")
    assert numbers.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert later.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("later", [[1, 2], [1.0, 2.0], ["1", "2"], [np.int8(1), np.int8(2)]])
def test_a_numbered_category_is_recognised_in_every_type(later):
    _, numbers = one([1, 2, 1], later, "categorical")
    assert numbers.tolist() == [[1, 0], [0, 1]]


def test_a_category_is_recognised_as_text_and_as_pandas_category():
    transformer, _ = fitted(pd.DataFrame({"x": ["a", "b", "a"]}))
    as_text = transformer.transform(pd.DataFrame({"x": ["a", "b"]}))
    as_category = transformer.transform(pd.DataFrame({"x": pd.Series(["a", "b"], dtype="category")}))
    as_object = transformer.transform(pd.DataFrame({"x": pd.Series(["a", "b"], dtype=object)}))
    assert np.array_equal(as_text, as_category)
    assert np.array_equal(as_text, as_object)


def test_many_categories_become_their_mean_target_cross_fitted():
    names = [f"c{number % 40}" for number in range(400)]
    y = np.array([number % 40 < 20 for number in range(400)], dtype=int)
    transformer, numbers = fitted(pd.DataFrame({"x": names}), y)
    assert numbers.shape == (400, 1)
    assert transformer.transform(pd.DataFrame({"x": ["c1", "c39"]})).round().ravel().tolist() == [1, 0]
    # a category that stands in one row says nothing of that row's own label
    _, alone = fitted(pd.DataFrame({"x": [f"c{number}" for number in range(400)]}), y)
    assert np.unique(alone.round(1)).tolist() == [0.5]


def test_whole_numbers_of_a_regression_are_not_taken_for_classes():
    names = [f"c{number % 40}" for number in range(400)]
    _, numbers = fitted(pd.DataFrame({"x": names}), np.arange(400) % 40, "regression")
    assert numbers.shape == (400, 1)


@pytest.mark.filterwarnings("ignore:The least populated class")  # scikit-learn before 1.9 takes no splitter
def test_rare_classes_are_no_obstacle_to_many_categories():
    y = np.array([0, 1, *[2] * 398])
    _, numbers = fitted(pd.DataFrame({"x": [f"c{number % 40}" for number in range(400)]}), y)
    assert np.isfinite(numbers).all()


@pytest.mark.filterwarnings("ignore:.*encountered in divide")  # explained variance of equal texts
@pytest.mark.parametrize("texts", [["", " ", None, ""], ["a", "b", "c", "d"], ["one two", None, "two three", "!"]])
def test_short_blank_and_few_texts_become_numbers(texts):
    numbers, later = one(texts, ["something new", None, 7], "text")
    assert np.isfinite(numbers).all()
    assert np.isfinite(later).all()


def test_dates_become_parts_in_whatever_way_they_come():
    X = pd.DataFrame({"x": ["31.12.2023", "01.02.2024", None, "15.06.2024"]})
    transformer, numbers = fitted(X)
    assert numbers[0, :3].tolist() == [2023, 12, 31]
    later = transformer.transform(pd.DataFrame({"x": pd.to_datetime(["2023-12-31", "2024-02-01", None, "2024-06-15"])}))
    assert np.array_equal(numbers, later)
    assert np.isfinite(transformer.transform(pd.DataFrame({"x": ["not a date"]}))).all()


def test_numbers_can_be_dates_where_a_person_says_so():
    numbers, _ = one([20231231, 20240201], [20240101], "date")
    assert numbers[0, :3].tolist() == [2023, 12, 31]


def test_dropped_columns_are_not_even_needed():
    transformer, _ = fitted(pd.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, 4.0]}), id="drop")
    assert transformer.transform(pd.DataFrame({"x": [5.0]})).tolist() == [[5.0]]


def test_columns_are_found_by_name_not_by_place():
    X = awkward_frame()
    transformer, _ = fitted(X)
    assert np.array_equal(transformer.transform(X[X.columns[::-1]]), transformer.transform(X))


def test_nothing_of_this_project_is_in_it():
    transformer, _ = fitted(awkward_frame())
    packages = {
        str(argument).split(".")[0]
        for opcode, argument, _ in pickletools.genops(pickle.dumps(transformer, protocol=2))
        if opcode.name == "GLOBAL"
    }
    assert not packages & {"config", "experiments", "models", "tests"}
    assert "sklearn" in packages


def test_german_credit_is_preprocessed_in_well_under_a_tenth_of_a_second():
    table = read_table("german_credit")
    y = Labels.of(table.y).encode(table.y)
    transformer = preprocessing(table.kinds, table.X, table.task)
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        numbers = sklearn.clone(transformer).fit_transform(table.X, y)
        seconds.append(time.process_time() - begin)
    assert numbers.shape == (1000, 61)
    assert min(seconds) < 0.1


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(string.printable + "äß東\u200b", max_size=12),
    st.dates(),
)


@pytest.mark.filterwarnings("ignore:.*encountered in divide")  # explained variance of equal texts
@hypothesis.settings(deadline=None, max_examples=40, derandomize=True)
@hypothesis.given(
    data_frames([column("a", elements=CELLS, dtype=object), column("b", elements=CELLS, dtype=object)],
                index=range_indexes(min_size=8, max_size=20)),
    st.sampled_from(["numeric", "boolean", "categorical", "text", "date"]),
    st.sampled_from(["numeric", "boolean", "categorical", "text", "date"]),
)  # fmt: skip
def test_whatever_the_cells_are_numbers_come_out(X, kind, other):
    train, later = X.iloc[:5], X.iloc[5:]
    transformer = preprocessing({"a": kind, "b": other}, train)
    numbers = transformer.fit_transform(train, np.array([0, 1, 0, 1, 0]))
    assert np.isfinite(numbers).all()
    assert np.isfinite(transformer.transform(later)).all()

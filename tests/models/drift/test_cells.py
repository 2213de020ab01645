"""Cells are read as the published pipeline reads them, however they came."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.drift.cells import date_format, is_numbered, numbers, plain_numbers, seconds, texts, truths


@pytest.mark.parametrize(
    "cells",
    [
        [1.0, None, 2.5, float("inf")],
        ["1", "", "2.5", "a word"],
        [1, None, "2.5", "?"],
        pd.Series([1.0, np.nan, 2.5, -np.inf]),
        pd.Series(["1", None, "2.5", "x"], dtype="string"),
        pd.Series(["1", None, "2.5", "x"]).astype("category"),
        np.array([1.0, np.nan, 2.5, np.nan]),
    ],
)
def test_numbers_come_in_many_ways_and_what_is_no_finite_number_is_missing(cells):
    np.testing.assert_array_equal(numbers(cells), [1.0, np.nan, 2.5, np.nan])


def test_whole_numbers_with_gaps_are_numbers():
    np.testing.assert_array_equal(numbers(pd.Series([1, None], dtype="Int64")), [1.0, np.nan])
    np.testing.assert_array_equal(numbers(pd.Series([True, False])), [1.0, 0.0])


@pytest.mark.parametrize(
    "cells",
    [["a", "", None, "a"], pd.Series(["a", None, "", "a"]), pd.Series(["a", None, None, "a"]).astype("category")],
)
def test_texts_are_counted_and_an_empty_one_is_missing(cells):
    assert texts(cells).counts == {"a": 2}


def test_numbers_among_categories_are_texts_too():
    assert texts([1, 1.0, "1", True]).counts == {"1": 2, "1.0": 1, "True": 1}
    assert plain_numbers(texts([1, 1.0, "1", "one"])).counts == {"1": 3, "one": 1}


def test_codes_are_no_numbers():
    assert is_numbered(["1", "2.5", "-3", "0"])
    assert not is_numbered(["007", "1"])
    assert not is_numbered([])
    assert not is_numbered(["1", "nan"])


def test_truth_values_have_many_words():
    assert truths([True, "yes", "TRUE", 1, "1.0", False, "No", 0, None, "perhaps"]).counts == {"1": 5, "0": 3}


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (["2024-01-31", "2024-02-01"], "ISO8601"),
        (["31.01.2024", "01.02.2024"], "%d.%m.%Y"),
        (["01/31/2024", "02/01/2024"], "%m/%d/%Y"),
        (["01/02/2024", "02/03/2024"], "%d/%m/%Y"),
        (pd.Series(pd.to_datetime(["2024-01-31"])), "ISO8601"),
        (["soon", "later"], "mixed"),
        ([None], "mixed"),
    ],
)
def test_how_dates_are_written_is_seen(cells, written):
    assert date_format(cells) == written


def test_dates_are_seconds_since_1970():
    day = 86_400.0
    np.testing.assert_array_equal(seconds(["02.01.1970", None, "soon"], "%d.%m.%Y"), [day, np.nan, np.nan])
    np.testing.assert_array_equal(seconds(pd.Series(pd.to_datetime(["1970-01-02", None])), "ISO8601"), [day, np.nan])
    zoned = pd.Series(pd.to_datetime(["1970-01-02T01:00+01:00"]))
    np.testing.assert_array_equal(seconds(zoned, "ISO8601"), [day])

"""Kinds of columns."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from experiments.data.kinds import date_format, detect_kinds
from tests.data.awkward import AWKWARD_KINDS, awkward_frame


def kind(cells, dtype=None):
    return detect_kinds(pd.DataFrame({"x": pd.Series(cells, dtype=dtype)}))["x"]


def test_every_column_of_an_awkward_table_is_told():
    assert detect_kinds(awkward_frame()) == AWKWARD_KINDS


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, 2, 3], "numeric"),
        ([0.5, np.nan, 2.0], "numeric"),
        (["1", "2.5", None], "numeric"),
        ([decimal.Decimal("1.5"), decimal.Decimal("2")], "numeric"),
        ([*map(str, range(99)), "unknown"], "numeric"),
        (["1", "2", "unknown"], "categorical"),
        (["01234", "04321"], "categorical"),
        ([True, False], "boolean"),
        ([True, None, False], "boolean"),
        (["red", "blue", "red"], "categorical"),
        ([f"customer-{number}" for number in range(500)], "categorical"),
        ([f"the {number}th note of this person" for number in range(50)], "text"),
        (["female, divorced or separated", "male, married or widowed"] * 20, "categorical"),
        (["2024-01-01", "2024-02-01", None], "date"),
        (["2024-01-01T10:00:00Z", "2024-01-01T11:00:00+02:00"], "date"),
        (["31.12.2023", "01.02.2024"], "date"),
        (["12/31/2023", "01/02/2024"], "date"),
        ([datetime.date(2024, 1, 1), datetime.date(2024, 5, 1)], "date"),
        (["same", "same"], "drop"),
        ([None, None], "drop"),
        (["here", None, "here"], "categorical"),
    ],
)
def test_kind_follows_from_the_cells(cells, expected):
    assert kind(cells) == expected


def test_a_pandas_category_stays_one_whatever_it_holds():
    assert kind([1, 2, 1], "category") == "categorical"


def test_overrides_win_and_keep_the_order_of_the_columns():
    X = pd.DataFrame({"zip": [1, 2, 3], "id": [7, 8, 9], "note": ["a", "b", "c"]})
    kinds = detect_kinds(X, {"note": "text", "zip": "categorical", "id": "drop"})
    assert list(kinds.items()) == [("zip", "categorical"), ("id", "drop"), ("note", "text")]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"zpi": "categorical"}, "no feature column 'zpi', did you mean 'zip'?"),
        ({"zip": "category"}, "cannot be 'category', only one of numeric, boolean, categorical"),
        ({"word": "numeric"}, "no cell holds a number"),
        ({"word": "boolean"}, "cells are neither true and false nor yes and no nor 1 and 0 ('a'); type categorical"),
        ({"word": "date"}, "written in no known way ('a'); write dates as 2024-12-31"),
    ],
)
def test_an_override_that_cannot_be_says_what_to_type(overrides, said):
    with pytest.raises(BadInput, match="feat_type") as error:
        detect_kinds(pd.DataFrame({"zip": [1, 2], "word": ["a", "b"]}), overrides)
    assert said in str(error.value)


def test_days_come_first_unless_a_date_forbids_it():
    assert date_format(pd.Series(["01/02/2024", "03/04/2024"])) == "%d/%m/%Y"
    assert date_format(pd.Series(["01/02/2024", "03/14/2024"])) == "%m/%d/%Y"
    assert date_format(pd.Series(["01/02/2024 10:30", "03/04/2024 11:00"])) == "%d/%m/%Y %H:%M"
    assert date_format(pd.Series(["yesterday", "today"])) is None

"""Columns that are no features are read whole, or refused with the row and what to put there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from experiments.data.roles import Roles, groups, times, weights


def column(*cells, **settings):
    return pd.Series(list(cells), name="c", **settings)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (column(1.0, None, 2.0), "column 'c' is empty in row 2; put a weight"),
        (column(1.0, np.nan, np.nan), "is empty in row 2 (and 1 more)"),
        (column("1", "two"), "column 'c' holds 'two', which is no number, in row 2"),
        (column(pd.Timestamp("2024-01-01")), "which is no number, in row 1"),
        (column(1.0, 2.0, np.inf), "is infinite in row 3"),
        (column(1, -2), "holds -2, which is negative, in row 2"),
        (column(0, 0), "column 'c' is 0 in every row"),
    ],
)
def test_a_weight_that_cannot_be_is_refused(cells, told):
    with pytest.raises(BadInput) as error:
        weights(cells)
    assert str(error.value).startswith("weight_column: ")
    assert told in str(error.value)


@pytest.mark.parametrize(
    "cells",
    [column(0, 1, 2), column("0", "1", "2.0"), column("0", 1, 2.0, dtype=object), column(0, 1, 2, dtype="Int64"),
     column(0, 1, 2).astype("category")],
    ids=["numbers", "texts", "mixed", "nullable", "categories"],
)  # fmt: skip
def test_weights_come_in_any_type(cells):
    assert weights(cells).tolist() == [0.0, 1.0, 2.0]


def test_rows_are_numbered_as_in_the_file():
    with pytest.raises(BadInput, match="in row 11"):
        weights(pd.Series([1, -1], index=[4, 10], name="c"))


def test_groups_are_codes_in_order_of_appearance():
    assert groups(column("b", "a", "b")).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("cells", "told"),
    [(column("a", None), "column 'c' is empty in row 2"), (column("a", "a"), "is the same in every row")],
)
def test_groups_that_tell_nothing_are_refused(cells, told):
    with pytest.raises(BadInput, match=f"group_column: .*{told}"):
        groups(cells)


@pytest.mark.parametrize(
    "cells",
    [
        column(1, 2.5, 10),
        column("1", "2", "10"),
        column("2024-01-09", "2024-01-10", "2024-02-01"),
        column("31.01.2024", "01.02.2024", "01.01.2025"),
        column("2024-03-31 01:00+01:00", "2024-03-31 01:30+00:00", "2024-03-31 04:00+02:00"),
        pd.Series(pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"), name="c"),
    ],
    ids=["numbers", "numbers as text", "ISO", "days first", "zones", "dates"],
)
def test_times_order_rows(cells):
    assert times(cells).is_monotonic_increasing
    assert times(cells).notna().all()


def test_a_time_that_is_none_is_refused_with_its_row():
    days = [f"2024-01-{day:02d}" for day in range(1, 31)]
    with pytest.raises(BadInput, match="holds '2024-02-30', which is no date as the others are, in row 31; mend"):
        times(column(*days, "2024-02-30"))
    with pytest.raises(BadInput, match="holds 'soon', which is no number, in row 4"):
        times(column("1", "2", "3", "soon"))
    with pytest.raises(BadInput, match="holds 'red', neither a date nor a number, in row 1 .*2024-12-31"):
        times(column("red", "blue"))
    with pytest.raises(BadInput, match="time_column: column 'c' is empty in row 2"):
        times(column(1.0, None))


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        (Roles(weight="wait"), "weight_column: there is no column 'wait', did you mean 'weight'?"),
        (Roles(group="zzz"), "group_column: there is no column 'zzz'; the columns are x, weight, y"),
        (Roles(weight="y"), "weight_column: column 'y' is the target_column already"),
        (Roles(weight="x", group="x"), "group_column: column 'x' is the weight_column already"),
        (Roles(by_time=True, time="y"), "time_column: column 'y' is the target_column already"),
        (Roles(group="weight", by_time=True), "group_column and split=time cannot go together"),
    ],
)
def test_a_column_has_one_role(roles, told):
    frame = pd.DataFrame({"x": [1], "weight": [1], "y": [1]})
    with pytest.raises(BadInput) as error:
        roles.check(frame, "y", {})
    assert told in str(error.value)


def test_a_column_that_is_no_feature_has_no_kind():
    frame = pd.DataFrame({"x": [1], "w": [1], "y": [1]})
    with pytest.raises(BadInput, match="feat_type: column 'w' is the weight_column"):
        Roles(weight="w").check(frame, "y", {"w": "numeric"})
    Roles(by_time=True, time="x").check(frame, "y", {"x": "date"})

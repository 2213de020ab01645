"""Groups of a column, and what becomes of odd ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.gate.fairness import Fairness, groups_of


def test_values_are_groups_and_missing_ones_are_a_group_of_their_own():
    assert groups_of(pd.Series(["a", None, "b"])).tolist() == ["a", "(missing)", "b"]
    assert groups_of(pd.Series([True, False])).tolist() == ["True", "False"]
    assert groups_of(pd.Series([1, 2, 1])).tolist() == ["1", "2", "1"]


def test_numbers_with_many_values_are_cut_into_quarters():
    groups = groups_of(pd.Series(np.arange(100.0)))
    assert pd.Series(groups).value_counts().tolist() == [25] * 4
    missing = groups_of(pd.Series([*np.arange(100.0), np.nan]))
    assert missing[-1] == "(missing)"


def test_one_group_has_no_difference():
    assert Fairness("town", {"Ulm": 0.5}, {}).difference is None
    assert Fairness("town", {"Ulm": 0.5, "Bonn": 0.75, "Kiel": 0.6}, {}).difference == 0.25

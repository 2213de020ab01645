"""The fingerprint follows the content."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.data.fingerprint import fingerprint
from tests.data.awkward import awkward_frame, awkward_labels

X, Y = awkward_frame(), awkward_labels()


def test_equal_content_has_one_fingerprint_whatever_the_index():
    assert fingerprint(X, Y) == fingerprint(awkward_frame(), awkward_labels())
    assert fingerprint(X.set_index(X.index + 5), Y) == fingerprint(X, Y)
    assert len(fingerprint(X, Y)) == 64


@pytest.mark.parametrize("name", list(X.columns))
def test_a_changed_or_emptied_cell_changes_it(name):
    swapped = X.copy()
    swapped[name] = X[name].iloc[::-1].to_numpy() if name != "constant" else "other"
    emptied = X.astype({name: object}).copy()
    emptied.loc[X[name].first_valid_index(), name] = None
    assert len({fingerprint(frame, Y) for frame in (X, swapped, emptied)}) == 3


def test_names_order_and_labels_change_it():
    others = [
        fingerprint(X.rename(columns={"whole": "hole"}), Y),
        fingerprint(X[X.columns[::-1]], Y),
        fingerprint(X.iloc[::-1], Y),
        fingerprint(X, Y.rename("other")),
        fingerprint(X, Y.iloc[::-1]),
        fingerprint(X, Y),
    ]
    assert len(set(others)) == len(others)


def test_cells_do_not_run_into_each_other():
    y = pd.Series([0, 1], name="y")
    assert fingerprint(pd.DataFrame({"a": ["ab", "c"]}), y) != fingerprint(pd.DataFrame({"a": ["a", "bc"]}), y)


def test_a_missing_cell_differs_from_every_value():
    y = pd.Series([0, 1], name="y")
    tables = [pd.DataFrame({"a": [cell, 1.0]}) for cell in (np.nan, 0.0, np.inf)]
    assert len({fingerprint(table, y) for table in tables}) == 3


def test_text_is_text_in_every_type_of_pandas():
    y = pd.Series([0, 1, 2], name="y")
    cells = ["a", None, "ü"]
    tables = [pd.DataFrame({"a": pd.Series(cells, dtype=dtype)}) for dtype in ("string", "str")]
    assert len({fingerprint(table, y) for table in tables}) == 1

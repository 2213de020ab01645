"""Hold-out part and folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.data.split import folds, split
from experiments.data.table import check_folds, read_table


@pytest.fixture(scope="module")
def credit():
    return read_table("german_credit")


def test_every_row_is_in_one_part_and_classes_keep_their_shares(credit):
    development, holdout = split(credit, 0.2, seed=1)
    assert (len(development.y), len(holdout.y)) == (800, 200)
    assert development.y.value_counts().to_dict() == {"good": 560, "bad": 240}
    assert holdout.y.value_counts().to_dict() == {"good": 140, "bad": 60}
    both = pd.concat([development.X, holdout.X]).value_counts()
    assert both.equals(credit.X.value_counts()) or both.sort_index().equals(credit.X.value_counts().sort_index())


def test_parts_are_tables_of_their_own(credit):
    development, holdout = split(credit, 0.2, seed=1)
    assert len({credit.fingerprint, development.fingerprint, holdout.fingerprint}) == 3
    assert development.X.index.tolist() == list(range(800))
    assert development.kinds == credit.kinds


def test_the_seed_decides(credit):
    assert split(credit, 0.2, 1)[0].fingerprint == split(credit, 0.2, 1)[0].fingerprint
    assert split(credit, 0.2, 1)[0].fingerprint != split(credit, 0.2, 2)[0].fingerprint


@pytest.mark.parametrize("name", ["german_credit", "abalone"])
def test_folds_test_every_row_once(name):
    table = read_table(name)
    made = folds(table, 5, seed=3)
    assert sorted(np.concatenate([test for _, test in made])) == list(range(len(table.y)))
    for train, test in made:
        assert not set(train) & set(test)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(made, folds(table, 5, seed=3), strict=True))


def test_folds_keep_the_shares_of_the_classes(credit):
    assert {credit.y.iloc[test].value_counts()["bad"] for _, test in folds(credit, 5, 0)} == {60}


def test_what_the_check_lets_through_can_be_split_and_folded(tmp_path):
    random = np.random.default_rng(0)
    for members in range(3, 9):
        path = tmp_path / f"{members}.csv"
        y = random.permutation(["rare"] * members + ["often"] * 40 + ["seldom"] * 11)
        pd.DataFrame({"x": range(len(y)), "y": y}).to_csv(path, index=False)
        table = read_table(str(path), "y")
        n = next(n for n in (5, 4, 3, 2) if _passes(table, n))
        development, holdout = split(table, 0.2, seed=members)
        assert set(holdout.y) <= set(development.y)
        for train, test in folds(development, n, seed=0):
            assert "rare" in set(development.y.iloc[train])
            assert "rare" in set(development.y.iloc[test])


def _passes(table, n):
    try:
        check_folds(table, n, 0.2)
    except Exception:
        return False
    return True

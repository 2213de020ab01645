"""Hold-out part and folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from config.errors import BadInput
from experiments.data.split import check_parts, folds, split
from experiments.data.table import Roles, check_folds, read_table


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


def made_table(tmp_path, roles, **columns):
    path = tmp_path / "made.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return read_table(str(path), "y", roles=roles)


@pytest.fixture(params=["classification", "regression"])
def grouped(request, tmp_path):
    """300 rows of 40 unequal groups; in a third of the groups the rare class does not occur."""
    random = np.random.default_rng(0)
    groups = np.sort(random.zipf(1.5, 300) % 40)
    y = np.where(random.random(300) < 0.2 * (groups % 3 > 0), "rare", "often")
    y = random.normal(size=300) if request.param == "regression" else y
    return made_table(tmp_path, Roles(group="g"), x=random.normal(size=300), y=y, g=[f"p{group}" for group in groups])


def test_a_group_is_never_split(grouped):
    for seed in range(5):
        development, holdout = split(grouped, 0.25, seed)
        assert not set(development.groups) & set(holdout.groups)
        assert len(development.y) + len(holdout.y) == 300
        assert 0.15 < len(holdout.y) / 300 < 0.35
        made = folds(development, 4, seed)
        assert sorted(np.concatenate([test for _, test in made])) == list(range(len(development.y)))
        for train, test in made:
            assert len(test)
            assert not set(development.groups.iloc[train]) & set(development.groups.iloc[test])


def test_the_seed_decides_which_groups(grouped):
    held_out = [set(split(grouped, 0.25, seed)[1].groups) for seed in (1, 1, 2)]
    assert held_out[0] == held_out[1] != held_out[2]


def test_groups_keep_about_the_shares_of_the_classes(tmp_path):
    random = np.random.default_rng(0)
    y = np.where(random.random(600) < 0.1, "rare", "often")
    table = made_table(tmp_path, Roles(group="g"), x=range(600), y=y, g=random.integers(0, 60, 600))
    development, holdout = split(table, 0.2, 0)
    assert abs((holdout.y == "rare").mean() - 0.1) < 0.02
    for _, test in folds(development, 5, 0):
        assert abs((development.y.iloc[test] == "rare").mean() - 0.1) < 0.05


def test_the_latest_rows_are_held_out_and_folds_learn_from_earlier_ones(tmp_path):
    random = np.random.default_rng(0)
    days = random.permutation(120)
    table = made_table(tmp_path, Roles(by_time=True, time="day"), day=days, y=random.normal(size=120))
    development, holdout = split(table, 0.2, 0)
    assert sorted(holdout.X["day"]) == list(range(96, 120))
    assert development.X["day"].tolist() == [day for day in days if day < 96]  # in the order of the table
    sizes = []
    for train, test in folds(development, 5, 0):
        assert development.order.iloc[train].max() < development.order.iloc[test].min()
        sizes.append((len(train), len(test)))
    assert sizes == [(16, 16), (32, 16), (48, 16), (64, 16), (80, 16)]  # as TimeSeriesSplit


@pytest.mark.parametrize("seed", range(10))
def test_rows_of_one_moment_stay_together(tmp_path, seed):
    random = np.random.default_rng(seed)
    day = random.permutation([*range(12), *random.zipf(1.6, 78) % 12])  # more than half of the rows on one or two days
    table = made_table(tmp_path, Roles(by_time=True, time="day"), day=day, y=random.normal(size=90))
    development, holdout = split(table, 0.2, 0)
    parts = [development.order.iloc[rows] for fold in folds(development, 3, 0) for rows in fold]
    for earlier, later in [(development.order, holdout.order), *zip(parts[::2], parts[1::2], strict=True)]:
        assert earlier.max() < later.min()


def test_too_few_moments_or_groups_are_left_beside_the_hold_out(tmp_path):
    few = made_table(tmp_path, Roles(by_time=True, time="day"), day=[1, 2, 3] * 10, y=np.arange(30) / 7)
    with pytest.raises(BadInput, match="of 3 moments, too few for 3 folds, .* set cv_folds to 2"):
        folds(few, 3, 0)
    few = made_table(tmp_path, Roles(group="g"), x=range(30), g=[1, 2, 3] * 10, y=np.arange(30) / 7)
    with pytest.raises(BadInput, match="3 groups of column 'g' are left .* fewer than 4 folds; set cv_folds to 3"):
        folds(few, 4, 0)


def test_a_class_that_cannot_be_learnt_or_judged_is_refused(tmp_path):
    late = ["old"] * 20 + ["old", "new"] * 20
    table = made_table(tmp_path, Roles(by_time=True), x=range(60), y=late)
    parts = split(table, 0.2, 0)
    with pytest.raises(BadInput, match="split=time: no row before fold 1 is of class 'new' of column 'y'; set"):
        check_parts(*parts, cv_folds=3, seed=0, judged_on_all=False)

    early = ["old", "new"] * 20 + ["old"] * 20
    table = made_table(tmp_path, Roles(by_time=True), x=range(60), y=early)
    parts = split(table, 0.2, 0)
    check_parts(*parts, cv_folds=2, seed=0, judged_on_all=False)
    with pytest.raises(BadInput, match="no row in the hold-out is of class 'new' .* set metric to accuracy"):
        check_parts(*parts, cv_folds=2, seed=0, judged_on_all=True)

    one = made_table(tmp_path, Roles(group="g"), x=range(60), y=early, g=[1] * 40 + [2, 3, 4, 5] * 5)
    development = one.rows(np.arange(40, 60))
    with pytest.raises(BadInput, match="group_column 'g': no row outside the hold-out is of class 'new'"):
        check_parts(development, one.rows(np.arange(40)), cv_folds=2, seed=0, judged_on_all=False)


def test_one_row_is_too_few_to_judge_on(tmp_path):
    table = made_table(tmp_path, Roles(group="g"), x=range(20), g=[1] * 10 + [2] * 9 + [3], y=np.arange(20) / 7)
    with pytest.raises(BadInput, match="there is only one row in the hold-out"):
        check_parts(table.rows(np.arange(19)), table.rows(np.array([19])), 2, 0, False)

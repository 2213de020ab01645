"""The interval of a difference is that of paired draws."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression

from models.evidence import HoldoutRows
from models.gate.comparison import FEWEST_DRAWS, TooFewDraws, compare, drawer, too_few
from models.gate.judged import Judged
from models.published import publishable
from tests.models.shelf import KINDS, people

TABLE = people(n_rows=600)
LEARNT, HELD_OUT = TABLE[:200], TABLE[200:].reset_index(drop=True)
CLASSES = np.array(["no", "yes"])


def rows_of(table=HELD_OUT, **more):
    return HoldoutRows(table.drop(columns="target"), table["target"], "classification", KINDS, **more)


def judged(column, rows, metric="accuracy"):
    columns = ColumnTransformer([("kept", "passthrough", [column])])
    fitted = publishable(
        columns, LogisticRegression(), LEARNT.drop(columns="target"), LEARNT["target"], "classification"
    )
    return Judged(fitted, rows, metric, CLASSES)


def test_the_difference_lies_within_its_interval_which_is_narrower_than_unpaired():
    rows = rows_of()
    better, worse = judged("clear", rows), judged("vague", rows)
    compared = compare(better, worse, "accuracy", left_out=7)
    assert compared.low < compared.difference < compared.high
    assert compared.is_better
    assert (compared.rows, compared.left_out, compared.draws, compared.drawn) == (400, 7, 1000, "rows")
    # the variance of a difference of proportions on the same rows (McNemar, 1947)
    right = [each._kept.predictions().argmax(axis=1) == rows.target(CLASSES) for each in (better, worse)]
    width = 2 * 1.96 * np.std(right[0].astype(float) - right[1].astype(float)) / np.sqrt(400)
    assert compared.high - compared.low == pytest.approx(width, rel=0.15)
    assert list(compared.quantiles) == sorted(compared.quantiles)
    again = compare(better, worse, "accuracy")
    assert (again.low, again.high) == (compared.low, compared.high)  # the same draws each time
    assert not compare(worse, better, "accuracy").is_better


def test_a_model_is_not_better_than_itself():
    one = judged("clear", rows_of())
    compared = compare(one, one, "accuracy")
    assert (compared.low, compared.difference, compared.high, compared.is_better) == (0, 0, 0, False)


def test_groups_are_drawn_as_wholes():
    groups = np.repeat(np.arange(40), 10)
    draw, kind = drawer(rows_of(groups=groups))
    drawn = draw(np.random.default_rng(0))
    assert kind == "groups"
    counts = np.bincount(drawn, minlength=400)
    assert all(len(set(counts[groups == group])) == 1 for group in range(40))
    assert counts.max() > 1


def test_rows_in_the_order_of_time_are_drawn_as_runs():
    draw, kind = drawer(rows_of(by_time=True))
    drawn = draw(np.random.default_rng(0))
    assert (kind, len(drawn)) == ("blocks", 400)
    breaks = sum((second - first) % 400 != 1 for first, second in itertools.pairwise(drawn))
    assert breaks < 400 / 8  # runs of the cube root of 400


def test_a_metric_that_is_not_defined_for_all_draws_is_told_by_the_others():
    rare = HELD_OUT.assign(target="no")
    rare.loc[0, "target"] = "yes"  # a third of the draws miss it
    rows = rows_of(rare)
    with np.errstate(all="ignore"):
        compared = compare(judged("clear", rows, "roc_auc"), judged("noise", rows, "roc_auc"), "roc_auc")
    assert np.isfinite([compared.low, compared.high]).all()


def test_too_few_draws_are_no_interval():
    ticks = itertools.count()
    one = judged("clear", rows_of())
    with pytest.raises(
        TooFewDraws, match=f"5 of 5 draws gave a difference, {FEWEST_DRAWS} are needed; there was no time"
    ):
        compare(one, one, "accuracy", deadline=6, clock=lambda: float(next(ticks)))


def test_rows_of_one_class_are_not_compared_by_their_order():
    rows = rows_of(HELD_OUT.assign(target="no"))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = judged("clear", rows, "roc_auc")
        with pytest.raises(TooFewDraws, match="roc_auc is not defined for the rows that are left"):
            compare(one, one, "roc_auc")


def test_rows_and_groups_must_be_enough():
    assert too_few(rows_of()) == ""
    assert "29 held-out rows are left" in too_few(rows_of().rows(np.arange(29)))
    assert "come in 9 groups, 10 are needed" in too_few(rows_of(groups=np.arange(400) % 9))

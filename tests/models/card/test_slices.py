"""Parts of the held-out rows: which there are, and what is told of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from models.card.outcome import Outcome
from models.card.slices import COLUMNS, FEW_ROWS, slices
from models.evidence import HoldoutRows

N = 120


@pytest.fixture(scope="module")
def outcome():
    """Answers that are right but for rows of the colour red."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": np.linspace(0, 100, N),
            "colour": np.where(np.arange(N) % 3 == 0, "red", np.where(np.arange(N) % 7 == 0, None, "blue")),
            "day": pd.date_range("2024-01-01", periods=N),
            "flag": np.arange(N) % 2 == 0,
            "word": [f"text {number}" for number in range(N)],
            "steps": np.arange(N) % 4,
            "same": "x",
            "many": [f"c{number % 9}" for number in range(N)],
        }
    )
    kinds = {"size": "numeric", "colour": "categorical", "day": "date", "flag": "boolean", "word": "text",
             "steps": "numeric", "same": "categorical", "many": "categorical"}  # fmt: skip
    y = random.integers(0, 2, N)
    right = np.where(X["colour"] == "red", 1 - y, y)
    answers = np.column_stack([1 - right, right]) * 0.8 + 0.1
    holdout = HoldoutRows(X, pd.Series(y), "classification", kinds)
    return Outcome(holdout, "roc_auc", np.array([0, 1]), y, answers, True, None)


def parts_of(outcome, columns, **options):
    return slices(outcome, columns, **options).parts


def by_label(found, column):
    return {each.label: each for each in found if each.column == column}


def test_categories_are_parts_and_missing_cells_are_one(outcome):
    found = by_label(parts_of(outcome, ["colour"]), "colour")
    assert set(found) == {"red", "blue", "(missing)"}
    assert sum(each.rows for each in found.values()) == N
    assert found["red"].score == 0.0
    assert found["blue"].score == 1.0
    assert found["(missing)"].is_small == (found["(missing)"].rows < FEW_ROWS) is True
    assert not found["blue"].is_small


def test_numbers_and_dates_are_cut_into_quarters(outcome):
    found = parts_of(outcome, ["size", "day"])
    for column in ("size", "day"):
        rows = [each.rows for each in found if each.column == column]
        assert len(rows) == 4
        assert sum(rows) == N
        assert max(rows) - min(rows) <= 2
    assert "2024-01-01 to under 2024-01-31" in by_label(found, "day")


def test_dates_may_be_texts_and_may_be_missing(outcome):
    days = pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d").to_series().reset_index(drop=True)
    days[::10] = None
    X = outcome.holdout.X.assign(day=days)
    found = by_label(parts_of(replace(outcome, holdout=replace(outcome.holdout, X=X)), ["day"]), "day")
    assert len(found) == 5
    assert found["(missing)"].rows == 12
    assert sum(each.rows for each in found.values()) == N


def test_a_number_of_few_values_has_a_part_for_each(outcome):
    assert list(by_label(parts_of(outcome, ["steps"]), "steps")) == ["0", "1", "2", "3"]


def test_rare_categories_are_one_part(outcome):
    found = by_label(parts_of(outcome, ["many"]), "many")
    assert len(found) == 6
    assert "(4 others)" in found


def test_texts_and_single_values_are_passed_over(outcome):
    assert parts_of(outcome, ["word", "same"]) == ()


def test_the_score_is_the_metric_s_and_lies_in_its_interval(outcome):
    for each in parts_of(outcome, ["size", "steps", "flag"]):
        assert each.low <= each.score <= each.high
    rows = outcome.holdout.X["flag"].to_numpy()
    flag = by_label(parts_of(outcome, ["flag"]), "flag")["True"]
    assert flag.score == pytest.approx(roc_auc_score(outcome.y[rows], outcome.answers[rows, 1]))


def test_where_the_metric_is_undefined_there_is_no_score(outcome):
    of_one_class = replace(outcome, y=np.ones(N, dtype=int))
    found = parts_of(of_one_class, ["colour"])
    assert {(each.score, each.low, each.high) for each in found} == {(None, None, None)}


def test_without_time_or_where_rows_depend_on_time_there_are_no_intervals(outcome):
    by_time = replace(outcome, holdout=replace(outcome.holdout, by_time=True))
    for found in (parts_of(outcome, ["flag"], deadline=0.0), parts_of(by_time, ["flag"])):
        assert {each.low for each in found} == {None}
        assert all(each.score is not None for each in found)


def test_so_many_columns_are_looked_at(outcome):
    found = parts_of(outcome, ["word", "size", "colour", "day", "flag", "steps", "many"])
    assert len({each.column for each in found}) == COLUMNS


def test_where_time_runs_out_columns_that_were_left_out_are_named(outcome):
    found = slices(outcome, ["size", "colour", "day"], deadline=0.0)
    assert {each.column for each in found.parts} == {"size"}
    assert found.left_out == ("colour", "day")

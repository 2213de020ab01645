"""What shuffling a column costs the score: beside scikit-learn's own, and as far as the time goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

from models.card.importance import FEWEST_ROWS, MOST_ROWS, REPEATS, importances
from models.card.outcome import Outcome
from models.published import coded


class Clock:
    """A clock that goes on by as much at every look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Counting:
    """A pipeline that counts how often it is asked, and how many rows it is asked about."""

    def __init__(self, pipeline):
        self._pipeline, self.calls = pipeline, []

    def predict(self, X):
        self.calls.append(len(X))
        return self._pipeline.predict(X)


def outcome_of(made):
    return Outcome.of(made.fitted, made.holdout, made.facts.metric)


@pytest.mark.parametrize("name", ["binary", "numbers"])
def test_it_is_what_scikit_learn_computes_column_by_column(name, request):
    made = request.getfixturevalue(name)
    outcome = outcome_of(made)
    found = {each.column: each for each in importances(outcome, made.fitted, asked_seconds=0.0).columns}
    expected = permutation_importance(
        coded(made.fitted), made.holdout.X, outcome.y, scoring=made.facts.metric, n_repeats=30, random_state=0
    )
    for column, mean in zip(made.holdout.X.columns, expected.importances_mean, strict=True):
        if column != "not used":
            assert found[column].value == pytest.approx(mean, abs=0.08 * max(1.0, abs(mean)))


def test_the_column_that_matters_is_first_and_its_interval_leaves_zero_out(binary):
    first, *others = importances(outcome_of(binary), binary.fitted, asked_seconds=0.0).columns
    assert first.column == "matters"
    assert 0 < first.low < first.value < first.high
    for each in others:
        assert each.low <= 0 <= each.high or abs(each.value) < 0.03


def test_columns_that_the_model_does_not_look_at_are_not_shuffled(binary):
    found = importances(outcome_of(binary), binary.fitted, asked_seconds=0.0)
    assert "not used" not in {each.column for each in found.columns}
    assert len(found.columns) == 3


def test_a_round_is_one_call_of_the_model(numbers):
    fitted = Counting(numbers.fitted)
    outcome = outcome_of(numbers)
    found = importances(outcome, fitted, asked_seconds=0.0)
    assert fitted.calls == [3 * len(outcome)] * REPEATS
    assert (found.rows, found.repeats, found.left_out) == (min(MOST_ROWS, len(outcome)), REPEATS, ())


def test_without_time_for_the_fewest_rows_nothing_is_shuffled_and_columns_are_named(numbers):
    fitted = Counting(numbers.fitted)
    found = importances(outcome_of(numbers), fitted, asked_seconds=60.0, deadline=1.0, clock=Clock())
    assert (found.columns, found.rows) == ((), 0)
    assert set(found.left_out) == {str(name) for name in numbers.holdout.X.columns} - {"not used"}
    assert sum(fitted.calls) < FEWEST_ROWS


def test_where_time_is_short_fewer_rows_are_shuffled_and_intervals_fall_away(numbers):
    fitted = Counting(numbers.fitted)
    found = importances(outcome_of(numbers), fitted, asked_seconds=0.0, deadline=2.0, clock=Clock(step=0.11))
    assert FEWEST_ROWS <= found.rows < len(numbers.holdout)
    assert found.repeats >= 1
    assert found.columns[0].column == "matters"
    assert {each.low for each in found.columns} == {None}


def test_rows_of_a_group_are_drawn_together(binary):
    plain = importances(outcome_of(binary), binary.fitted, asked_seconds=0.0).columns[0]
    groups = np.repeat(np.arange(8), len(binary.holdout) // 8)
    grouped = replace(binary, holdout=replace(binary.holdout, groups=groups))
    found = importances(outcome_of(grouped), grouped.fitted, asked_seconds=0.0).columns[0]
    assert found.value == plain.value
    assert (found.low, found.high) != (plain.low, plain.high)

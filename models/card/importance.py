"""What each raw column is worth to a model: how much the score falls where the column's values are shuffled.

Permutation importance (L. Breiman, Machine Learning 45, 2001, doi:10.1023/A:1010933404324; for any model and on
held-out rows: A. Fisher, C. Rudin and F. Dominici, Journal of Machine Learning Research 20, 2019), in the metric's own
units. A call of a pipeline costs much the same however few rows it brings, so all shuffled copies go in one call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.card.outcome import Outcome, answers
from models.card.resampling import drawn, ends, repeated

REPEATS = 5
#: held-out rows that are shuffled, at most
MOST_ROWS = 1_000
#: nothing is to be seen with fewer
FEWEST_ROWS = 30
#: rows in one call, at most: they are all in memory at once
MOST_STACKED = 100_000
#: the model is asked about so many rows that at least as many rounds are done in time, where the rows are enough
ROUNDS = 3
ENOUGH_ROWS = 200
#: rows of a call that is only made to see what a call takes
PROBED_ROWS = 10
#: of the time, for asking the model; the rest is for the intervals
ASKING_SHARE = 0.7


@dataclass(frozen=True)
class Importance:
    """Of one column."""

    column: str
    #: mean fall of the score
    value: float
    #: ends of its 95 % interval; None where there was no time for it
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Importances:
    """Of all columns that there was time for, the most important first."""

    columns: tuple[Importance, ...]
    #: held-out rows that were shuffled, and how often
    rows: int
    repeats: int
    #: columns that there was no time for
    left_out: tuple[str, ...] = ()


def importances(
    outcome: Outcome,
    fitted: Any,
    *,
    asked_seconds: float,
    deadline: float | None = None,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Importances:
    """Shuffles one column after the other, and asks the model again.

    Args:
        outcome: what the model says of the rows as they are.
        fitted: the published pipeline.
        asked_seconds: that the pipeline took for all held-out rows; it tells whether there is time at all.
        deadline: on the clock; None where there is time enough.
        seed: of the shuffling and the draws.
        clock: seconds.
    """
    random = np.random.default_rng(seed)
    names = [name for name in outcome.holdout.X.columns if outcome.holdout.kinds.get(str(name)) != "drop"]
    began = clock()
    asked_by = None if deadline is None else began + (deadline - began) * ASKING_SHARE
    n_rows = _rows_in_time(outcome, fitted, names, asked_seconds, asked_by, random, clock)
    if not n_rows or not names:
        return Importances((), 0, 0, tuple(str(name) for name in names))
    rows = np.sort(random.permutation(len(outcome))[:n_rows])
    X = outcome.holdout.X.iloc[rows]
    base = outcome.score(rows)
    asked: list[np.ndarray] = []  # a round's answers, (n_columns, n_rows, n_answers)
    falls: list[list[float]] = []
    took = 0.0
    while len(asked) < REPEATS and (asked_by is None or not asked or clock() + took < asked_by):
        round_began = clock()
        asked.append(_asked(fitted, X, names, random))
        falls.append([base - outcome.score(rows, shuffled) for shuffled in asked[-1]])
        took = clock() - round_began
    values = np.mean(falls, axis=0)
    drawn_falls = _drawn_falls(outcome, rows, asked, random, deadline, clock)
    found = [
        Importance(str(name), float(values[number]), *ends([each[number] for each in drawn_falls]))
        for number, name in enumerate(names)
        if np.isfinite(values[number])
    ]
    found.sort(key=lambda each: -each.value)
    return Importances(tuple(found), n_rows, len(asked))


def _rows_in_time(
    outcome: Outcome,
    fitted: Any,
    names: Sequence[Any],
    asked_seconds: float,
    deadline: float | None,
    random: np.random.Generator,
    clock: Callable[[], float],
) -> int:
    """How many held-out rows all columns can be shuffled in, some times; 0 where there is no time for the fewest."""
    most, fewest = min(len(outcome), MOST_ROWS), min(len(outcome), FEWEST_ROWS)
    if deadline is None:
        return most
    began = clock()
    outcome.score(np.arange(len(outcome)))
    scoring = (clock() - began) * len(names)
    began = clock()
    answers(fitted, outcome.holdout.X.head(PROBED_ROWS))
    call = clock() - began  # what a call takes, with hardly any rows
    row = max(0.0, asked_seconds - call) / max(1, len(outcome) - PROBED_ROWS)
    if clock() + call + scoring + row * fewest * len(names) > deadline:
        return 0
    began = clock()
    _asked(fitted, outcome.holdout.X.head(fewest), names, random)  # what a row costs where many come at once
    took = clock() - began
    row = max(took - call, took / 4) / fewest
    spare = deadline - clock()
    in_time, in_one = (int((spare / rounds - call - scoring) / row) for rounds in (ROUNDS, 1))
    # one round of enough rows tells more than several of hardly any
    return max(fewest, min(most, max(in_time, min(in_one, ENOUGH_ROWS))))


def _asked(fitted: Any, X: pd.DataFrame, names: Sequence[Any], random: np.random.Generator) -> np.ndarray:
    """Answers where one column after the other is shuffled, (n_columns, n_rows, n_answers)."""
    at_once = max(1, MOST_STACKED // len(X))
    parts = [
        answers(fitted, _stacked(X, names[begin : begin + at_once], random)) for begin in range(0, len(names), at_once)
    ]
    whole = np.concatenate(parts)
    return whole.reshape(len(names), len(X), whole.shape[1])


def _stacked(X: pd.DataFrame, names: Sequence[Any], random: np.random.Generator) -> pd.DataFrame:
    """Copies of rows below each other; in each, one column is shuffled."""
    n_rows = len(X)
    shuffled = random.permutation(n_rows)
    columns = {}
    for position, name in enumerate(X.columns):
        order = np.tile(np.arange(n_rows), len(names))
        if name in names:
            copy = list(names).index(name)
            order[copy * n_rows : (copy + 1) * n_rows] = shuffled
        columns[position] = X.iloc[:, position].take(order).reset_index(drop=True)
    return pd.DataFrame(columns).set_axis(X.columns, axis=1)


def _drawn_falls(
    outcome: Outcome,
    rows: np.ndarray,
    asked: Sequence[np.ndarray],
    random: np.random.Generator,
    deadline: float | None,
    clock: Callable[[], float],
) -> list[list[float]]:
    """Of each draw of the rows, each with the next round of shuffling, the fall of the score by column."""
    groups = None if outcome.holdout.groups is None else outcome.holdout.groups[rows]

    def draw(number: int) -> list[float]:
        chosen = drawn(np.arange(len(rows)), groups, random)
        base = outcome.score(rows[chosen])
        return [base - outcome.score(rows[chosen], column[chosen]) for column in asked[number % len(asked)]]

    return repeated(draw, deadline, clock)

"""How well a model does on parts of the held-out rows: by category, or by quarters of a number or a date."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.card.outcome import Outcome
from models.card.resampling import drawn, ends, repeated
from models.card.text import number

#: columns that are looked at, at most
COLUMNS = 6
#: parts of a column: the most frequent categories, or quantiles
CATEGORIES = 5
QUANTILES = 4
#: a part of fewer rows is marked: its score is mostly chance
FEW_ROWS = 30


@dataclass(frozen=True)
class Slice:
    """Some of the held-out rows."""

    column: str
    #: which of its values they have
    label: str
    rows: int
    #: the metric's; None where it is undefined on these rows
    score: float | None
    #: ends of its 95 % interval; None where none can be told
    low: float | None
    high: float | None

    @property
    def is_small(self) -> bool:
        """Whether it has so few rows that its score is mostly chance."""
        return self.rows < FEW_ROWS


@dataclass(frozen=True)
class Slices:
    """Parts of the columns that there was time for."""

    parts: tuple[Slice, ...]
    #: columns that there was no time for
    left_out: tuple[str, ...] = ()


def slices(
    outcome: Outcome,
    columns: Sequence[str],
    *,
    deadline: float | None = None,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Slices:
    """Scores by parts of some columns.

    Args:
        outcome: what the model says of the rows.
        columns: by falling importance; text and single values are passed over, and at most `COLUMNS` are taken.
        deadline: on the clock; None where there is time enough. One column is looked at in any case.
        seed: of the draws.
        clock: seconds.
    """
    random = np.random.default_rng(seed)
    taken = _taken(outcome, columns)
    parts: list[tuple[str, str, np.ndarray]] = []
    scores: list[float] = []
    left_out: list[str] = []
    for name, own in taken.items():
        if parts and deadline is not None and clock() >= deadline:
            left_out.append(name)
            continue
        parts += [(name, label, rows) for label, rows in own]
        scores += [outcome.score(rows) for _, rows in own]

    def draw(_: int) -> list[float]:
        return [outcome.score(drawn(rows, outcome.holdout.groups, random)) for _, _, rows in parts]

    # rows that depend on each other in time cannot be drawn one by one
    draws = [] if outcome.holdout.by_time else repeated(draw, deadline, clock)
    found = []
    for place, ((name, label, rows), score) in enumerate(zip(parts, scores, strict=True)):
        is_defined = bool(np.isfinite(score))
        low, high = ends([each[place] for each in draws]) if is_defined and len(rows) > 1 else (None, None)
        found.append(Slice(name, label, len(rows), score if is_defined else None, low, high))
    return Slices(tuple(found), tuple(left_out))


def _taken(outcome: Outcome, columns: Sequence[str]) -> dict[str, list[tuple[str, np.ndarray]]]:
    """The first columns that have more than one part, with their parts."""
    taken: dict[str, list[tuple[str, np.ndarray]]] = {}
    for name in columns:
        own = list(_parts(outcome.holdout.X[name], outcome.holdout.kinds.get(name, "drop")))
        if len(own) > 1:
            taken[name] = own
        if len(taken) == COLUMNS:
            break
    return taken


def _parts(column: pd.Series, kind: str) -> Iterator[tuple[str, np.ndarray]]:
    """Labels and positions of a column's parts, missing cells last."""
    if kind in ("categorical", "boolean"):
        yield from _categories(column)
    elif kind in ("numeric", "date"):
        yield from _quantiles(column, is_date=kind == "date")
    else:
        return
    missing = np.flatnonzero(column.isna())
    if len(missing):
        yield "(missing)", missing


def _categories(column: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    texts = column.astype("string")
    counts = texts.value_counts()
    most = list(counts.index[:CATEGORIES])
    for category in most:
        yield str(category), np.flatnonzero((texts == category).fillna(False).to_numpy(dtype=bool))
    rest = np.flatnonzero((~texts.isin(most) & texts.notna()).to_numpy(dtype=bool))
    if len(rest):
        yield f"({len(counts) - len(most)} others)", rest


def _quantiles(column: pd.Series, is_date: bool) -> Iterator[tuple[str, np.ndarray]]:
    if is_date:
        dates = pd.to_datetime(column, errors="coerce", utc=True, format="mixed")
        values = np.where(dates.notna(), dates.dt.tz_localize(None).astype("datetime64[s]").astype("int64"), np.nan)
    else:
        values = pd.to_numeric(column, errors="coerce").astype("float64").to_numpy()
    known = values[np.isfinite(values)]
    if not len(known):
        return
    distinct = np.unique(known)
    if len(distinct) <= CATEGORIES:
        for value in distinct:
            yield _shown(value, is_date), np.flatnonzero(values == value)
        return
    edges = np.unique(np.quantile(known, np.linspace(0, 1, QUANTILES + 1), method="nearest"))
    if len(edges) < 2:
        return
    for begin, end in itertools.pairwise(edges):
        last = end == edges[-1]
        rows = np.flatnonzero((values >= begin) & ((values <= end) if last else (values < end)))
        if len(rows):
            yield f"{_shown(begin, is_date)} {'to' if last else 'to under'} {_shown(end, is_date)}", rows


def _shown(value: float, is_date: bool) -> str:
    return str(pd.Timestamp(int(value), unit="s").date()) if is_date else number(value)

"""One column then and now: how far its values, its missing cells and its categories have moved."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

import numpy as np

from models.drift.bins import Bins
from models.drift.categories import Categories
from models.drift.column_profile import ColumnProfile
from models.drift.distance import homogeneity_p, ks, psi, psi_by_chance, share_p

#: Rows that are needed before a verdict is given.
ROWS_AT_LEAST = 50
#: Share of false alarms: of reports on rows of the training distribution at most so many say that anything moved, and
#: of the columns that a report says have moved at most so many have not, on average.
FALSE_ALARMS = 0.01
#: False discovery rate at which a distance counts as found: half of that, since the tail of chi-square is a little too
#: light for so few rows (`docs/drift.md` has what was measured).
LEVEL = FALSE_ALARMS / 2
#: Share of the dates that are later than any of training from which on a column has only grown older.
LATER = 0.5
#: Names of what is measured besides a column's own measures.
MISSING = "missing"
NEW = "new categories"
#: Label of the categories that are not counted each.
OTHERS = "others"

Verdict = Literal["moved", "steady", "later", "too few rows"]


@dataclass(frozen=True)
class Distance:
    """How far one thing that is measured of a column has moved."""

    #: value, category, characters or words; or `MISSING`, `NEW`
    measure: str
    psi: float
    #: to expect where nothing has changed, from so few rows
    psi_by_chance: float
    #: how likely a difference of this size is where nothing has changed
    p_value: float
    #: Kolmogorov-Smirnov distance by bins; None for what has no order
    ks: float | None = None

    @property
    def beyond_chance(self) -> float:
        """What of the index chance does not explain."""
        return max(0.0, self.psi - self.psi_by_chance)


@dataclass(frozen=True)
class Shares:
    """A column's rows by cell, for a drawing."""

    #: the last two of a categorical column may be `OTHERS` and new ones
    labels: tuple[str, ...]
    #: shares of the present cells, (n_cells,), from 0 to 1
    then: tuple[float, ...]
    now: tuple[float, ...]

    @property
    def moved_most(self) -> int:
        """Position of the cell whose share has risen most."""
        return int(np.argmax(np.subtract(self.now, self.then)))


@dataclass(frozen=True)
class ColumnDrift:
    """A column of the rows, or of the predictions, then and now."""

    name: str
    kind: str
    #: rows that were counted now
    rows: int
    #: shares of the rows, from 0 to 1
    missing_then: float
    missing_now: float
    #: the distance that counts: the one that moved furthest beyond chance, of those that moved
    worst: Distance
    distances: tuple[Distance, ...]
    shares: Shares
    #: share of the present cells below the smallest and above the largest of training; None for what has no order
    below: float | None
    above: float | None
    #: share of the present cells whose category training did not know; None where that cannot be told
    new_share: float | None
    #: rows of them
    new_rows: int
    #: names of such categories and rows of each, the most frequent first
    new_categories: Mapping[str, int]
    verdict: Verdict
    #: what has moved, in a few words; empty where nothing has
    finding: str

    @property
    def moved(self) -> bool:
        """Whether it has moved beyond the limit and beyond chance."""
        return self.verdict == "moved"

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "verdict": self.verdict,
            "finding": self.finding,
            "rows": self.rows,
            **_distance_json(self.worst),
            "missing_then": self.missing_then,
            "missing_now": self.missing_now,
            "below_training": self.below,
            "above_training": self.above,
            "new_categories_share": self.new_share,
            "new_categories": dict(self.new_categories),
            "distances": [_distance_json(each) for each in self.distances],
            "shares": {"labels": self.shares.labels, "then": self.shares.then, "now": self.shares.now},
        }


def distances(column: ColumnProfile, now: np.ndarray) -> tuple[Distance, ...]:
    """Everything that is measured of a column.

    Args:
        column: as training saw it.
        now: its tally.

    Returns:
        At least one; the missing cells and the new categories only where there are any, then or now.
    """
    return tuple(_distances(column, now))


def column_drift(
    column: ColumnProfile,
    now: np.ndarray,
    new: Mapping[str, int],
    measured: tuple[Distance, ...],
    q_values: np.ndarray,
    limit: float,
) -> ColumnDrift:
    """A column then and now, with the verdict.

    Args:
        column: as training saw it.
        now: its tally.
        new: names of new categories and rows of each.
        measured: by `distances`.
        q_values: of these, among all of the report, (n_distances,).
        limit: of the index beyond chance, from which on a column has moved.
    """
    found = [each for each, q in zip(measured, q_values, strict=True) if q <= LEVEL]
    worst = max(found or measured, key=lambda each: each.beyond_chance)
    rows = int(now[0])
    present = rows - int(now[1])
    main = worst.measure if worst.measure in column.measures else next(iter(column.measures))
    measure, tally = column.measures[main], column.measured(now)[main]
    below = above = new_share = None
    new_rows = 0
    if isinstance(measure, Bins):
        below, above = (float(count) / max(1, present) for count in tally[-2:])
    elif measure.knows_all and column.kind != "class":
        new_rows = int(tally[-1])
        new_share = new_rows / max(1, present)
    drifted = bool(found) and worst.beyond_chance >= limit
    verdict: Verdict = "moved" if drifted else "steady"
    if rows < ROWS_AT_LEAST:
        verdict = "too few rows"
    elif drifted and column.kind == "date" and worst.measure == "value" and (above or 0.0) >= LATER:
        verdict = "later"
    shares = _shares(column, main, now)
    missing_then, missing_now = (tally[1] / max(1, tally[0]) for tally in (column.training, now))
    names = dict(sorted(new.items(), key=lambda item: (-item[1], item[0])))
    finding = ""
    if verdict in ("moved", "later"):
        finding = {
            MISSING: lambda: f"{missing_now:.1%} missing, {missing_then:.1%} in training",
            NEW: lambda: f"new categories in {new_share or 0:.1%} of the rows: {_listed(names)}",
            "category": lambda: _share_finding(shares),
        }.get(worst.measure, lambda: _number_finding(column.kind, worst.measure, shares))()
    return ColumnDrift(
        column.name, column.kind, rows, float(missing_then), float(missing_now), worst, measured, shares,
        below, above, new_share, new_rows, names, verdict, finding,
    )  # fmt: skip


def _distances(column: ColumnProfile, now: np.ndarray) -> Iterator[Distance]:
    parts_then, parts_now = column.measured(column.training), column.measured(now)
    for name, measure in column.measures.items():
        then_cells, now_cells = measure.cells(parts_then[name]), measure.cells(parts_now[name])
        ordered = isinstance(measure, Bins)
        yield _distance(name, then_cells, now_cells, ordered=ordered)
        if isinstance(measure, Categories) and measure.knows_all and column.kind != "class":
            # a category that one row alone had was new to the others: so many new ones are to be expected
            yield from _share_distance(
                NEW, measure.seen_once, measure.rows, parts_now[name][-1], parts_now[name].sum(), only_more=True
            )
    yield from _share_distance(MISSING, column.training[1], column.training[0], now[1], now[0])


def _distance(name: str, then: np.ndarray, now: np.ndarray, *, ordered: bool) -> Distance:
    if not (then.sum() and now.sum()):  # nothing to compare, which is not a change
        return Distance(name, 0.0, 0.0, 1.0, 0.0 if ordered else None)
    distance = ks(then, now) if ordered else None
    return Distance(name, psi(then, now), psi_by_chance(then, now), homogeneity_p(then, now), distance)


def _share_distance(
    name: str, hits_then: int, rows_then: int, hits_now: int, rows_now: int, *, only_more: bool = False
) -> Iterator[Distance]:
    if not (rows_then and rows_now and hits_then + hits_now):
        return
    then, now = (np.array([rows - hits, hits]) for rows, hits in ((rows_then, hits_then), (rows_now, hits_now)))
    p_value = share_p(int(hits_then), int(rows_then), int(hits_now), int(rows_now), only_more=only_more)
    yield Distance(name, psi(then, now), psi_by_chance(then, now), p_value)


def _shares(column: ColumnProfile, main: str, now: np.ndarray) -> Shares:
    measure = column.measures[main]
    parts = [column.measured(tally)[main] for tally in (column.training, now)]
    if isinstance(measure, Bins):
        labels = _bin_labels(measure, column.kind == "date")
        cells = [measure.cells(part) for part in parts]
    else:
        labels = (*measure.names, OTHERS, "new" if measure.knows_all else "unknown")
        seen = np.array([*(True for _ in measure.names), *(np.sum(parts, axis=0)[-2:] > 0)])
        labels = tuple(itertools.compress(labels, seen))
        cells = [part[seen] for part in parts]
    return Shares(labels, *(tuple((each / max(1, each.sum())).tolist()) for each in cells))


def _bin_labels(bins: Bins, is_date: bool) -> tuple[str, ...]:
    edges = [_moment(edge) if is_date else f"{edge:.4g}" for edge in bins.edges]
    if not edges:
        return ("all",)
    between = [f"{low} to {high}" for low, high in itertools.pairwise(edges)]
    return (f"up to {edges[0]}", *between, f"above {edges[-1]}")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")


def _share_finding(shares: Shares) -> str:
    most = shares.moved_most
    return f"{shares.labels[most]!r} in {shares.now[most]:.0%} of the rows, {shares.then[most]:.0%} in training"


def _number_finding(kind: str, measure: str, shares: Shares) -> str:
    """Whether numbers have risen or fallen, by the mean position of the bins."""
    positions = np.arange(len(shares.labels))
    rise = float(np.dot(positions, shares.now) - np.dot(positions, shares.then))
    if abs(rise) < 0.5:  # half a bin
        most = shares.moved_most
        return f"{shares.labels[most]}: {shares.now[most]:.0%} of the rows, {shares.then[most]:.0%} in training"
    more, less = {"date": ("later", "earlier"), "text": ("longer", "shorter")}.get(kind, ("higher", "lower"))
    unit = f" ({measure})" if kind == "text" else ""
    return f"{more if rise > 0 else less} than in training{unit}"


def _listed(names: Mapping[str, int], at_most: int = 3) -> str:
    shown = ", ".join(repr(name) for name in list(names)[:at_most])
    return f"{shown} and {len(names) - at_most} more" if len(names) > at_most else shown


def _distance_json(distance: Distance) -> dict[str, Any]:
    return {
        "measure": distance.measure,
        "psi": distance.psi,
        "psi_by_chance": distance.psi_by_chance,
        "psi_beyond_chance": distance.beyond_chance,
        "ks": distance.ks,
        "p_value": distance.p_value,
    }

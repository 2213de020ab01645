"""One column then and now: how far its values, its missing cells and its categories have moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from models.drift.bins import Bins
from models.drift.categories import Categories
from models.drift.column_distance import MISSING, NEW, Distance
from models.drift.column_profile import ColumnProfile
from models.drift.finding import missing_finding, new_finding, number_finding, share_finding
from models.drift.shares import Shares, shares_of

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
Verdict = Literal["moved", "steady", "later", "too few rows"]


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
            **self.worst.as_json(),
            "missing_then": self.missing_then,
            "missing_now": self.missing_now,
            "below_training": self.below,
            "above_training": self.above,
            "new_categories_share": self.new_share,
            "new_categories": dict(self.new_categories),
            "distances": [each.as_json() for each in self.distances],
            "shares": {"labels": self.shares.labels, "then": self.shares.then, "now": self.shares.now},
        }


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
    rows, present = int(now[0]), int(now[0] - now[1])
    below, above = _beyond_training(column, now, present)
    is_later = column.kind == "date" and above is not None and above >= LATER
    found = [each for each, q in zip(measured, q_values, strict=True) if q <= LEVEL and each.beyond_chance >= limit]
    counting = [each for each in found if not (is_later and each.measure == "value")]
    worst = max(counting or found or measured, key=lambda each: each.beyond_chance)
    verdict: Verdict = "moved" if counting else "later" if found else "steady"
    if rows < ROWS_AT_LEAST:
        verdict = "too few rows"
    main = worst.measure if worst.measure in column.measures else next(iter(column.measures))
    measure, shares = column.measures[main], shares_of(column, main, now)
    knows_new = isinstance(measure, Categories) and measure.knows_all and column.kind != "class"
    new_rows = int(column.measured(now)[main][-1]) if knows_new else 0
    new_share = new_rows / max(1, present) if knows_new else None
    missing_then, missing_now = (float(tally[1] / max(1, tally[0])) for tally in (column.training, now))
    names = dict(sorted(new.items(), key=lambda item: (-item[1], item[0])))
    finding = ""
    if verdict in ("moved", "later"):
        if worst.measure == MISSING:
            finding = missing_finding(missing_then, missing_now)
        elif worst.measure == NEW:
            finding = new_finding(new_share or 0.0, names)
        elif worst.measure == "category":
            finding = share_finding(shares)
        else:
            finding = number_finding(column.kind, worst.measure, shares)
    return ColumnDrift(
        column.name, column.kind, rows, missing_then, missing_now, worst, measured, shares,
        below, above, new_share, new_rows, names, verdict, finding,
    )  # fmt: skip


def _beyond_training(column: ColumnProfile, now: np.ndarray, present: int) -> tuple[float | None, float | None]:
    """Shares of the present cells below and above all of training, by the column's first measure."""
    name, measure = next(iter(column.measures.items()))
    if not isinstance(measure, Bins):
        return None, None
    below, above = column.measured(now)[name][-2:]
    return float(below) / max(1, present), float(above) / max(1, present)

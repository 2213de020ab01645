"""How far one column has moved: its values, its missing cells, its new categories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.drift.bins import Bins
from models.drift.categories import Categories
from models.drift.column_profile import ColumnProfile
from models.drift.distance import homogeneity_p, ks, psi, psi_by_chance, share_p

#: Names of what is measured besides a column's own measures.
MISSING = "missing"
NEW = "new categories"


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

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "measure": self.measure,
            "psi": self.psi,
            "psi_by_chance": self.psi_by_chance,
            "psi_beyond_chance": self.beyond_chance,
            "ks": self.ks,
            "p_value": self.p_value,
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

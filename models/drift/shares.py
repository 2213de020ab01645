"""A column's rows by cell, in training and now, for whoever draws or names them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from models.drift.bins import Bins
from models.drift.column_profile import ColumnProfile

#: Label of the categories that are not counted each.
OTHERS = "others"


@dataclass(frozen=True)
class Shares:
    """Shares of the cells of one measure."""

    #: the last two of a categorical column may be `OTHERS` and new ones
    labels: tuple[str, ...]
    #: shares of the present cells, (n_cells,), from 0 to 1
    then: tuple[float, ...]
    now: tuple[float, ...]

    @property
    def moved_most(self) -> int:
        """Position of the cell whose share has risen most."""
        return int(np.argmax(np.subtract(self.now, self.then)))


def shares_of(column: ColumnProfile, name: str, now: np.ndarray) -> Shares:
    """The shares of a column's cells.

    Args:
        column: as training saw it.
        name: of the measure.
        now: the column's tally.
    """
    measure = column.measures[name]
    parts = [column.measured(tally)[name] for tally in (column.training, now)]
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
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))

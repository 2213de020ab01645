"""What a model was asked, as counts: constant memory, however many rows there were."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.drift.categories import bounded
from models.drift.cells import Cells
from models.drift.profile import CONFIDENCE, PREDICTION, Profile, class_name


class Counts:
    """Tallies of all columns and predictions of a profile, one after the other in one vector.

    Counts of the same profile can be added up: those of two processes, or of several hours. Of new categories the most
    frequent names are kept as well, at most `models.drift.categories.NEW_NAMES` a column.

    Args:
        profile: what is counted, and into which cells.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        ends = np.cumsum([0, *(column.size for column in profile)]).tolist()
        self._slices = [slice(begin, end) for begin, end in itertools.pairwise(ends)]
        self._vector = np.zeros(ends[-1], np.int64)
        self._new: list[Counter[str]] = [Counter() for _ in self._slices]
        self.rows = 0

    def add(
        self,
        columns: Mapping[str, Cells],
        predictions: Sequence[Any] | np.ndarray,
        probabilities: Sequence[Sequence[float]] | np.ndarray | None = None,
    ) -> None:
        """Counts rows and what was answered.

        Args:
            columns: column name -> cells, (n_rows,) each; a data frame is one. A column that is not there is not
                counted.
            predictions: labels or numbers, (n_rows,).
            probabilities: (n_rows, n_classes), where the model knows them.
        """
        if not len(predictions):
            return
        self.rows += len(predictions)
        names = len(self.profile.columns)
        for position, column in enumerate(self.profile.columns):
            if column.name in columns:
                self._count(position, columns[column.name])
        for position, column in enumerate(self.profile.predictions, start=names):
            if column.name == PREDICTION:
                is_class = column.kind == "class"
                self._count(position, [class_name(label) for label in predictions] if is_class else predictions)
            elif column.name == CONFIDENCE and probabilities is not None:
                self._count(position, np.asarray(probabilities, dtype=np.float64).max(axis=1))

    def merge(self, other: Counts) -> None:
        """Adds the counts of the same profile from elsewhere."""
        self.rows += other.rows
        self._vector += other._vector
        self._new = [
            bounded(mine + theirs) if theirs else mine for mine, theirs in zip(self._new, other._new, strict=True)
        ]

    def copy(self) -> Counts:
        """The same counts, which what is added here does not change."""
        copied = Counts(self.profile)
        copied.merge(self)
        return copied

    def tally(self, position: int) -> np.ndarray:
        """The tally of a column, by its position among columns and predictions."""
        return self._vector[self._slices[position]]

    def new_categories(self, position: int) -> Counter[str]:
        """Names of a column's new categories and rows of each, by its position among columns and predictions."""
        return self._new[position]

    def _count(self, position: int, cells: Cells) -> None:
        tally, new = self.profile[position].tally(cells)
        self._vector[self._slices[position]] += tally
        if new:
            self._new[position] = bounded(self._new[position] + new)

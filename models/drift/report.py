"""What a drift report says: which columns moved, the worst first, and whether the predictions did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.drift.column_distance import distances
from models.drift.column_drift import FALSE_ALARMS, ROWS_AT_LEAST, ColumnDrift, column_drift
from models.drift.counts import Counts
from models.drift.distance import false_discovery_q

#: Population stability index beyond chance from which on a column counts as moved, by convention (see `distance.psi`).
LIMIT = 0.1


@dataclass(frozen=True)
class DriftReport:
    """Rows of now against the training profile."""

    #: rows that were counted now
    rows: int
    #: rows that the model learnt from
    training_rows: int
    #: of the index beyond chance
    limit: float
    #: moved ones first, then by falling index
    columns: tuple[ColumnDrift, ...]
    predictions: tuple[ColumnDrift, ...]

    def __iter__(self) -> Iterator[ColumnDrift]:
        """The columns, then the predictions."""
        yield from self.columns
        yield from self.predictions

    @property
    def is_enough(self) -> bool:
        """Whether there are rows enough for a verdict."""
        return self.rows >= ROWS_AT_LEAST

    @property
    def moved_columns(self) -> tuple[ColumnDrift, ...]:
        """Columns beyond the limit and beyond chance, the worst first."""
        return tuple(column for column in self.columns if column.moved)

    @property
    def moved_predictions(self) -> tuple[ColumnDrift, ...]:
        """The same of the predictions."""
        return tuple(column for column in self.predictions if column.moved)

    @property
    def is_drift(self) -> bool:
        """Whether anything moved."""
        return bool(self.moved_columns or self.moved_predictions)

    @property
    def summary(self) -> str:
        """One line."""
        rows = f"{self.rows:,} rows"
        if not self.is_enough:
            return f"{rows}, too few to say anything: at least {ROWS_AT_LEAST} are needed"
        if not self.is_drift:
            return f"{rows}, and no column has moved beyond {self.limit:g}"
        parts = []
        if self.moved_columns:
            names = ", ".join(column.name for column in self.moved_columns)
            number = len(self.moved_columns)
            parts.append(f"{number} of {len(self.columns)} columns {'has' if number == 1 else 'have'} moved: {names}")
        if self.moved_predictions:
            parts.append(f"the predictions moved ({', '.join(column.name for column in self.moved_predictions)})")
        return f"drift in {rows}: {'; '.join(parts)}"

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "drift": self.is_drift,
            "summary": self.summary,
            "rows": self.rows,
            "enough_rows": self.is_enough,
            "training_rows": self.training_rows,
            "limit": self.limit,
            "false_alarms": FALSE_ALARMS,
            "moved": [column.name for column in self.moved_columns],
            "moved_predictions": [column.name for column in self.moved_predictions],
            "columns": [column.as_json() for column in self.columns],
            "predictions": [column.as_json() for column in self.predictions],
        }

    def cells(self) -> list[list[str]]:
        """A table: a line of headings, then a line for each column and prediction."""
        lines = [["", "kind", "PSI", "by chance", "p", "missing", "new", "verdict"]]
        for column in self:
            new = "" if column.new_share is None else f"{column.new_share:.1%}"
            worst = column.worst
            verdict = f"{column.verdict}: {column.finding}" if column.finding else column.verdict
            lines.append([
                column.name, column.kind, f"{worst.psi:.3f}", f"{worst.psi_by_chance:.3f}", _p(worst.p_value),
                f"{column.missing_now:.1%}", new, verdict,
            ])  # fmt: skip
        return lines

    def text(self) -> str:
        """The table and the summary, for a terminal."""
        lines = self.cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        numbers = range(2, 7)

        def line(cells: list[str]) -> str:
            aligned = (
                cell.rjust(width) if position in numbers else cell.ljust(width)
                for position, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            return "  ".join(aligned).rstrip()

        return "\n".join([*map(line, lines), "", self.summary])


def drift_report(counts: Counts, limit: float = LIMIT) -> DriftReport:
    """Compares counts with the profile that they were counted by.

    Args:
        counts: of now.
        limit: of the index beyond chance, from which on a column has moved.
    """
    profile = counts.profile
    measured = [distances(column, counts.tally(position)) for position, column in enumerate(profile)]
    q_values = false_discovery_q([distance.p_value for each in measured for distance in each])
    ends = np.cumsum([len(each) for each in measured])
    found = [
        column_drift(column, counts.tally(position), counts.new_categories(position), each, part, limit)
        for position, (column, each, part) in enumerate(
            zip(profile, measured, np.split(q_values, ends[:-1]) if measured else [], strict=True)
        )
    ]
    n_columns = len(profile.columns)
    worst_first = sorted(
        found[:n_columns], key=lambda each: (not each.moved, -each.worst.beyond_chance, -each.worst.psi)
    )
    return DriftReport(counts.rows, profile.rows, limit, tuple(worst_first), tuple(found[n_columns:]))


def _p(value: float) -> str:
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"

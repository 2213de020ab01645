"""Columns that name the rows rather than describe them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.data.finding import Finding, without
from experiments.data.roles import numbers_of
from experiments.data.table import Table

#: With fewer rows, all values of an honest column may differ.
ROWS_AT_LEAST = 20
#: Share of the cells that differ from all others.
NEARLY_ALL = 0.95
#: Whole numbers run through where their range is hardly wider than the rows are many.
LOOSENESS = 2.0
#: Numbers that rise (or fall) from each row to the next run through with gaps up to this on average, as a database
#: numbers what it has since deleted.
GAP = 100


def identifiers(table: Table) -> list[Finding]:
    """Columns of codes that are nearly all different, and of whole numbers that run through.

    Free texts, dates and measurements differ from row to row, too, and are none; nor is the column that orders a split
    by time.
    """
    if len(table.y) < ROWS_AT_LEAST:
        return []
    time = None if table.order is None else table.order.name
    found = []
    for name, kind in table.kinds.items():
        if name == time or kind not in ("categorical", "numeric"):
            continue
        column = table.X[name]
        what = _codes(column) if kind == "categorical" else _running(column)
        if what:
            line = f"column {name!r} looks like an identifier: {what}; leave it out: {without(name)}"
            if kind == "numeric" and table.order is None:
                line += f"; or, if it is when the rows were, set split=time and time_column={name!r}"
            found.append(Finding("identifier", name, line))
    return found


def _codes(column: pd.Series) -> str:
    present = column.dropna().astype("string")
    distinct = present.nunique()
    if len(present) < max(ROWS_AT_LEAST, len(column) / 2) or distinct < NEARLY_ALL * len(present):
        return ""
    return f"{distinct} different values in {len(present)} rows"


def _running(column: pd.Series) -> str:
    numbers = numbers_of(column).dropna().to_numpy()
    if len(numbers) < NEARLY_ALL * len(column) or not np.isfinite(numbers).all() or (numbers % 1).any():
        return ""
    if len(np.unique(numbers)) < len(numbers):
        return ""
    steps = np.diff(numbers)
    width = float(numbers.max() - numbers.min()) + 1
    rises = bool((steps > 0).all() or (steps < 0).all())
    if width > (GAP if rises else LOOSENESS) * len(numbers):
        return ""
    return f"whole numbers from {numbers.min():.0f} to {numbers.max():.0f}, no two of {len(numbers)} rows the same"

"""Rows that are there more than once, and rows of the hold-out that the search has seen."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from experiments.data.finding import Finding
from experiments.data.table import Table

#: Share of the rows from which on repetitions matter to a score.
SHARE_AT_LEAST = 0.01
#: Where columns are coarse, different cases look the same. A table with the same columns, each shuffled on its own,
#: says how often; so many times more is more than that.
BEYOND_CHANCE = 3.0


def repetitions(table: Table, development: Table, holdout: Table, apart: Collection[str], seed: int) -> list[Finding]:
    """Duplicate rows of the table, and rows that stand in both parts.

    Two rows are the same where all their features are; labels, row weights and groups are not compared.

    Args:
        table: all rows.
        development: rows that a run learns from.
        holdout: rows that it is judged on.
        apart: columns that are not compared, such as identifiers, which would tell copies apart.
        seed: of the shuffling.
    """
    names = [name for name, kind in table.kinds.items() if kind != "drop" and name not in apart]
    if not names:
        return []
    random = np.random.default_rng(seed)
    beside = f", {', '.join(map(repr, apart))} aside" if apart else ""
    found = []
    cells = _hashed(table.X, names)
    rows = _joined(cells)
    repeated = int(pd.Series(rows).duplicated().sum())
    chance = None
    if repeated >= SHARE_AT_LEAST * len(rows):
        chance = _joined([random.permutation(column) for column in cells])
        if repeated > BEYOND_CHANCE * int(pd.Series(chance).duplicated().sum()):
            found.append(Finding("duplicates", None, _duplicates_line(rows, table, repeated, beside)))
    learnt, judged = _joined(_hashed(development.X, names)), _joined(_hashed(holdout.X, names))
    both = int(np.isin(judged, learnt).sum())
    if both >= SHARE_AT_LEAST * len(judged):
        if chance is None:
            chance = _joined([random.permutation(column) for column in cells])
        by_chance = int(np.isin(chance[: len(judged)], chance[len(judged) :]).sum())
        if both > BEYOND_CHANCE * by_chance:
            found.append(Finding("both parts", None, _both_parts_line(table, both, len(judged), beside)))
    return found


def _duplicates_line(rows: np.ndarray, table: Table, repeated: int, beside: str) -> str:
    copies = pd.Series(rows).duplicated(keep=False).to_numpy()
    labels = table.y[copies].groupby(rows[copies]).transform("nunique")
    contradicting = int((labels > 1).sum())
    line = (
        f"{repeated} of {len(rows)} rows ({repeated / len(rows):.1%}) repeat an earlier one in every feature{beside}; "
    )
    if contradicting:
        line += (
            f"{contradicting} of {int(copies.sum())} rows that have a copy differ from it in {table.y.name!r}, which "
            "no pipeline can get right; "
        )
    return line + "take copies out of the file, unless they are different cases that look the same"


def _both_parts_line(table: Table, both: int, judged: int, beside: str) -> str:
    line = (
        f"{both} of {judged} hold-out rows ({both / judged:.1%}) are also among the rows that the run learns from, "
        f"equal in every feature{beside}: the hold-out score is too good; take copies out of the file"
    )
    if table.groups is None and table.order is None:
        line += ", or keep rows that belong together on one side: group_column=COLUMN"
    return line


def _hashed(X: pd.DataFrame, names: list[str]) -> list[np.ndarray]:
    """A 64-bit hash of every cell, column by column; equal cells of a column have equal ones, empty ones too."""
    return [pd.util.hash_pandas_object(X[name], index=False).to_numpy(dtype=np.uint64) for name in names]


def _joined(cells: list[np.ndarray]) -> np.ndarray:
    """A 64-bit hash of every row, (n_rows,): a sum in which each column has an odd factor of its own."""
    factors = np.random.default_rng(0).integers(2**63, size=len(cells), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    rows = np.zeros(len(cells[0]), dtype=np.uint64)
    for column, factor in zip(cells, factors, strict=True):
        rows += column * factor
    return rows

"""Rows that a model is tried on before it answers anybody: rows held out from its search, and generated ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from models.evidence import HoldoutRows
from models.serving.rows import Rows
from models.serving.validation import InputSchema

#: Held-out rows that are tried at most.
HOLDOUT_ROWS = 2_000
#: Numbers that are tried in each numeric column.
NUMBERS = (0.0, -0.0, 1.0, -1.5, 1e-300, 1e37, 1.7e308, -1.7e308)
#: What is tried in columns of texts, and of categories too many to be listed.
TEXTS = ("a", "a text of some words", "ünïcödé 東京", " ", "nan")
#: Dates, before and after 1970.
DATES = ("1969-12-31", "2024-02-29", "2024-12-31 23:59:59", "2038-01-20T00:00:00+02:00")


def holdout_cells(holdout: HoldoutRows, schema: InputSchema) -> dict[str, list[Any]]:
    """The validated cells of held-out rows; rows that hold what the service refuses are left out.

    Returns:
        Column name -> cells, (n_rows,).
    """
    frame = holdout.X.head(HOLDOUT_ROWS)
    columns = {name: [_plain(cell) for cell in frame[name]] for name in schema.names if name in frame}
    rows = Rows(len(frame), columns, {}, {})
    cells, problems = schema.read(rows)
    while problems:
        refused = {problem.row - 1 for problem in problems if problem.row}
        kept = [row for row in range(rows.n_rows) if row not in refused]
        rows = Rows(len(kept), {name: [column[row] for row in kept] for name, column in rows.columns.items()}, {}, {})
        cells, problems = schema.read(rows)
    return cells


def strange_cells(schema: Mapping[str, Any], reader: InputSchema) -> dict[str, list[Any]]:
    """Validated cells of generated rows: everything usual but in one column, where each awkward cell is tried.

    Args:
        schema: the model's input schema.
        reader: the same, to validate with.
    """
    described = [column for column in schema["columns"] if column["required"]]
    awkward = {column["name"]: list(_awkward(column, reader)) for column in described}
    usual = {name: cells[0] if cells else None for name, cells in awkward.items()}
    records = [usual, dict.fromkeys(usual)]
    for name, cells in awkward.items():
        records += [{**usual, name: cell} for cell in (None, *cells)]
    return {name: [record[name] for record in records] for name in usual}


def _awkward(column: Mapping[str, Any], reader: InputSchema) -> Iterator[Any]:
    kind = column["kind"]
    if kind == "numeric":
        yield from (column[end] for end in ("minimum", "maximum") if end in column)
        yield from NUMBERS
    elif kind == "boolean":
        yield from (True, False)
    elif kind == "categorical" and "categories" in column:
        yield from column["categories"]
    elif kind == "date":
        yield from reader.readable(column["name"], DATES)
    else:
        yield from TEXTS


def _plain(cell: Any) -> Any:
    """A cell of a data frame as JSON would bring it."""
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat()
    if not isinstance(cell, (list, tuple, dict)) and pd.isna(cell):
        return None
    return cell.item() if hasattr(cell, "item") else cell

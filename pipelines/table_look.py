"""A look at a table that somebody has just brought: its columns, what each could be, and what a person may choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from config.errors import BadInput
from config.settings import Settings
from experiments.data.kinds import KINDS, detect_kinds
from experiments.data.source import read_frame
from experiments.data.target import labels
from experiments.search.metric import fitting_metrics
from experiments.search.space_names import NAMES

EXAMPLES, LONGEST_EXAMPLE = 3, 40
#: names that people give to the column that they want to predict
TARGET_NAMES = ("target", "label", "class", "y", "outcome", "response")
_CLASSES_OF_A_TARGET = 20  # of a suggestion at most


def look(file: Path, settings: Settings) -> dict[str, Any]:
    """What is in a table, and what a person may choose; or ``error`` where it is no table.

    Args:
        file: CSV or Parquet.
        settings: what is offered at first.
    """
    try:
        frame = read_frame(file)
        if frame.empty:
            raise BadInput(f"{file} has no row below its header, there is nothing to learn from")
        kinds = detect_kinds(frame)
    except BadInput as error:
        return {"error": str(error).replace(str(file), file.name)}
    columns = [_column(frame[name], kinds[name]) for name in frame.columns]
    return {
        "rows": len(frame),
        "columns": columns,
        "kinds": KINDS,
        "target": _suggested(columns),
        "metrics": {
            "regression": fitting_metrics("regression", 0),
            "two classes": fitting_metrics("classification", 2),
            "more classes": fitting_metrics("classification", 3),
        },
        "search_spaces": NAMES,
        "fields": {
            "time_left": f"{settings.time_left:g}",
            "project": settings.project,
            "queue": settings.queue,
            "search_space": settings.search_space if settings.search_space in NAMES else NAMES[0],
        },
    }


def _column(column: pd.Series, kind: str) -> dict[str, Any]:
    present = column.dropna()
    distinct = present.drop_duplicates()
    missing = int(column.isna().sum())
    told = {
        "name": str(column.name),
        "kind": kind,
        "missing": missing / len(column) if len(column) else 0.0,
        "missing_count": missing,
        "distinct": len(distinct),
        "examples": [_shortened(str(value)) for value in distinct.iloc[:EXAMPLES]],
    }
    return told | _as_target(present)


def _as_target(present: pd.Series) -> dict[str, Any]:
    """What it would mean to predict a column: its task, or why that cannot be (``unfit``)."""
    if present.empty:
        return {"unfit": "this column is empty, choose another"}
    try:
        y, task = labels(present.reset_index(drop=True), "auto")
    except BadInput as error:
        return {"unfit": str(error)}
    if task == "regression":
        return {"task": task, "metrics": "regression"}
    classes = int(y.nunique())
    return {"task": task, "classes": classes, "metrics": "two classes" if classes == 2 else "more classes"}


def _suggested(columns: list[dict[str, Any]]) -> str | None:
    """The column that a person probably wants to predict: one of a usual name, else the last if it is no text."""
    fit = [column for column in columns if "unfit" not in column and column.get("classes", 0) <= _CLASSES_OF_A_TARGET]
    usual = [column for column in fit if column["name"].lower() in TARGET_NAMES]
    last = [column for column in fit if column is columns[-1]]
    return next((str(column["name"]) for column in [*usual, *last]), None)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 1]}…"

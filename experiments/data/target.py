"""The column to predict: which it is, what its cells allow, and whether they are classes or amounts."""

from __future__ import annotations

import difflib
from typing import Literal

import numpy as np
import pandas as pd

from config.errors import BadInput
from experiments.data.kinds import is_text, numbers_in

TaskType = Literal["classification", "regression"]

#: Whole numbers are classes where there are two, or at most this many and on average `ROWS_PER_CLASS` rows of each.
CLASSES_AT_MOST = 20
ROWS_PER_CLASS = 5
#: Share of numbers from which on texts are taken for numbers with mistakes among them.
MOSTLY_NUMBERS = 0.9


def check_target(frame: pd.DataFrame, target: str, where: str) -> None:
    """Checks that the target is one of the columns.

    Args:
        frame: the whole table.
        target: name of the column to predict, empty where none was given.
        where: the table's name for messages.

    Raises:
        BadInput: none was given, or there is no such column.
    """
    if target in frame.columns:
        return
    columns = _listed(list(frame.columns))
    if not target:
        raise BadInput(f"{where}: which column is to be predicted? Type --target and one of {columns}")
    lower = {str(name).lower(): name for name in frame.columns}
    close = difflib.get_close_matches(target.lower(), list(lower), 1)
    hint = f"did you mean {lower[close[0]]!r}?" if close else f"the columns are {columns}"
    raise BadInput(f"{where}: there is no column {target!r} to predict; {hint}")


def with_labels(frame: pd.DataFrame, target: str, missing_labels: str) -> pd.DataFrame:
    """The rows whose label is present.

    Raises:
        BadInput: labels are missing and ``missing_labels`` is ``refuse``, or all are.
    """
    missing = frame[target].isna()
    count = int(missing.sum())
    if not count:
        return frame
    if count == len(frame):
        raise BadInput(f"column {target!r} is empty in all {count} rows; choose another target")
    if missing_labels == "refuse":
        raise BadInput(
            f"column {target!r} is empty in {count} of {len(frame)} rows (the first is row {_first(missing)}); "
            f"fill it in, or leave those rows out with --missing-labels drop"
        )
    return frame[~missing].reset_index(drop=True)


def labels(column: pd.Series, task_type: str) -> tuple[pd.Series, TaskType]:
    """Labels in a plain type, and the task.

    With ``auto``, truth values and categories are classes, and so are texts unless they spell amounts. Numbers are
    classes where all are whole and there are two of them, or at most 20 with five rows each on average; other numbers
    are amounts, that is a regression.

    Args:
        column: cells of the target, none missing, (n_rows,).
        task_type: ``auto``, ``classification`` or ``regression``.

    Returns:
        Labels and the task: bool, int64 or text for classes, float64 for amounts.

    Raises:
        BadInput: labels that are constant, infinite, dates, or do not fit the task.
    """
    name = column.name
    y = _plain(column)
    if y.nunique() == 1:
        raise BadInput(f"column {name!r} is {str(y.iloc[0])!r} in every row, there is nothing to predict")
    if is_text(y):
        numbers = _numbers(y, task_type)
        if numbers is None:
            return y, "classification"
        y = numbers
    infinite = np.isinf(y.to_numpy().astype("float64"))
    if infinite.any():
        raise BadInput(
            f"column {name!r} is infinite in {int(infinite.sum())} of {len(y)} rows (the first is row "
            f"{_first(infinite)}); put a number there, or take those rows out"
        )
    task: TaskType = (
        "regression" if task_type == "regression" or (task_type == "auto" and _amounts(y)) else "classification"
    )
    if task == "regression":
        return y.astype("float64"), task
    fractions = (y.to_numpy().astype("float64") % 1) != 0
    if fractions.any():
        raise BadInput(
            f"column {name!r} cannot be classes, it holds fractions ({y[fractions].iloc[0]} in row "
            f"{_first(fractions)}); set task_type to regression"
        )
    # a missing label beside them, since dropped, makes whole numbers floats
    return (y.astype("int64") if y.dtype == "float64" else y), task


def _plain(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        raise BadInput(f"column {column.name!r} holds dates, which cannot be predicted; make it a number, such as days")
    if pd.api.types.is_object_dtype(column.dtype):
        truths = column.map(lambda value: isinstance(value, (bool, np.bool_)))
        return column.astype(bool) if truths.all() else column.astype(str)
    if is_text(column):
        return column.astype(str)
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype(bool)
    return column.astype("int64" if pd.api.types.is_integer_dtype(column.dtype) else "float64")


def _numbers(y: pd.Series, task_type: str) -> pd.Series | None:
    """The amounts that texts spell, None where they are classes."""
    if task_type == "classification" or (task_type == "auto" and numbers_in(y) < MOSTLY_NUMBERS):
        return None
    numbers = pd.to_numeric(y, errors="coerce").astype("float64")
    if task_type == "auto" and not _amounts(numbers.dropna()):
        return None
    bad = numbers.isna()
    if bad.any():
        raise BadInput(
            f"column {y.name!r} holds {y[bad].iloc[0]!r} in row {_first(bad)} where a number is expected "
            f"({int(bad.sum())} of {len(y)} rows); mend or empty those cells, or set task_type to classification"
        )
    return numbers


def _amounts(y: pd.Series) -> bool:
    """Whether numbers are amounts rather than classes."""
    if pd.api.types.is_bool_dtype(y.dtype):
        return False
    values = y.unique()
    if (values % 1 != 0).any():
        return True
    return not (len(values) == 2 or (len(values) <= CLASSES_AT_MOST and len(y) >= ROWS_PER_CLASS * len(values)))


def _first(marked: pd.Series | np.ndarray) -> int:
    """Number of the first marked row, counted from 1."""
    return int(np.argmax(np.asarray(marked))) + 1


def _listed(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" … ({len(names)} in all)" if len(names) > 20 else "")

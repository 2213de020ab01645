"""Columns that say something about the rows and are no features: weights, groups, and the order in time."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from config.errors import BadInput
from experiments.data.kinds import date_format, numbers_in


@dataclass(frozen=True)
class Roles:
    """Names of columns; empty where there is none."""

    #: what each row counts, in learning and in the score
    weight: str = ""
    #: rows with the same value are never split between learning and judging
    group: str = ""
    #: whether the latest rows are held out, and each fold is later than what it learns from
    by_time: bool = False
    #: orders the rows of a split by time; empty for the order of the file
    time: str = ""

    def check(self, frame: pd.DataFrame, target: str, overrides: Mapping[str, str]) -> None:
        """Checks that the columns are there and that none has two roles.

        Args:
            frame: the whole table.
            target: the column to predict.
            overrides: column name -> kind that the person chose.

        Raises:
            BadInput: an unknown column, a column with two roles, or a combination that cannot be.
        """
        if self.by_time and self.group:
            raise BadInput(
                "group_column and split=time cannot go together: a group has rows early and late; "
                "empty group_column, or set split to random"
            )
        taken = {target: "target_column"}
        named = {"weight_column": self.weight, "group_column": self.group, "time_column": self.time}
        for setting, name in named.items():
            if not name:
                continue
            if name not in frame.columns:
                raise BadInput(f"{setting}: there is no column {name!r}{_hint(name, list(frame.columns))}")
            if name in taken:
                raise BadInput(f"{setting}: column {name!r} is the {taken[name]} already; name another column")
            if name in overrides and name != self.time:
                raise BadInput(f"feat_type: column {name!r} is the {setting}, which is never a feature; take it out")
            taken[name] = setting

    @property
    def no_features(self) -> list[str]:
        """Columns that a pipeline never sees; the time is a feature like any other."""
        return [name for name in (self.weight, self.group) if name]


NO_ROLES = Roles()


def weights(column: pd.Series) -> pd.Series:
    """Row weights as numbers, (n_rows,) of float64.

    Args:
        column: raw cells; its index numbers the rows of the table from 0.

    Raises:
        BadInput: a weight is missing, no number, negative or infinite, or all are 0.
    """
    numbers = numbers_of(column)
    for bad, what in (
        (column.isna(), "is empty"),
        (numbers.isna(), "holds {cell!r}, which is no number,"),
        (numbers == np.inf, "is infinite"),
        (numbers < 0, "holds {cell}, which is negative,"),
    ):
        if bad.any():
            _refuse("weight_column", column, bad, what, "put a weight of 0 or more there")
    if not numbers.any():
        raise BadInput(f"weight_column: column {column.name!r} is 0 in every row, nothing would count")
    return numbers


def groups(column: pd.Series) -> pd.Series:
    """The group of each row as a code from 0 in order of appearance, (n_rows,) of int64.

    Raises:
        BadInput: a cell is empty, or all are equal.
    """
    if column.isna().any():
        _refuse("group_column", column, column.isna(), "is empty", "name the row's group there")
    codes = pd.factorize(column)[0].astype("int64")
    if not codes.any():
        raise BadInput(
            f"group_column: column {column.name!r} is the same in every row, a group cannot be split; "
            "name another column, or none"
        )
    return pd.Series(codes, index=column.index, name=column.name)


def times(column: pd.Series) -> pd.Series:
    """The order of the rows in time, (n_rows,): dates in UTC, or float64.

    Raises:
        BadInput: a cell is empty, or is neither a date nor a number as the others are.
    """
    if column.isna().any():
        _refuse("time_column", column, column.isna(), "is empty", "put the row's time there")
    written = date_written(column)
    if written is None and numbers_in(column) < 0.5:
        _refuse(
            "time_column", column, pd.Series(True, index=column.index), "holds {cell!r}, neither a date nor a number,",
            "write dates as 2024-12-31",
        )  # fmt: skip
    moments = instants(column, written)
    kind = "number" if written is None else "date as the others are"
    if moments.isna().any():
        _refuse("time_column", column, moments.isna(), f"holds {{cell!r}}, which is no {kind},", "mend that cell")
    return moments


def date_written(column: pd.Series) -> str | None:
    """How a column's dates are written, for `instants`; None where it holds numbers."""
    is_number = pd.api.types.is_numeric_dtype(column.dtype) or numbers_in(column) == 1
    return None if is_number else date_format(column)


def instants(column: pd.Series, written: str | None) -> pd.Series:
    """Cells as dates in UTC, or as numbers where they are not written as dates, (n_rows,); missing where neither."""
    if written is None:
        return numbers_of(column)
    return pd.to_datetime(column.astype("string"), errors="coerce", utc=True, format=written).dt.tz_localize(None)


def numbers_of(column: pd.Series) -> pd.Series:
    """Cells as float64, (n_rows,); missing where they are no number."""
    cells = column if pd.api.types.is_numeric_dtype(column.dtype) else column.astype("string")
    return pd.to_numeric(cells, errors="coerce").astype("float64")


def _refuse(setting: str, column: pd.Series, bad: pd.Series, what: str, instead: str) -> None:
    first = column.index[int(np.argmax(bad.to_numpy()))]
    more = f" (and {int(bad.sum()) - 1} more)" if bad.sum() > 1 else ""
    told = what.format(cell=column.loc[first])
    raise BadInput(f"{setting}: column {column.name!r} {told} in row {first + 1}{more}; {instead}")


def _hint(name: str, columns: list[str]) -> str:
    close = difflib.get_close_matches(name, columns, 1)
    return f", did you mean {close[0]!r}?" if close else f"; the columns are {', '.join(columns[:20])}"

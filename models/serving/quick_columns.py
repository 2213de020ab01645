"""The fitted preprocessing, compiled for questions of a few rows: from validated cells straight to the numbers.

The transformer that was fitted reads data frames through pandas, which for one row takes some twenty milliseconds, of
whatever the row holds. What it computes is simple, column by column: a number or a learnt replacement, a row of a table
for a category. So the tables are made once, by asking the fitted parts themselves, and then looked up. The service uses
this only where `identical` says that on real and on generated rows every bit comes out the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

#: column name -> validated cells, (n_rows,) each: float, bool or text, None where missing
Cells = Mapping[str, Sequence[Any]]

#: Texts and dates whose numbers are remembered, for each column, and the length of the longest of them.
REMEMBERED = 5_000
LONGEST_REMEMBERED = 200
#: A category that no table holds: what the encoder makes of an unknown one is asked with it.
_UNKNOWN = "\0unknown"


class NotSeparable(Exception):
    """A part of the preprocessing is not of a kind that is known to work column by column; which, in one line."""


class _Part(Protocol):
    def fill(self, numbers: np.ndarray, cells: Cells) -> None:
        """Writes its columns."""


class QuickColumns:
    """A fitted preprocessing, quicker.

    Args:
        columns: fitted, as `experiments.data.columns.preprocessing` makes it.
        schema: the model's input schema, see `models.schema.input_schema`.

    Raises:
        NotSeparable: it holds something else.
    """

    def __init__(self, columns: ColumnTransformer, schema: Mapping[str, Any]) -> None:
        described = {column["name"]: column for column in schema["columns"]}
        self._parts: list[_Part] = []
        self._width = 0
        for name, part, chosen in columns.transformers_:
            where = columns.output_indices_[name]
            self._width = max(self._width, where.stop)
            if isinstance(part, str):
                if part == "drop" or where.start == where.stop:
                    continue
                raise NotSeparable(f"the part {name!r} passes columns on")
            names = [chosen] if isinstance(chosen, str) else list(chosen)
            self._parts += _compiled(name, part, names, where, described)

    def transform(self, cells: Cells) -> np.ndarray:
        """The numbers, (n_rows, n_features) of float64, as the fitted preprocessing makes them of the same cells."""
        n_rows = len(next(iter(cells.values()), ()))
        numbers = np.empty((n_rows, self._width))
        for part in self._parts:
            part.fill(numbers, cells)
        return numbers


def frame_of(cells: Cells) -> pd.DataFrame:
    """The same cells as the fitted preprocessing takes them: numbers as floats, everything else as Python objects."""
    return pd.DataFrame(
        {name: pd.Series(column, dtype="float64" if _are_numbers(column) else object) for name, column in cells.items()}
    )


def identical(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays are of one shape and type, laid out the same, and the same bit by bit."""
    return (
        one.shape == other.shape
        and one.dtype == other.dtype
        and one.flags.c_contiguous == other.flags.c_contiguous
        and one.tobytes() == other.tobytes()
    )


def _are_numbers(column: Sequence[Any]) -> bool:
    return all(type(cell) is float or cell is None for cell in column) and any(cell is not None for cell in column)


def _compiled(
    name: str, part: Any, names: list[str], where: slice, described: Mapping[str, Mapping[str, Any]]
) -> list[_Part]:
    if not isinstance(part, Pipeline):
        raise NotSeparable(f"the part {name!r} is a {type(part).__name__}")
    last = part.steps[-1][1]
    kinds = {described[column]["kind"] for column in names}
    if kinds <= {"numeric", "boolean"} and isinstance(last, SimpleImputer):
        return [_Numbers(part, last, names, where)]
    if kinds == {"categorical"} and isinstance(last, (OneHotEncoder, TargetEncoder)):
        return _tables(name, part, names, where, described)
    if kinds <= {"text", "date"} and len(names) == 1:
        return [_Remembered(part, names[0], where)]
    raise NotSeparable(f"the part {name!r} ends in a {type(last).__name__}")


class _Numbers:
    """Numbers and truth values: bounded, the missing ones replaced, with columns that say where that was."""

    def __init__(self, part: Pipeline, imputer: SimpleImputer, names: list[str], where: slice) -> None:
        bounds = dict(part.steps).get("bounded")
        if bounds is None or set(bounds.kw_args) != {"a_min", "a_max"}:
            raise NotSeparable("the numbers are not bounded as expected")
        self._least, self._most = bounds.kw_args["a_min"], bounds.kw_args["a_max"]
        self._names, self._where = names, where
        statistics = np.asarray(imputer.statistics_, dtype=np.float64)
        # a column that was empty in training is filled with zeros
        self._replacements = np.where(np.isnan(statistics), 0.0, statistics)
        self._told = imputer.indicator_.features_ if imputer.indicator_ is not None else np.empty(0, dtype=np.intp)
        if len(names) + len(self._told) != where.stop - where.start:
            raise NotSeparable("the numbers are not as many as expected")

    def fill(self, numbers: np.ndarray, cells: Cells) -> None:
        own = numbers[:, self._where]
        values = own[:, : len(self._names)]
        values[:] = np.array([cells[name] for name in self._names], dtype=np.float64).T
        np.clip(values, self._least, self._most, out=values)
        missing = np.isnan(values)
        own[:, len(self._names) :] = missing[:, self._told]
        if missing.any():
            np.copyto(values, self._replacements, where=missing)


class _Table:
    """One column of categories: a row of numbers for each."""

    def __init__(self, name: str, rows: dict[Any, int], table: np.ndarray, unknown: int | None, where: slice) -> None:
        self._name, self._rows, self._table, self._unknown, self._where = name, rows, table, unknown, where

    def fill(self, numbers: np.ndarray, cells: Cells) -> None:
        rows, unknown = self._rows, self._unknown
        column = cells[self._name]
        chosen = [rows[cell] for cell in column] if unknown is None else [rows.get(cell, unknown) for cell in column]
        numbers[:, self._where] = self._table[chosen]


def _tables(
    name: str, part: Pipeline, names: list[str], where: slice, described: Mapping[str, Mapping[str, Any]]
) -> list[_Part]:
    """Asks the fitted part about every category of every column; it treats each column by itself."""
    encoder = part.steps[-1][1]
    widths = _widths(encoder)
    if sum(widths) != where.stop - where.start:
        raise NotSeparable(f"the part {name!r} has not as many columns as its categories say")
    choices: list[list[Any]] = []
    for position, column in enumerate(names):
        listed = described[column].get("categories")
        known = [str(category) for category in encoder.categories_[position] if category] if listed is None else listed
        choices.append([None, _UNKNOWN, *known])
    height = max(map(len, choices))
    asked = pd.DataFrame(
        {
            column: pd.Series([*own, *[None] * (height - len(own))], dtype=object)
            for column, own in zip(names, choices, strict=True)
        }
    )
    answers = np.asarray(part.transform(asked), dtype=np.float64)
    parts: list[_Part] = []
    begin = 0
    for column, own, width in zip(names, choices, widths, strict=True):
        table = np.ascontiguousarray(answers[: len(own), begin : begin + width])
        is_open = "categories" not in described[column]
        rows = {category: row for row, category in enumerate(own)}
        where_own = slice(where.start + begin, where.start + begin + width)
        parts.append(_Table(column, rows, table, rows[_UNKNOWN] if is_open else None, where_own))
        begin += width
    return parts


def _widths(encoder: OneHotEncoder | TargetEncoder) -> list[int]:
    """How many columns each column becomes."""
    if isinstance(encoder, TargetEncoder):
        each = len(encoder.classes_) if encoder.target_type_ == "multiclass" else 1
        return [each] * len(encoder.categories_)
    if encoder.drop_idx_ is not None:
        raise NotSeparable("the one-hot columns leave a category out")
    rare = getattr(encoder, "infrequent_categories_", None) or [None] * len(encoder.categories_)
    return [
        len(categories) - (0 if few is None else len(few) - 1)
        for categories, few in zip(encoder.categories_, rare, strict=True)
    ]


class _Remembered:
    """A column of texts or dates, by the fitted part itself; what it made of a cell is remembered."""

    def __init__(self, part: Pipeline, name: str, where: slice) -> None:
        self._part, self._name, self._where = part, name, where
        self._known: dict[Any, np.ndarray] = {}

    def fill(self, numbers: np.ndarray, cells: Cells) -> None:
        column = cells[self._name]
        new = [cell for cell in dict.fromkeys(column) if cell not in self._known]
        made = {}
        if new:
            answers = self._part.transform(pd.Series(new, dtype=object, name=self._name))
            made = dict(zip(new, np.asarray(answers, dtype=np.float64), strict=True))
        known = self._known
        numbers[:, self._where] = [made[cell] if cell in made else known[cell] for cell in column]
        if len(known) + len(made) > REMEMBERED:
            known.clear()
        known.update(
            {cell: row for cell, row in made.items() if cell is None or len(cell) <= LONGEST_REMEMBERED}
            if len(made) <= REMEMBERED
            else {}
        )

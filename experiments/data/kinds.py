"""Kinds of columns: what each raw column holds, and so how it becomes numbers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import pandas as pd

from config.errors import BadInput

Kind = Literal["numeric", "boolean", "categorical", "text", "date", "drop"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Distinct values that are looked at to tell texts, dates and numbers in text apart.
VALUES_LOOKED_AT = 1000
#: Share of the values that must be numbers (or dates) for the whole column to be taken for that: a few stray words such
#: as "?" or "unknown" become missing cells.
SHARE_THAT_FITS = 0.95
#: A text has at least this many words on average, more than so many distinct values, or mostly distinct ones.
WORDS_OF_A_TEXT = 3
CATEGORIES_AT_MOST = 30
#: Words for truth values -> 0 or 1; the numbers 0 and 1 are truth values too.
TRUTHS = {
    word: code
    for code, words in (("1", "true yes"), ("0", "false no"))
    for plain in words.split()
    for word in (plain, plain.title(), plain.upper())
}

#: Ways to write a date, tried in this order; the first that fits most values wins, so that a column in which no day is
#: above 12 is read day first.
DATE_FORMATS = (
    "ISO8601",
    *(
        date + time
        for time in ("", " %H:%M", " %H:%M:%S")
        for date in (
            "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
            "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y",
        )
    ),
)  # fmt: skip


def detect_kinds(X: pd.DataFrame, overrides: Mapping[str, str] | None = None) -> dict[str, Kind]:
    """The kind of every column, in the order of the columns.

    It may look at all rows, those that are held out among them: what a column means (dates, written so and so) is no
    more than a person would say of it, and labels are not looked at. What is learnt from cells is fitted in the folds.

    Args:
        X: raw columns, (n_rows, n_columns).
        overrides: column name -> kind that a person chose.

    Returns:
        Column name -> kind. A column with one value in every row, and one without any value, is ``drop``; nothing else
        is dropped unless overridden: that a column looks like an identifier does not say that it is of no use.

    Raises:
        BadInput: an override that names an unknown column or kind, or that the column's cells do not allow.
    """
    overrides = overrides or {}
    for name, kind in overrides.items():
        _check_override(X, name, kind)
    kinds: dict[str, Kind] = {}
    for name in X.columns:
        given = overrides.get(name)
        kinds[name] = next(kind for kind in KINDS if kind == given) if given else _detected(X[name])
    return kinds


def is_text(column: pd.Series) -> bool:
    """Whether the cells are texts, or Python objects of mixed types."""
    return pd.api.types.is_string_dtype(column.dtype) or pd.api.types.is_object_dtype(column.dtype)


def date_format(column: pd.Series) -> str | None:
    """The one way in which (nearly) all of the texts are written as dates; None where they are not dates.

    Args:
        column: texts or dates, with missing ones, (n_rows,).

    Returns:
        A format for `pandas.to_datetime`.
    """
    values = _some_values(column)
    if pd.api.types.is_datetime64_any_dtype(column.dtype) or not len(values):
        return "ISO8601"
    texts = values.astype("string")
    if not texts.str.contains(r"\d.*\d", regex=True).mean() >= SHARE_THAT_FITS:
        return None
    first = texts.iloc[:20]
    shares = {
        written: _dates(texts, written).notna().mean()
        for written in DATE_FORMATS
        if _dates(first, written).notna().any()
    }
    best = max(shares, key=lambda written: shares[written], default=None)
    return best if best and shares[best] >= SHARE_THAT_FITS else None


def _dates(texts: pd.Series, written: str) -> pd.Series:
    return pd.to_datetime(texts, errors="coerce", utc=True, format=written)


def numbers_in(column: pd.Series) -> float:
    """Share of the cells that are present and hold a number or its text, from 0 to 1; 0 where all are missing."""
    values = _some_values(column)
    if not len(values):
        return 0.0
    return float(pd.to_numeric(values.astype("string"), errors="coerce").notna().mean())


def _some_values(column: pd.Series) -> pd.Series:
    """At most `VALUES_LOOKED_AT` distinct values, evenly spread over their first appearances."""
    values = pd.Series(_distinct(column))
    if len(values) > VALUES_LOOKED_AT:
        values = values.iloc[np.linspace(0, len(values) - 1, VALUES_LOOKED_AT).astype(int)]
    return values


def _distinct(column: pd.Series) -> pd.Series:
    present = column.dropna()
    try:
        return present.drop_duplicates()
    except TypeError:  # cells that cannot be hashed, such as lists
        return present.astype("string").drop_duplicates()


def _is_constant(column: pd.Series) -> bool:
    """Whether all cells are equal, or all are missing."""
    missing = column.isna()
    if missing.any():
        return bool(missing.all())
    first = column.iloc[0]
    try:
        return bool((column == first).all())
    except TypeError:  # cells that cannot be compared
        return False


def _detected(column: pd.Series) -> Kind:
    if _is_constant(column):
        return "drop"
    if pd.api.types.is_bool_dtype(column.dtype):
        return "boolean"
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categorical"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "date"
    if not is_text(column):
        return "numeric"
    distinct = _distinct(column)
    if all(isinstance(value, (bool, np.bool_)) for value in distinct.iloc[:10]) and len(distinct) <= 2:
        return "boolean"
    return _kind_of_texts(column, distinct)


def _kind_of_texts(column: pd.Series, distinct: pd.Series) -> Kind:
    some = _some_values(distinct)
    if numbers_in(some) >= SHARE_THAT_FITS:
        # "01234" is a code: as a number it would lose its zero
        codes = some.astype("string").str.fullmatch(r"0\d+")
        return "categorical" if codes.any() else "numeric"
    if date_format(some):
        return "date"
    words = some.astype("string").str.count(r"\S+").mean()
    many = len(distinct) > CATEGORIES_AT_MOST or len(distinct) > column.notna().sum() / 2
    return "text" if words >= WORDS_OF_A_TEXT and many else "categorical"


def _check_override(X: pd.DataFrame, name: str, kind: str) -> None:
    if name not in X.columns:
        close = difflib.get_close_matches(name, list(X.columns), 1)
        hint = f", did you mean {close[0]!r}?" if close else f"; the columns are {', '.join(X.columns)}"
        raise BadInput(f"feat_type: there is no feature column {name!r}{hint}")
    if kind not in KINDS:
        raise BadInput(f"feat_type: {name!r} cannot be {kind!r}, only one of {', '.join(KINDS)}")
    column = X[name]
    if kind == "numeric" and not pd.api.types.is_datetime64_any_dtype(column.dtype) and numbers_in(column) == 0:
        raise BadInput(
            f"feat_type: column {name!r} cannot be numeric, no cell holds a number; type categorical or text"
        )
    if kind == "boolean" and numbers_in(column.astype("string").replace(TRUTHS)) == 0:
        raise BadInput(
            f"feat_type: column {name!r} cannot be boolean, its cells are neither true and false nor yes and no nor "
            f"1 and 0 ({_example(column)}); type categorical"
        )
    if kind == "date" and date_format(column) is None:
        raise BadInput(
            f"feat_type: column {name!r} cannot be a date, its cells are written in no known way "
            f"({_example(column)}); write dates as 2024-12-31"
        )


def _example(column: pd.Series) -> str:
    present = column.dropna()
    return re.sub(r"\s+", " ", repr(str(present.iloc[0])))[:40] if len(present) else "all are empty"

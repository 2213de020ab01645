"""Raw cells as a published pipeline reads them: by the kind of their column, as numbers or as texts.

What the pipeline takes for a missing cell is one here, too: an infinity, a word in a column of numbers, an empty text.
Texts are read once for each distinct one, of which there are few.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

#: Words for truth values, lower case; other cells of a boolean column are read as numbers.
TRUTHS = {"true": "1", "yes": "1", "false": "0", "no": "0"}
#: Present cells that are looked at to find how dates are written.
DATES_LOOKED_AT = 200
#: of which the format is guessed; the others tell which guess is right
DATES_GUESSED = 5

Cells = pd.Series | np.ndarray | Sequence[Any]
NoneType = type(None)


@dataclass(frozen=True)
class Texts:
    """A column of texts, by its distinct ones."""

    #: position in the names for each row, (n_rows,); -1 where the cell is missing
    codes: np.ndarray
    #: distinct as they were written, though not always as they were read; None where that is nothing
    names: tuple[str | None, ...]

    @cached_property
    def counts(self) -> Counter[str]:
        """Rows by text; missing ones are left out."""
        return self.counts_of(self.codes)

    def counts_of(self, codes: np.ndarray) -> Counter[str]:
        """The same for some of the codes."""
        found: dict[str, int] = {}
        counts = np.bincount(codes[codes >= 0], minlength=len(self.names)).tolist()
        for name, count in zip(self.names, counts, strict=True):
            if name is not None and count:
                found[name] = found.get(name, 0) + count
        return Counter(found)

    def numbers(self, by_name: Sequence[float]) -> np.ndarray:
        """A number for each row, given one for each name; NaN where the cell is missing, (n_rows,)."""
        values = np.array([*by_name, np.nan], dtype=np.float64)
        return values[self.codes]


def numbers(cells: Cells) -> np.ndarray:
    """Cells as float64, (n_rows,); NaN where there is no finite number."""
    if isinstance(cells, list):  # a service's, and mostly numbers already
        try:
            values = np.array(cells, dtype=np.float64)
            return np.where(np.isfinite(values), values, np.nan)
        except (TypeError, ValueError, OverflowError):
            pass
    column = _series(cells)
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_extension_array_dtype(column.dtype):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def texts(cells: Cells) -> Texts:
    """Cells as texts; an empty one is missing."""
    if isinstance(cells, list) and {type(cell) for cell in cells} <= {str, NoneType}:  # a service's
        positions = {text: position for position, text in enumerate(dict.fromkeys(cells))}
        return Texts(np.array([positions[text] for text in cells], np.intp), tuple(text or None for text in positions))
    column = _series(cells)
    if column.dtype == object:  # where 1 and True are equal, though not as texts
        column = column.astype("string")
    codes, distinct = pd.factorize(column)
    written = pd.Series(distinct).astype("string").astype(object)
    return Texts(codes, tuple(text or None for text in written))


def plain_numbers(read: Texts) -> Texts:
    """The same with numbers written in one way, so that 1, 1.0 and "1" are one text."""
    return Texts(read.codes, tuple(name and _plain_number(name) for name in read.names))


def truths(cells: Cells) -> Texts:
    """Cells as the texts 0 and 1 (or another number); a word that is no truth value is missing."""
    read = texts(cells)
    words = (name and _plain_number(TRUTHS.get(name.strip().lower(), name)) for name in read.names)
    return Texts(read.codes, tuple(word if word and _is_number(word) else None for word in words))


def seconds(cells: Cells, written: str) -> np.ndarray:
    """Dates as seconds since 1970 in UTC, (n_rows,); NaN where there is none.

    Args:
        cells: dates, or texts.
        written: format of the texts, as `date_format` finds it.
    """
    column = _series(cells)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _since_1970(column)
    read = texts(column)  # 20241231 is a date, not nanoseconds
    return read.numbers(_since_1970(_dates(pd.Series(read.names, dtype="string"), written)).tolist())


def date_format(cells: Cells) -> str:
    """The way in which most of some dates are written: ``ISO8601``, a format of `strftime`, or ``mixed``."""
    column = _series(cells)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "ISO8601"
    present = column.dropna().astype("string")
    some = present.iloc[np.linspace(0, len(present) - 1, min(len(present), DATES_LOOKED_AT)).astype(int)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dates that are written the other way round
        guessed = {
            pd.tseries.api.guess_datetime_format(text, dayfirst=dayfirst)
            for text in some.iloc[:DATES_GUESSED]
            for dayfirst in (True, False)
        }
    # Day first wins a tie, as in the preprocessing: "03/04/2024" is in April.
    candidates = ["ISO8601", *sorted(each for each in guessed if each)]
    fitting = [_dates(some, each).notna().mean() for each in candidates]
    best = int(np.argmax(fitting))
    return candidates[best] if len(some) and fitting[best] > 0.5 else "mixed"


def is_numbered(names: Sequence[str]) -> bool:
    """Whether all categories are numbers; 007 is a code, not a number."""
    return bool(names) and all(_is_number(name) and not _is_code(name) for name in names)


def _series(cells: Cells) -> pd.Series:
    if isinstance(cells, pd.Series):
        return cells.astype(cells.cat.categories.dtype) if isinstance(cells.dtype, pd.CategoricalDtype) else cells
    return pd.Series(cells, dtype=None if isinstance(cells, np.ndarray) else object)


def _dates(column: pd.Series, written: str) -> pd.Series:
    try:
        return pd.to_datetime(column, errors="coerce", utc=True, format=written)
    except (ValueError, OverflowError):  # out of what pandas can hold, which it does not always coerce
        if len(column) <= 1:
            return pd.Series(pd.NaT, column.index, dtype="datetime64[ns, UTC]")
        half = len(column) // 2
        return pd.concat([_dates(column.iloc[:half], written), _dates(column.iloc[half:], written)])


def _since_1970(dates: pd.Series) -> np.ndarray:
    moments = dates if dates.dt.tz is None else dates.dt.tz_convert("UTC").dt.tz_localize(None)
    values = moments.to_numpy(dtype="datetime64[ms]").astype(np.float64) / 1000.0
    return np.where(dates.isna().to_numpy(), np.nan, values)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text))) and "_" not in text
    except ValueError:
        return False


def _is_code(text: str) -> bool:
    return len(text) > 1 and text[0] == "0" and text.isdigit()


def _plain_number(text: str) -> str:
    """1.0 and 1e0 as 1; any other text as it is."""
    return f"{float(text):.15g}" if _is_number(text) else text

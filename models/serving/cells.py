"""What one column takes: raw cells in, cells as the pipeline is asked about them out, or why not.

Whatever the kind, a missing cell (null, an empty text except in a text column) is allowed: the pipeline fills it as it
learnt to. Each reader gives cells of one type: float for numbers, bool for truth values, texts for everything else.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pandas as pd

#: Words for truth values, in whatever case.
TRUTHS = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}
#: Dates that are remembered; most columns hold the same ones again and again.
DATES_REMEMBERED = 10_000
#: Categories that a refusal lists at most.
CATEGORIES_TOLD = 10


class Unfit(Exception):
    """A cell that a column does not take.

    Attributes:
        problem: what is wrong with it.
        instead: what to send.
    """

    def __init__(self, problem: str, instead: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.instead = instead


class CellReader:
    """Reads the cells of one column."""

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, cells: Sequence[Any]) -> None:
        """Looks at many cells at once, where that is quicker than one by one."""

    def read(self, cell: Any) -> Any:
        """A cell as the pipeline takes it; None where it is missing.

        Raises:
            Unfit: the column does not take it.
        """
        raise NotImplementedError


class NumberReader(CellReader):
    """Finite numbers, also as texts."""

    #: whether "1,5" is one and a half, which a CSV body with another delimiter than the comma may hold
    decimal_comma = False

    def read(self, cell: Any) -> float | None:
        """A float."""
        if type(cell) is float or type(cell) is int:
            number = float(cell)
        elif cell is None or cell == "":
            return None
        elif isinstance(cell, str):
            number = self._number_in(cell)
        else:
            raise Unfit(f"{_shown(cell)} is no number", "send a number, or null where it is missing")
        if not math.isfinite(number):
            raise Unfit(f"{_shown(cell)} is not finite", "send a finite number, or null where it is missing")
        return number

    def _number_in(self, text: str) -> float:
        try:
            if "_" not in text:  # which Python reads as a number, and nobody else does
                return float(text.replace(",", ".") if self.decimal_comma else text)
        except ValueError:
            pass
        raise Unfit(f"{_shown(text)} is no number", "send a number, or null where it is missing")


class TruthReader(CellReader):
    """True or false, 1 or 0, or a word for that."""

    def read(self, cell: Any) -> bool | None:
        """A bool."""
        if type(cell) is bool:
            return cell
        if cell is None or cell == "":
            return None
        if type(cell) in (int, float) and cell in (0, 1):
            return bool(cell)
        truth = TRUTHS.get(cell.strip().lower()) if isinstance(cell, str) else None
        if truth is None:
            raise Unfit(f"{_shown(cell)} is no truth value", "send true or false, or null where it is missing")
        return truth


class CategoryReader(CellReader):
    """One of the categories that training has seen, as the text that training made of it.

    Args:
        name: of the column.
        categories: sorted; all of them.
    """

    def __init__(self, name: str, categories: Iterable[str]) -> None:
        super().__init__(name)
        self.categories = list(categories)
        #: what may be sent -> the category; a category itself before what only looks like it
        self._known: dict[Any, str | None] = {"": None, None: None}
        self._known |= {category: category for category in self.categories}
        self._numbers = _numbers_among(self.categories)

    def read(self, cell: Any) -> str | None:
        """A category."""
        if cell is None or type(cell) is str:
            if cell in self._known:
                return self._known[cell]
            number = None if cell is None else _number_of(cell)  # "1.0" where training saw 1
        elif type(cell) is bool:
            for word in (str(cell), str(cell).lower()):
                if word in self._known:
                    return self._known[word]
            number = None
        elif type(cell) in (int, float):
            number = cell
        else:
            raise Unfit(f"{_shown(cell)} is no category", "send a text, or null where it is missing")
        if number is not None and number in self._numbers:
            return self._numbers[number]
        raise Unfit(f"{_shown(cell)} is a category that training has not seen", self._instead(str(cell)))

    def _instead(self, text: str) -> str:
        close = difflib.get_close_matches(text[:100], self.categories, 1)
        if close:
            return f"did you mean {close[0]!r}?"
        told = ", ".join(map(repr, self.categories[:CATEGORIES_TOLD]))
        more = len(self.categories) - CATEGORIES_TOLD
        return f"send one of {told}" + (f" and {more} more, see /schema" if more > 0 else "")


class OpenCategoryReader(CellReader):
    """Categories that are too many to be listed: a new one is taken, and counts as an unknown one.

    Args:
        name: of the column.
        dtype: of the column in training, which says how a number is written as a text.
    """

    def __init__(self, name: str, dtype: str) -> None:
        super().__init__(name)
        self._is_decimal = dtype.lower().startswith("float")

    def read(self, cell: Any) -> str | None:
        """A category."""
        if type(cell) is str:
            return cell or None
        if cell is None:
            return None
        if type(cell) is bool:
            return str(cell)
        if type(cell) in (int, float):
            whole = float(cell).is_integer() and not self._is_decimal
            return str(int(cell)) if whole else str(float(cell))
        raise Unfit(f"{_shown(cell)} is no category", "send a text, or null where it is missing")


class TextReader(CellReader):
    """Texts."""

    def read(self, cell: Any) -> str | None:
        """A text."""
        if cell is None or type(cell) is str:
            return cell
        raise Unfit(f"{_shown(cell)} is no text", 'send a text in "quotation marks", or null where it is missing')


class DateReader(CellReader):
    """Dates, written as they were in training, or by ISO 8601.

    Args:
        name: of the column.
        written: how the pipeline reads them, a format of `pandas.to_datetime`; None where that is not known.
    """

    def __init__(self, name: str, written: str | None) -> None:
        super().__init__(name)
        self.written = written or "mixed"
        self._known: dict[str, str | None] = {}

    def prepare(self, cells: Sequence[Any]) -> None:
        """Reads all dates that are not known yet at once."""
        texts = list({text for cell in cells if (text := self._text(cell)) and text not in self._known})
        if not texts:
            return
        if len(self._known) + len(texts) > DATES_REMEMBERED:
            self._known.clear()
        readable = self._are_readable(texts)
        for text, is_readable in zip(texts, readable, strict=True):
            self._known[text] = text if is_readable else self._rewritten(text)

    def read(self, cell: Any) -> str | None:
        """A date, written as the pipeline reads it."""
        if cell is None or cell == "":
            return None
        text = self._text(cell)
        if text is not None:
            if text not in self._known:
                self.prepare([text])
            date = self._known[text]
            if date is not None:
                return date
        raise Unfit(f"{_shown(cell)} is no date", f"send a date as {self.example}, or null where it is missing")

    @property
    def example(self) -> str:
        """How a date may be written."""
        return "2024-12-31" if "%" not in self.written else datetime(2024, 12, 31).strftime(self.written)

    @staticmethod
    def _text(cell: Any) -> str | None:
        return cell if type(cell) is str else str(cell) if type(cell) is int else None  # 20241231 is a date, too

    def _are_readable(self, texts: list[str]) -> list[bool]:
        try:
            dates = pd.to_datetime(pd.Series(texts, dtype=object), errors="coerce", utc=True, format=self.written)
        except (ValueError, OverflowError):  # out of what pandas can hold, which it does not always coerce
            return [False] if len(texts) == 1 else [self._are_readable([text])[0] for text in texts]
        return [bool(known) for known in dates.notna()]

    def _rewritten(self, text: str) -> str | None:
        """A date by ISO 8601, as the pipeline would read it; None where it is none."""
        if "%" not in self.written:
            return None
        try:
            date = datetime.fromisoformat(text)
            if date.tzinfo:
                date = date.astimezone(timezone.utc)
            written = date.strftime(self.written)
        except (ValueError, OverflowError):
            return None
        return written if self._are_readable([written])[0] else None


def reader_of(column: Mapping[str, Any], written: str | None = None) -> CellReader:
    """The reader of a column.

    Args:
        column: an entry of the input schema's ``columns``, see `models.schema.input_schema`.
        written: how dates are, for a column of dates.
    """
    name, kind = column["name"], column["kind"]
    if kind == "numeric":
        return NumberReader(name)
    if kind == "boolean":
        return TruthReader(name)
    if kind == "date":
        return DateReader(name, written)
    if kind == "categorical" and "categories" in column:
        return CategoryReader(name, column["categories"])
    if kind == "categorical":
        return OpenCategoryReader(name, str(column.get("dtype", "text")))
    return TextReader(name)


def _numbers_among(categories: Iterable[str]) -> dict[float, str]:
    """Number -> the category that is it; not where two are the same number, nor for codes such as 007."""
    found: dict[float, str] = {}
    several: set[float] = set()
    for category in categories:
        number = _number_of(category)
        if number is not None:
            several |= {number} & found.keys()
            found.setdefault(number, category)
    return {number: category for number, category in found.items() if number not in several}


def _number_of(text: str) -> float | None:
    plain = text.strip()
    if not plain or (plain[0] == "0" and plain[1:2].isdigit()) or "_" in plain:
        return None
    try:
        number = float(plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _shown(cell: Any) -> str:
    if isinstance(cell, (list, dict)):  # as a whole it may be as deep as Python can bear
        return "a list" if isinstance(cell, list) else "an object"
    text = repr(cell) if isinstance(cell, str) else str(cell).lower() if isinstance(cell, bool) else str(cell)
    return text if len(text) <= 60 else f"{text[:57]}..."

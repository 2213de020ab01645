"""What one column looked like in training, and the counts of the same cells wherever else they come from."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.drift.bins import Bins
from models.drift.categories import Categories
from models.drift.cells import Cells, Texts, date_format, is_numbered, numbers, plain_numbers, seconds, texts, truths

#: kind of a column -> what is counted of it
MEASURES = {
    "numeric": ("value",),
    "boolean": ("category",),
    "categorical": ("category",),
    "date": ("value",),
    "text": ("characters", "words"),
}


@dataclass(frozen=True)
class ColumnProfile:
    """A column's bins and categories, and the training rows counted by them.

    A tally of a column is one vector, so that tallies are added up by adding vectors: the number of rows, the number of
    missing cells, then the tally of each measure.
    """

    name: str
    #: numeric, boolean, categorical, text or date; class for predicted labels
    kind: str
    #: training rows, and those whose cell was missing
    rows: int
    missing: int
    #: name of a measure -> how it is counted
    measures: Mapping[str, Bins | Categories]
    #: format of dates; empty for other kinds
    written: str = ""

    @classmethod
    def of(cls, name: str, kind: str, cells: Cells) -> ColumnProfile:
        """The profile of some cells, (n_rows,)."""
        written = date_format(cells) if kind == "date" else ""
        found = _read(kind, cells, written)
        is_number = kind == "boolean" or (kind == "categorical" and _is_numbered(found))
        if is_number:
            found = _read(kind, cells, written, is_number)
        measures = {
            measure: Categories.of(read, is_number) if isinstance(read, Texts) else Bins.of(read)
            for measure, read in found.items()
        }
        return cls(name, kind, len(cells), _missing(found), measures, written)

    @property
    def size(self) -> int:
        """Length of a tally."""
        return 2 + sum(measure.size for measure in self.measures.values())

    @property
    def training(self) -> np.ndarray:
        """The tally of the training rows, (size,), int64."""
        parts = [measure.training for measure in self.measures.values()]
        return np.concatenate([np.array([self.rows, self.missing], np.int64), *parts])

    def tally(self, cells: Cells) -> tuple[np.ndarray, Counter[str]]:
        """Counts some cells.

        Args:
            cells: raw, (n_rows,).

        Returns:
            The tally, (size,), int64, and names of new categories with how often each was there.
        """
        new: Counter[str] = Counter()
        found = _read(self.kind, cells, self.written, self._is_numbered)
        parts = [np.array([len(cells), _missing(found)], np.int64)]
        for name, measure in self.measures.items():
            read = found[name]
            if isinstance(read, Texts):
                assert isinstance(measure, Categories)
                parts.append(measure.tally(read))
                new = measure.new(read)
            else:
                assert isinstance(measure, Bins)
                parts.append(measure.tally(read))
        return np.concatenate(parts), new

    def measured(self, tally: np.ndarray) -> dict[str, np.ndarray]:
        """The part of a tally that belongs to each measure."""
        ends = np.cumsum([2, *(measure.size for measure in self.measures.values())]).tolist()
        parts = (tally[begin:end] for begin, end in itertools.pairwise(ends))
        return dict(zip(self.measures, parts, strict=True))

    @property
    def _is_numbered(self) -> bool:
        return any(isinstance(measure, Categories) and measure.numbered for measure in self.measures.values())

    def as_json(self) -> dict[str, Any]:
        """For `from_json`: name, kind, rows, missing, and each measure with its counts."""
        written = {"written": self.written} if self.written else {}
        measures = {name: measure.as_json() for name, measure in self.measures.items()}
        return {"name": self.name, "kind": self.kind, **written, "rows": self.rows, "missing": self.missing,
                "measures": measures}  # fmt: skip

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> ColumnProfile:
        """What `as_json` gave."""
        measures = {
            name: Categories.from_json(measure) if "categories" in measure else Bins.from_json(measure)
            for name, measure in told["measures"].items()
        }
        return cls(told["name"], told["kind"], told["rows"], told["missing"], measures, told.get("written", ""))


def _read(kind: str, cells: Cells, written: str, is_number: bool = False) -> dict[str, np.ndarray | Texts]:
    """What is counted of some cells, by measure: numbers, (n_rows,), NaN where a cell is missing; or texts."""
    if kind == "numeric":
        return {"value": numbers(cells)}
    if kind == "date":
        return {"value": seconds(cells, written)}
    if kind == "boolean":
        return {"category": truths(cells)}
    read = texts(cells)
    if kind in ("categorical", "class"):
        return {"category": plain_numbers(read) if is_number else read}
    return {
        "characters": read.numbers([np.nan if name is None else len(name) for name in read.names]),
        "words": read.numbers([np.nan if name is None else len(name.split()) for name in read.names]),
    }


def _is_numbered(found: Mapping[str, np.ndarray | Texts]) -> bool:
    return all(isinstance(read, Texts) and is_numbered(list(read.counts)) for read in found.values())


def _missing(found: Mapping[str, np.ndarray | Texts]) -> int:
    """Rows whose cell is missing; all that is counted of a column says the same."""
    read = next(iter(found.values()))
    return len(read.codes) - read.counts.total() if isinstance(read, Texts) else int(np.isnan(read).sum())

"""Validation of rows against the schema that training recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from models.serving.cells import CellReader, DateReader, NumberReader, Unfit, reader_of
from models.serving.rows import ABSENT, Rows

#: Problems that one answer tells of at most.
PROBLEMS_TOLD = 100


@dataclass(frozen=True)
class Problem:
    """What does not fit, where, and what to send instead."""

    #: from 1; None where it is no single row's
    row: int | None
    #: None where the whole row is no record
    column: str | None
    problem: str
    instead: str

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


class InputSchema:
    """What a model takes.

    Args:
        schema: the model's input schema, see `models.schema.input_schema`.
        written: column of dates -> how the pipeline reads them.
    """

    def __init__(self, schema: Mapping[str, Any], written: Mapping[str, str | None] | None = None) -> None:
        columns = schema["columns"]
        self._readers: list[CellReader] = [
            reader_of(column, (written or {}).get(column["name"])) for column in columns if column["required"]
        ]
        #: all columns; those that the pipeline does not look at may be sent or not, and hold anything
        self.names: list[str] = [column["name"] for column in columns]
        #: those that must be there
        self.required: list[str] = [reader.name for reader in self._readers]

    def read(self, rows: Rows) -> tuple[dict[str, list[Any]], list[Problem]]:
        """The cells of the required columns as the pipeline is asked about them.

        Returns:
            Column name -> cells, (n_rows,), and what does not fit, at most `PROBLEMS_TOLD`: where there is anything,
            the cells are of no use.
        """
        read: dict[str, list[Any]] = {}
        problems: list[Problem] = [
            Problem(row + 1, None, f"the row is {what}, no record", 'send {"column": value, ...}')
            for row, what in list(rows.strange.items())[:PROBLEMS_TOLD]
        ]
        problems += [self._unknown(name, row) for name, row in rows.unknown.items()]
        for reader in self._readers:
            cells = rows.columns[reader.name]
            if isinstance(reader, NumberReader):
                reader.decimal_comma = rows.decimal_comma
            reader.prepare(cells)
            try:
                read[reader.name] = [reader.read(cell) for cell in cells]
            except Unfit:
                problems += _problems_in(reader, rows, cells)
        problems.sort(key=lambda problem: problem.row or 0)
        return read, problems[:PROBLEMS_TOLD]

    def date_examples(self) -> dict[str, str]:
        """Column of dates -> how one may be written."""
        return {reader.name: reader.example for reader in self._readers if isinstance(reader, DateReader)}

    def readable(self, name: str, cells: Iterable[Any]) -> list[Any]:
        """Of some cells those that a column takes, as the pipeline is asked about them."""
        reader = next(reader for reader in self._readers if reader.name == name)
        found = []
        for cell in cells:
            with suppress(Unfit):
                found.append(reader.read(cell))
        return found

    def _unknown(self, name: str, row: int) -> Problem:
        close = get_close_matches(name[:200], self.names, 1)
        told = name if len(name) <= 200 else f"{name[:197]}..."
        return Problem(
            row + 1, told, "the model knows no such column", f"did you mean {close[0]!r}?" if close else "leave it out"
        )


def _problems_in(reader: CellReader, rows: Rows, cells: list[Any]) -> list[Problem]:
    if len(cells) > 1 and all(cell is ABSENT for cell in cells):
        return [Problem(1, reader.name, "the column is missing in every row", "send it; null where cells are missing")]
    found: list[Problem] = []
    for problem in _each_problem(reader, rows, cells):
        found.append(problem)
        if len(found) == PROBLEMS_TOLD:
            break
    return found


def _each_problem(reader: CellReader, rows: Rows, cells: list[Any]) -> Iterator[Problem]:
    for row, cell in enumerate(cells):
        if row in rows.strange:
            continue
        if cell is ABSENT:
            yield Problem(row + 1, reader.name, "the column is missing", "send it, or null where the cell is missing")
            continue
        try:
            reader.read(cell)
        except Unfit as unfit:
            yield Problem(row + 1, reader.name, unfit.problem, unfit.instead)

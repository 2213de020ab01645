"""From the body of a request to cells, column by column."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from models.serving.messages import Format

DELIMITERS = (",", ";", "\t", "|")
#: Texts that are a missing cell in CSV, as they are where a table is read for training.
MISSING_TEXTS = frozenset(
    ("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A", "NA", "NULL",
     "NaN", "n/a", "nan", "null")
)  # fmt: skip


#: Unknown columns that are told of at most: a body may hold a million names.
UNKNOWN_TOLD = 20


class _Absent:
    """A record does not have the column at all."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


csv.field_size_limit(sys.maxsize)  # the body has a limit; a text in it needs none of its own


class Unreadable(Exception):
    """A body that is no JSON or CSV of rows; says what to send instead."""


@dataclass(frozen=True)
class Rows:
    """What somebody wants predictions for."""

    n_rows: int
    #: known column name -> its cells, (n_rows,): None where missing, `ABSENT` where the record does not have the column
    columns: Mapping[str, list[Any]]
    #: rows, from 0, that are no records -> what they are
    strange: Mapping[int, str]
    #: names of columns that the model does not know, and the first row, from 0, that has them; not all where many are
    unknown: Mapping[str, int]
    #: whether all cells are texts, as in CSV
    is_text: bool = False
    #: whether numbers may have a comma for the point
    decimal_comma: bool = False


def read_rows(format: Format, body: bytes, names: Collection[str]) -> Rows:
    """Reads a body.

    Args:
        format: ``json`` for one record, a list of records, or an object with such a list as its only item ``rows``;
            ``csv`` for lines below a header.
        body: as it came, UTF-8.
        names: of the columns that the model knows; the delimiter of a CSV body is the one that finds most of them.

    Raises:
        Unreadable: it cannot be read as that.
    """
    return _read_csv(body, names) if format == "csv" else _read_json(body, names)


def _read_json(body: bytes, names: Collection[str]) -> Rows:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        what = f"{error.msg}, line {error.lineno} column {error.colno}"
        raise Unreadable(f"the body is no JSON ({what}); NaN and Infinity are none, send null") from None
    if isinstance(content, dict):
        inner = content.get("rows")
        content = inner if isinstance(inner, list) and len(content) == 1 else [content]
    if not isinstance(content, list):
        raise Unreadable('the body holds no records; send {"column": value, ...}, a list of those, or {"rows": [...]}')
    strange = {row: _kind(record) for row, record in enumerate(content) if type(record) is not dict}
    records = [{} if row in strange else record for row, record in enumerate(content)] if strange else content
    known = frozenset(names)
    unknown: dict[str, int] = {}
    for row, record in enumerate(records):
        if not known.issuperset(record):
            for name in record:
                if name not in known and len(unknown) < UNKNOWN_TOLD:
                    unknown.setdefault(name, row)
    columns = {name: [record.get(name, ABSENT) for record in records] for name in names}
    return Rows(len(records), columns, strange, unknown)


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "a text", bool: "a truth value", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")


def _read_csv(body: bytes, names: Collection[str]) -> Rows:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the body is not UTF-8 (byte {error.start + 1}); send CSV in UTF-8") from None
    first, _, _ = text.lstrip("\r\n").partition("\n")
    delimiter = max(DELIMITERS, key=lambda mark: len(set(_cells_of(first, mark)) & set(names)))
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if line]
    except csv.Error as error:
        raise Unreadable(f"the body is no CSV ({error}); send a header line and one line a row") from None
    if not lines:
        raise Unreadable("the body is empty; send a header line and one line a row")
    header, *records = lines
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise Unreadable(f"the header names the column {twice[0]!r} twice; send each column once")
    for number, record in enumerate(records, start=1):
        if len(record) != len(header):
            raise Unreadable(f"row {number} has {len(record)} cells and the header {len(header)}; send as many")
    known = frozenset(names)
    position = {name: number for number, name in enumerate(header)}
    columns: dict[str, list[Any]] = {
        name: [None if record[position[name]] in MISSING_TEXTS else record[position[name]] for record in records]
        for name in names
        if name in position
    }
    columns |= {name: [ABSENT] * len(records) for name in names if name not in position}
    unknown = dict.fromkeys([name for name in header if name not in known][:UNKNOWN_TOLD], 0)
    return Rows(len(records), columns, {}, unknown, is_text=True, decimal_comma=delimiter != ",")


def _cells_of(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []

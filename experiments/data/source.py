"""Where a table comes from: a sample's name, a CSV file or a Parquet file, read as a raw data frame.

Row numbers in messages count the rows below the header from 1; line numbers are those that an editor shows.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from config.errors import BadInput
from config.samples import SAMPLES

DELIMITERS = (",", ";", "\t", "|")
#: How much of a file is looked at to find its delimiter.
HEAD_BYTES = 65_536
HEAD_RECORDS = 50
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")

#: First bytes of files that people take for tables -> what they are and what to do.
FOREIGN_FILES = {
    b"PK\x03\x04": "a spreadsheet or a zip archive; save the table as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save the table as CSV",
    b"\x1f\x8b": "compressed; unpack it with gunzip",
    b"BZh": "compressed; unpack it with bunzip2",
    b"\xfd7zXZ": "compressed; unpack it with unxz",
    b"\x28\xb5\x2f\xfd": "compressed; unpack it with unzstd",
    b"%PDF": "a PDF document; save the table as CSV",
    b"ARROW1": "an Arrow file; save the table as Parquet or CSV",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
}


def locate(source: str) -> Path:
    """The file of a sample's name or of a path.

    Raises:
        BadInput: there is no such file, or it is a folder.
    """
    if source in SAMPLES:
        return SAMPLES[source].path
    path = Path(source).expanduser()
    if path.is_dir():
        tables = [str(entry) for entry in _tables_in(path)]
        hint = f"name a file in it, such as {tables[0]}" if tables else "name a CSV or Parquet file"
        raise BadInput(f"{source} is a folder, not a table; {hint}")
    if not path.exists():
        near = [str(entry) for entry in _tables_in(path.parent)] + list(SAMPLES)
        close = difflib.get_close_matches(source, near, 1)
        hint = f"did you mean {close[0]}?" if close else f"name a CSV or Parquet file, or one of {', '.join(SAMPLES)}"
        raise BadInput(f"there is no table {source!r}; {hint}")
    return path


def read_frame(path: Path, dropped: Collection[str] = ()) -> pd.DataFrame:
    """Reads a CSV or Parquet file; which of the two it is, the content says.

    CSV is read as UTF-8 with or without a byte order mark; comma, semicolon, tab or bar stands between cells, whichever
    gives lines of equal length; decimals may have a comma where cells are separated otherwise. An empty cell, NA, NaN
    and null are missing. An unnamed column that only numbers the rows, as pandas writes it, is left out.

    Args:
        path: the file.
        dropped: names of columns that nobody will look at, which may therefore hold anything.

    Returns:
        Raw columns with a plain index, (n_rows, n_columns), each name text and unique.

    Raises:
        BadInput: not a table, or a broken one.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    if not head.strip():
        raise BadInput(f"{path} is empty; it must be a CSV file with a header line, or a Parquet file")
    table = _read_parquet(path) if head.startswith(b"PAR1") else _read_csv(path, head)
    _check_names(path, table.column_names)
    frame = _with_plain_types(path, table, dropped).to_pandas(date_as_object=False, integer_object_nulls=False)
    return _without_row_numbers(path, frame.reset_index(drop=all(name is None for name in frame.index.names)))


def _tables_in(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.suffix.lower() in SUFFIXES)[:1000]
    except OSError:
        return []


def _read_parquet(path: Path) -> pa.Table:
    try:
        return pa.parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path} is a broken Parquet file: {error}") from None


def _read_csv(path: Path, head: bytes) -> pa.Table:
    for magic, what in FOREIGN_FILES.items():
        if head.startswith(magic):
            raise BadInput(f"{path} is not a table but {what}")
    if b"\0" in head:
        raise BadInput(f"{path} is not a table but a binary file; name a CSV or Parquet file")
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    records = _first_records(_decoded(path, content, head))
    delimiter = _delimiter(records)
    header = next(csv.reader(records, delimiter=delimiter))
    if len(header) > 1 and all(re.fullmatch(r"\s*-?\d+([.,]\d+)?\s*", name) for name in header):
        raise BadInput(f"{path}: line 1 holds numbers, not column names; put a line of names above it")
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(content),
            # a cell with a line break in it needs quotation marks; looking for such cells takes twice the time
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in content),
            convert_options=pa.csv.ConvertOptions(
                strings_can_be_null=True, decimal_point=_decimal_point(records, delimiter)
            ),
        )
    except pa.ArrowInvalid as error:
        raise BadInput(_broken_row(path, content, delimiter) or f"{path} is not a table: {error}") from None
    unclosed = content.count(b'"') % 2 and _broken_row(path, content, delimiter)  # the reader ends it with the file
    if unclosed:
        raise BadInput(unclosed)
    return table


def _decoded(path: Path, content: bytes, head: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{path}: line {line} is not UTF-8; save the file as UTF-8, for example with "
            f"'iconv -f latin1 -t utf-8 {path.name} > utf8-{path.name}'"
        ) from None
    return content[: len(head)].decode("utf-8", "ignore")


def _first_records(head: str) -> list[str]:
    """The first lines with anything in them; the last is left out, as it may be cut off, unless it is the only one."""
    lines = head.splitlines(keepends=True)
    whole = lines[:-1] if len(head) >= HEAD_BYTES // 2 and len(lines) > 1 else lines
    return [line for line in whole if line.strip()][:HEAD_RECORDS]


def _delimiter(records: list[str]) -> str:
    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(record) for record in csv.reader(records, delimiter=delimiter)]
        return (widths.count(widths[0]) / len(widths) if widths[0] > 1 else 0.0), widths[0]

    return max(DELIMITERS, key=fit)


def _decimal_point(records: list[str], delimiter: str) -> str:
    if delimiter == ",":
        return "."
    cells = [cell for record in csv.reader(records[1:], delimiter=delimiter) for cell in record]
    commas, points = (sum(bool(re.fullmatch(rf"\s*-?\d+{mark}\d+", cell)) for cell in cells) for mark in (",", r"\."))
    return "," if commas > points else "."


def _broken_row(path: Path, content: bytes, delimiter: str) -> str | None:
    """What is wrong with the first row that is; slower than the reader, so only for files that it refuses."""
    text = content.decode("utf-8")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=text.count('"') % 2 == 1)
    width = begin = 0
    try:
        for cells in reader:
            width = width or len(cells)
            if cells and len(cells) != width:
                return (
                    f"{path}: line {begin + 1} has {_counted(len(cells), 'cell')} where the header has {width} "
                    f'columns; mend that line, and write a cell that holds {delimiter!r} in "quotation marks"'
                )
            begin = reader.line_num
    except csv.Error as error:
        unclosed = "end of data" in str(error) or "field limit" in str(error)
        if unclosed:
            return f"{path}: line {begin + 1} opens a quotation mark that is not closed; close it or take it out"
    return None


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _check_names(path: Path, names: list[str]) -> None:
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if name in seen:
            raise BadInput(
                f"{path}: columns {seen[name]} and {position} have one name, {name!r}; rename one of them in the header"
            )
        seen[name] = position


def _with_plain_types(path: Path, table: pa.Table, dropped: Collection[str]) -> pa.Table:
    """The table with decimals as floats and times of day as texts; columns of lists or bytes are refused."""
    for position, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_decimal(kind):
            table = table.set_column(position, field.name, table.column(position).cast(pa.float64()))
        elif pa.types.is_time(kind):
            table = table.set_column(position, field.name, table.column(position).cast(pa.string()))
        elif pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            if field.name not in dropped:
                raise BadInput(
                    f"{path}: column {field.name!r} holds {kind}, not numbers, texts or dates; "
                    f'leave it out with feat_type {{"{field.name}": "drop"}}'
                )
            table = table.set_column(position, field.name, pa.nulls(len(table), pa.string()))
    return table


def _without_row_numbers(path: Path, frame: pd.DataFrame) -> pd.DataFrame:
    if "" not in frame.columns:
        return frame
    numbers = pd.to_numeric(frame[""], errors="coerce")
    if ((numbers.diff().iloc[1:] == 1).all()) and len(numbers) and numbers.iloc[0] in (0, 1):
        return frame.drop(columns="")
    position = list(frame.columns).index("") + 1
    raise BadInput(f"{path}: column {position} has no name; give it one in the header")

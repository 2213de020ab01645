"""From bodies to cells."""

from __future__ import annotations

import orjson
import pytest

from models.serving.rows import ABSENT, UNKNOWN_TOLD, Unreadable, read_rows

NAMES = ["age", "colour"]


def read(body, format="json"):
    return read_rows(format, body if isinstance(body, bytes) else orjson.dumps(body), NAMES)


@pytest.mark.parametrize("body", [{"age": 1}, [{"age": 1}], {"rows": [{"age": 1}]}])
def test_one_record_may_come_in_three_ways(body):
    rows = read(body)
    assert rows.n_rows == 1
    assert rows.columns == {"age": [1], "colour": [ABSENT]}


def test_a_column_may_be_called_rows():
    rows = read_rows("json", b'{"rows": 3}', ["rows"])
    assert rows.columns == {"rows": [3]}


def test_unknown_columns_are_told_once_and_not_without_end():
    rows = read([{"age": 1, "size": 2}, {"size": 3, "weight": 1}])
    assert rows.unknown == {"size": 0, "weight": 1}
    assert len(read([{f"column {number}": 1} for number in range(1000)]).unknown) == UNKNOWN_TOLD


def test_what_is_no_record_is_told_by_row():
    rows = read([{"age": 1}, 5, None])
    assert rows.strange == {1: "a number", 2: "null"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_may_be_delimited_in_four_ways(delimiter):
    rows = read(f"colour{delimiter}age\nred{delimiter}1\n{delimiter}2\n".encode(), "csv")
    assert rows.columns == {"age": ["1", "2"], "colour": ["red", None]}
    assert rows.decimal_comma == (delimiter != ",")


def test_csv_may_have_a_byte_order_mark_quotes_and_line_breaks_in_cells():
    rows = read('\ufeffage,colour\r\n1,"dark, or\nlight"\r\n'.encode(), "csv")
    assert rows.columns == {"age": ["1"], "colour": ["dark, or\nlight"]}


def test_csv_without_lines_is_no_rows():
    assert read(b"age,colour\n", "csv").n_rows == 0


@pytest.mark.parametrize(
    ("body", "format", "message"),
    [
        (b"{", "json", "no JSON"),
        (b'"text"', "json", "holds no records"),
        (b'{"age": 1e999999}', "json", "no JSON"),
        (b"", "csv", "is empty"),
        (b"\xff", "csv", "not UTF-8"),
        (b"age,age\n", "csv", "'age' twice"),
        (b"age,colour\n1\n", "csv", "row 1 has 1 cells"),
        (b'age,colour\n"1,2\n', "csv", "no CSV"),
    ],
)
def test_what_cannot_be_read_is_told(body, format, message):
    with pytest.raises(Unreadable, match=message):
        read(body, format)

"""What each kind of column takes, and what it makes of it."""

from __future__ import annotations

import pytest

from models.serving.cells import (
    CategoryReader,
    DateReader,
    NumberReader,
    OpenCategoryReader,
    TextReader,
    TruthReader,
    Unfit,
)
from models.serving.rows import ABSENT

COLOURS = CategoryReader("colour", ["blue", "green", "red"])
SIZES = CategoryReader("size", ["1", "2", "10"])
CODES = CategoryReader("code", ["00001", "00002"])
TRUE_FALSE = CategoryReader("flag", ["False", "True"])
DAYS = DateReader("day", "%d.%m.%Y")
ISO = DateReader("day", "ISO8601")


@pytest.mark.parametrize(
    ("reader", "cell", "read"),
    [
        (NumberReader("n"), 3, 3.0),
        (NumberReader("n"), -2.5, -2.5),
        (NumberReader("n"), " 1e3 ", 1000.0),
        (NumberReader("n"), None, None),
        (NumberReader("n"), "", None),
        (TruthReader("t"), True, True),
        (TruthReader("t"), 0, False),
        (TruthReader("t"), 1.0, True),
        (TruthReader("t"), "No", False),
        (TruthReader("t"), "TRUE", True),
        (TruthReader("t"), None, None),
        (COLOURS, "red", "red"),
        (COLOURS, "", None),
        (COLOURS, None, None),
        (SIZES, 10, "10"),
        (SIZES, 1.0, "1"),
        (SIZES, "1.0", "1"),
        (CODES, "00001", "00001"),
        (TRUE_FALSE, True, "True"),
        (OpenCategoryReader("o", "text"), "never seen", "never seen"),
        (OpenCategoryReader("o", "int64"), 7.0, "7"),
        (OpenCategoryReader("o", "float64"), 7, "7.0"),
        (OpenCategoryReader("o", "text"), "", None),
        (TextReader("t"), "", ""),
        (TextReader("t"), None, None),
        (DAYS, "31.12.2024", "31.12.2024"),
        (DAYS, "2024-12-31", "31.12.2024"),
        (DAYS, None, None),
        (ISO, 20241231, "20241231"),
        (ISO, "2024-12-31T23:00:00+02:00", "2024-12-31T23:00:00+02:00"),
    ],
)
def test_what_fits_is_read(reader, cell, read):
    found = reader.read(cell)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("reader", "cell", "instead"),
    [
        (NumberReader("n"), "many", "send a number"),
        (NumberReader("n"), "1_000", "send a number"),
        (NumberReader("n"), True, "send a number"),
        (NumberReader("n"), "inf", "send a finite number"),
        (NumberReader("n"), "1e999", "send a finite number"),
        (NumberReader("n"), [1], "send a number"),
        (NumberReader("n"), "1,5", "send a number"),
        (TruthReader("t"), 2, "send true or false"),
        (TruthReader("t"), "maybe", "send true or false"),
        (COLOURS, "rd", "did you mean 'red'?"),
        (COLOURS, "Red", "did you mean 'red'?"),
        (COLOURS, "violet", "send one of 'blue', 'green', 'red'"),
        (COLOURS, {"a": 1}, "send a text"),
        (SIZES, 3, "send one of '1', '2', '10'"),
        (CODES, 1, "send one of '00001'"),
        (OpenCategoryReader("o", "text"), ["a"], "send a text"),
        (TextReader("t"), 5, "send a text"),
        (DAYS, "31/12/2024", "send a date as 31.12.2024"),
        (DAYS, 5.5, "send a date as 31.12.2024"),
        (ISO, "tomorrow", "send a date as 2024-12-31"),
        (ISO, "9999999-01-01", "send a date as"),
    ],
)
def test_what_does_not_fit_is_told_with_what_to_send(reader, cell, instead):
    with pytest.raises(Unfit) as refusal:
        reader.read(cell)
    assert refusal.value.instead.startswith(instead) or instead in refusal.value.instead


@pytest.mark.parametrize(
    "reader", [NumberReader("n"), TruthReader("t"), COLOURS, OpenCategoryReader("o", "text"), TextReader("t"), DAYS]
)
def test_a_column_that_a_record_does_not_have_never_fits(reader):
    with pytest.raises(Unfit):
        reader.read(ABSENT)


def test_a_comma_is_a_point_where_csv_says_so():
    reader = NumberReader("n")
    reader.decimal_comma = True
    assert reader.read("1,5") == 1.5


def test_a_long_cell_is_told_of_shortly():
    with pytest.raises(Unfit) as refusal:
        NumberReader("n").read("x" * 10_000)
    assert len(refusal.value.problem) < 100


def test_many_dates_are_read_at_once_and_remembered():
    reader = DateReader("day", "%d.%m.%Y")
    reader.prepare(["01.02.2024", "nonsense", None, "02.02.2024"])
    assert reader.read("02.02.2024") == "02.02.2024"
    with pytest.raises(Unfit):
        reader.read("nonsense")

"""Files that become raw tables, and files that do not."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from config.errors import BadInput
from config.samples import SAMPLES
from experiments.data.source import locate, read_frame
from tests.data.awkward import awkward_frame


@pytest.fixture
def written(tmp_path):
    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(path, dropped=()):
    with pytest.raises(BadInput) as error:
        read_frame(path, dropped)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_sample_is_found_by_its_name():
    assert locate("abalone") == SAMPLES["abalone"].path


def test_a_missing_file_suggests_the_nearest_file_or_sample(written, tmp_path):
    path = written("a,b\n1,2\n", "houses.csv")
    with pytest.raises(BadInput, match=f"did you mean {path}"):
        locate(str(tmp_path / "house.csv"))
    with pytest.raises(BadInput, match="did you mean german_credit"):
        locate("german-credit")
    with pytest.raises(BadInput, match="one of german_credit, abalone, penguins"):
        locate("qqqq")


def test_a_folder_is_no_table_but_may_hold_one(written, tmp_path):
    with pytest.raises(BadInput, match="is a folder, not a table; name a CSV or Parquet file"):
        locate(str(tmp_path))
    path = written("a,b\n1,2\n")
    with pytest.raises(BadInput, match=f"name a file in it, such as {path}"):
        locate(str(tmp_path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(written, delimiter):
    frame = read_frame(written(f"a{delimiter}b\n1{delimiter}x y\n2{delimiter}z\n"))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x y", "z"]}


def test_semicolons_allow_decimal_commas(written):
    assert read_frame(written("a;b\n1,5;x\n-2,25;y\n"))["a"].tolist() == [1.5, -2.25]


def test_a_comma_within_a_cell_does_not_mislead(written):
    assert read_frame(written('a;b\n1;"x, y, z"\n2;"u, v, w"\n'))["b"].tolist() == ["x, y, z", "u, v, w"]


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_not_matter(written):
    frame = read_frame(written(b"\xef\xbb\xbfa,b\r\n1,x\r\n\r\n2,y\r\n\r\n"))
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_types_are_told_from_the_cells(written):
    frame = read_frame(written("i,f,t,b,d,m\n1,1.5,x,True,2024-01-01,\n2,inf,NA,False,2024-01-02,7\n"))
    assert [dtype.kind for dtype in frame.dtypes.drop("t")] == list("ifbMf")
    assert frame["f"].tolist() == [1.5, np.inf]
    assert frame["t"].isna().tolist() == [False, True]


def test_row_numbers_that_pandas_wrote_are_left_out(written):
    path = written(pd.DataFrame({"a": [5, 5], "b": [1, 2]}).to_csv())
    assert list(read_frame(path).columns) == ["a", "b"]
    assert "column 2 has no name" in refused(written("a,,c\n1,7,3\n1,2,3\n"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        (b"PK\x03\x04rest", "a spreadsheet or a zip archive; save the table as CSV"),
        (b"\x1f\x8b\x08rest", "unpack it with gunzip"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x7fELF\0\0\0", "a binary file"),
        ("a,b\n1,2\n".encode("utf-16"), "save it as UTF-8"),
        ("a,b\n1,2\n1,ü\n".encode("latin1"), "line 3 is not UTF-8; save the file as UTF-8, for example with 'iconv"),
        ("a,b,c\n1,2,3\n1,2\n", "line 3 has 2 cells where the header has 3 columns"),
        ("a,b,c\n1,2,3\n\n1,2,3,4\n", "line 4 has 4 cells where the header has 3 columns"),
        ('a,b\n"x\ny",1\nz\n', "line 4 has 1 cell where"),
        ('a,b\n1,2\n1,"2\n3,4\n5,6,7\n', "line 3 opens a quotation mark that is not closed"),
        ("a,b,a\n1,2,3\n", "columns 1 and 3 have one name, 'a'"),
        ("1,2,3\n4,5,6\n", "line 1 holds numbers, not column names"),
        (b"PAR1 and no more", "broken Parquet file"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(written, content, said):
    assert said in refused(written(content))


def test_a_broken_row_deep_in_a_file_is_found(written):
    content = "a,b\n" + "1,2\n" * 300_000 + "1\n" + "1,2\n" * 10
    assert "line 300002 has 1 cell " in refused(written(content))


def test_parquet_is_known_by_its_content_and_comes_with_its_types(tmp_path):
    frame = awkward_frame().drop(columns=["mixed"])
    path = tmp_path / "no suffix"
    frame.to_parquet(path)
    read = read_frame(path)
    assert list(read.columns) == list(frame.columns)
    assert isinstance(read["pandas category"].dtype, pd.CategoricalDtype)
    assert read["date"].dtype.kind == "M"
    assert read["whole"].tolist() == frame["whole"].tolist()


def test_an_index_without_a_name_is_no_column_and_one_with_a_name_is(tmp_path):
    frame = pd.DataFrame({"a": [1, 2]}, index=[7, 9])
    frame.to_parquet(tmp_path / "plain")
    frame.rename_axis("key").to_parquet(tmp_path / "named")
    assert list(read_frame(tmp_path / "plain").columns) == ["a"]
    assert list(read_frame(tmp_path / "named").columns) == ["key", "a"]


def test_decimals_are_numbers_days_are_dates_and_times_are_texts(tmp_path):
    table = pa.table(
        {
            "price": [decimal.Decimal("1.50"), None],
            "day": [datetime.date(2024, 1, 1), None],
            "hour": [datetime.time(12, 30), None],
        }
    )
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    frame = read_frame(tmp_path / "t.parquet")
    assert [frame[name].dtype.kind for name in ("price", "day")] == ["f", "M"]
    assert frame["hour"].iloc[0].startswith("12:30")


def test_a_column_of_lists_is_refused_unless_dropped(tmp_path):
    pa.parquet.write_table(pa.table({"a": [1, 2], "tags": [["x"], ["y", "z"]]}), tmp_path / "t.parquet")
    said = refused(tmp_path / "t.parquet")
    assert "column 'tags' holds list" in said
    assert 'feat_type {"tags": "drop"}' in said
    assert read_frame(tmp_path / "t.parquet", {"tags"})["tags"].isna().all()

"""How to call a model, with a row that is safe to paste."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.card.calling import calling, example
from models.evidence import HoldoutRows
from models.serving.rows import read_rows
from models.serving.validation import InputSchema


def holdout(**columns):
    X = pd.DataFrame(columns)
    return HoldoutRows(X, pd.Series(range(len(X))), "regression", dict.fromkeys(X.columns, "text"))


def test_the_row_that_lacks_the_fewest_cells_is_taken_and_of_these_the_shortest():
    rows = holdout(a=["long " * 20, None, "x"], b=[1.5, 2.5, np.nan], c=["y", "y", "y"])
    assert example(rows) == {"a": "long " * 20, "b": 1.5, "c": "y"}
    assert example(holdout(a=["long " * 20, "short"])) == {"a": "short"}


def test_cells_are_what_json_knows():
    rows = holdout(
        when=pd.to_datetime(["2024-02-29"]), count=np.array([3], dtype="int64"), flag=[True], none=[pd.NA],
        kind=pd.Categorical(["a"]),
    )  # fmt: skip
    assert example(rows) == {"when": "2024-02-29T00:00:00", "count": 3, "flag": True, "none": None, "kind": "a"}


def test_a_shell_and_json_read_the_row_as_it_is(numbers):
    awkward = 'it\'s "quoted" $HOME `id` \\ \u202e ü\n|'
    text = calling(replace(numbers.facts, model_name="a b;rm"), holdout(**{awkward: [awkward]})).text
    (line,) = [line for line in text.splitlines() if line.startswith("curl ")]
    words = shlex.split(line)
    assert json.loads(words[words.index("-d") + 1]) == [{awkward: awkward}]
    assert "\u202e" not in text
    assert "clearml-automl serve 'a b;rm'" in text


def test_without_rows_there_is_no_example(numbers):
    assert "curl" not in calling(numbers.facts, None).text


def test_costs_are_told_where_they_are_known(numbers):
    text = calling(replace(numbers.facts, size_bytes=123_456, inference_ms=23.4), None).text
    assert text.startswith("Its file has 0.12 MB. It predicts 1,000 rows in about 23.4 ms")


@pytest.mark.parametrize("name", ["binary", "numbers"])
def test_the_service_takes_the_row(name, request):
    made = request.getfixturevalue(name)
    schema = InputSchema(made.facts.input_schema)
    rows = read_rows("json", json.dumps([example(made.holdout)]).encode(), schema.names)
    cells, problems = schema.read(rows)
    assert problems == []
    assert all(len(column) == 1 for column in cells.values())

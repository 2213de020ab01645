"""What a pipeline expects, as JSON."""

from __future__ import annotations

import json

import pandas as pd

from models.schema import input_schema
from tests.data.awkward import AWKWARD_KINDS, awkward_frame


def test_every_column_is_described_and_json_can_hold_it():
    X = awkward_frame()
    columns = json.loads(json.dumps(input_schema(X, AWKWARD_KINDS), allow_nan=False))["columns"]
    assert [column["name"] for column in columns] == list(X.columns)
    assert [column["kind"] for column in columns] == list(AWKWARD_KINDS.values())


def test_numbers_have_their_range_and_categories_are_listed_up_to_a_limit():
    X = pd.DataFrame({"n": [1.0, None, 9.0], "c": ["b", None, "a"], "d": [1, 2, 3]})
    assert input_schema(X, {"n": "numeric", "c": "categorical", "d": "drop"})["columns"] == [
        {"name": "n", "kind": "numeric", "dtype": "float64", "missing": True, "required": True,
         "minimum": 1.0, "maximum": 9.0},
        {"name": "c", "kind": "categorical", "dtype": "text", "missing": True, "required": True,
         "categories": ["a", "b"]},
        {"name": "d", "kind": "drop", "dtype": "int64", "missing": False, "required": False},
    ]  # fmt: skip
    many = pd.DataFrame({"c": [f"c{number}" for number in range(60)]})
    assert input_schema(many, {"c": "categorical"})["columns"][0]["n_categories"] == 60

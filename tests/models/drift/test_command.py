"""``models drift`` says what is wrong before it asks any server, and its help says what its exit codes mean."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import cli
from config.errors import BadInput
from models.drift.rows import features
from tests.models.drift.rows import frame


def drift(*arguments):
    return CliRunner().invoke(cli.app, ["models", "drift", *arguments], standalone_mode=False)


def test_its_help_tells_the_exit_codes():
    told = " ".join(drift("--help").stdout.split())
    assert "Exit codes: 0 no drift, or too few rows to tell; 3 drift found; 2 bad input." in told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--data", "penguins", "--limit", "0"), "--limit must be above 0, not 0"),
        (("--data", "penguin"), "there is no table 'penguin'; did you mean penguins?"),
    ],
)
def test_bad_input_is_told_at_once(arguments, problem):
    error = drift("AutoML/penguins", *arguments).exception
    assert isinstance(error, BadInput)
    assert problem in str(error)


SCHEMA = {"columns": [{"name": name, "required": name != "nothing"} for name in frame(1)]}


def test_only_the_columns_that_the_model_looks_at_are_taken():
    X = features(frame(3).assign(target=1), SCHEMA, "new.csv")
    assert list(X.columns) == [name for name in frame(1) if name != "nothing"]


@pytest.mark.parametrize(
    ("dropped", "problem"),
    [
        (["age"], "new.csv lacks the column 'age', which the model learnt from; add it, empty where"),
        (["age", "day"], "new.csv lacks the columns 'age', 'day', which the model learnt from; add them, empty where"),
        (["age", "visits", "colour", "town", "member", "day"], "'town', 'member' and 1 more, which the model"),
    ],
)
def test_a_column_that_is_missing_is_told_by_name(dropped, problem):
    with pytest.raises(BadInput) as raised:
        features(frame(3).drop(columns=dropped), SCHEMA, "new.csv")
    assert problem in str(raised.value)


def test_a_file_without_rows_is_refused():
    with pytest.raises(BadInput, match="has no rows"):
        features(frame(0), SCHEMA, "new.csv")

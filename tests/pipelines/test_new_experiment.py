"""What the server's page "New experiment" is answered: what is in a table, what is wrong with a choice."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

from config.errors import BadInput
from config.settings import Settings
from pipelines.checkout import ROOT
from pipelines.new_experiment import _field_of, answer, check_fields, read_question, start
from pipelines.table_look import look

ROWS = 40


@pytest.fixture
def table(tmp_path):
    """A small table with all kinds of columns, as a person would drop it."""
    file = tmp_path / "people.csv"
    pd.DataFrame(
        {
            "age": [20 + number % 30 + 0.5 for number in range(ROWS)],
            "town": [None if number % 4 == 0 else ("Rome", "Oslo", "Lima")[number % 3] for number in range(ROWS)],
            "born": pd.date_range("2000-01-01", periods=ROWS).astype(str),
            "same": ["x"] * ROWS,
            "left": ["yes" if number % 3 else "no" for number in range(ROWS)],
        }
    ).to_csv(file, index=False)
    return file


@pytest.fixture
def seen(table):
    return look(table, Settings())


def column(seen, name):
    return next(one for one in seen["columns"] if one["name"] == name)


def test_columns_come_with_kind_missing_share_and_examples(seen):
    assert seen["rows"] == ROWS
    assert {one["name"]: one["kind"] for one in seen["columns"]} == {
        "age": "numeric", "town": "categorical", "born": "date", "same": "drop", "left": "categorical",
    }  # fmt: skip
    town = column(seen, "town")
    assert (town["missing"], town["missing_count"], town["distinct"]) == (0.25, 10, 3)
    assert town["examples"] == ["Oslo", "Lima", "Rome"]


def test_each_column_says_what_predicting_it_would_mean(seen):
    assert column(seen, "left")["task"] == "classification"
    assert (column(seen, "left")["classes"], column(seen, "left")["metrics"]) == (2, "two classes")
    assert column(seen, "town")["metrics"] == "more classes"
    assert column(seen, "age")["metrics"] == "regression"
    assert "holds dates" in column(seen, "born")["unfit"]
    assert "nothing to predict" in column(seen, "same")["unfit"]


def test_metrics_are_those_that_fit_the_default_first(seen):
    assert {name: metrics[0] for name, metrics in seen["metrics"].items()} == {
        "regression": "r2", "two classes": "accuracy", "more classes": "accuracy",
    }  # fmt: skip
    assert "roc_auc" in seen["metrics"]["two classes"]
    assert "roc_auc" not in seen["metrics"]["more classes"]


def test_a_column_of_a_usual_name_is_suggested_else_the_last_that_can_be_predicted(tmp_path, seen):
    assert seen["target"] == "left"
    file = tmp_path / "named.csv"
    file.write_text("Target,x\n" + "".join(f"{number % 2},{number}\n" for number in range(ROWS)))
    assert look(file, Settings())["target"] == "Target"
    file.write_text("a,note\n" + "".join(f"{number},this is the note number {number}\n" for number in range(ROWS)))
    assert look(file, Settings())["target"] is None


def test_the_page_begins_with_what_is_set(table):
    fields = look(table, Settings(project="Mine", time_left=90, search_space="graph"))["fields"]
    assert fields == {"time_left": "90", "project": "Mine", "queue": "automl", "search_space": "graph"}


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"a,b\n1\n", b"PK\x03\x04", b"a,a\n1,2\n"])
def test_what_is_no_table_is_told_under_the_persons_own_name(tmp_path, content):
    file = tmp_path / "mine.csv"
    file.write_bytes(content)
    said = look(file, Settings())["error"]
    assert "mine.csv" in said
    assert str(tmp_path) not in said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("time_left", "soon", "'soon' is not possible"),
        ("time_left", "0", "greater than 0"),
        ("project", "ab", "at least 3"),
        ("queue", "q", "at least 3"),
        ("name", "x", "at least 3"),
        ("search_space", "mine.py", "command line"),
        ("missing_labels", "maybe", "refuse"),
        ("target_column", "", "choose"),
    ],
)
def test_an_error_belongs_to_its_field(field, value, said):
    errors = check_fields({"target_column": "left", field: value}, {})
    assert list(errors) == [field]
    assert said in errors[field]
    assert "--" not in errors[field]


def test_only_the_pages_own_fields_are_taken():
    assert "there is no field 'home'" in check_fields({"target_column": "a", "home": "/"}, {})["form"]


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"target_column": "gone"}, "target_column", "no column 'gone'"),
        ({"target_column": "same"}, "target_column", "nothing to predict"),
        ({"target_column": "town"}, "missing_labels", "tick the box"),
        ({"target_column": "left", "metric": "r2"}, "metric", "does not fit classification"),
        ({"target_column": "left", "metric": "nonsense"}, "metric", "unknown"),
        ({"target_column": "left", "search_space": "lineal"}, "search_space", "did you mean linear"),
        ({"target_column": "left", "feat_type": '{"town": "numeric"}'}, "feat_type", "cannot be numeric"),
    ],
)
def test_what_does_not_fit_the_table_is_said_beside_its_field(table, fields, field, said):
    errors = start(table, fields, {})["errors"]
    assert list(errors) == [field]
    assert said in errors[field]


def test_an_error_that_is_nobodys_field_stands_by_itself():
    assert _field_of(BadInput("the folder cannot be written"), Settings(target_column="left")) == "form"


@pytest.mark.parametrize("text", ["", "no JSON", "[]"])
def test_a_question_that_is_none_is_refused(text):
    with pytest.raises(BadInput, match="the question is no JSON"):
        read_question(text)


def test_an_unknown_question_is_refused():
    with pytest.raises(BadInput, match="look or start"):
        answer({"request": "guess"}, {})


def test_the_command_answers_json_and_nothing_else(table):
    question = json.dumps({"request": "look", "file": str(table)})
    words = [sys.executable, str(ROOT / "cli.py"), "new-experiment"]
    ended = subprocess.run(words, input=question, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(ended.stdout)["rows"] == ROWS


CHOSEN = {"target_column": "left", "metric": "roc_auc", "time_left": "30", "project": "Dropped", "name": "left or not"}


def datasets(clearml_server):
    from clearml import Dataset

    return {found["id"]: found["name"] for found in Dataset.list_datasets(dataset_project="Dropped")}


@pytest.mark.end_to_end
def test_a_table_becomes_a_dataset_and_a_task_in_the_queue(table, stack, clearml_server):
    from clearml import Dataset, Task

    began = start(table, CHOSEN | {"queue": "nobody's"}, {"home": str(stack.home)})
    assert began["name"] == "left or not"
    assert "clearml-automl start agent" in began["note"]
    assert datasets(clearml_server)[began["dataset"]] == "people"
    dataset = Dataset.get(dataset_id=began["dataset"])
    assert dataset.is_final()
    assert dataset.list_files() == ["people.csv"]
    task = Task.get_task(task_id=began["task"])
    assert task.status == "queued"
    parameters = task.get_parameters()
    assert {name: parameters[name] for name in ("Data/data", "Data/target_column", "Search/metric")} == {
        "Data/data": f"dataset:{began['dataset']}", "Data/target_column": "left", "Search/metric": "roc_auc",
    }  # fmt: skip
    assert float(parameters["Budget/time_left"]) == 30


@pytest.mark.end_to_end
def test_nothing_stays_behind_where_the_queue_does_not_take_it(table, stack, clearml_server, monkeypatch):
    def refuse(*_):
        raise BadInput("the queue is full")

    before = datasets(clearml_server)
    monkeypatch.setattr("pipelines.new_experiment.enqueue", refuse)
    with pytest.raises(BadInput, match="the queue is full"):
        start(table, CHOSEN, {"home": str(stack.home)})
    assert datasets(clearml_server) == before


@pytest.mark.end_to_end
def test_a_table_keeps_its_content_whatever_its_suffix(table, stack, clearml_server):
    other = table.rename(table.with_suffix(".txt"))
    began = start(other, CHOSEN, {"home": str(stack.home)})
    assert answer({"request": "look", "file": str(table)}, {})["rows"] == ROWS
    from experiments.reports.dataset import fetch_dataset

    assert fetch_dataset(began["dataset"]).name == "people.csv"

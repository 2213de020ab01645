"""Drift end to end: a real registry, a real service that is asked shifted rows, its page, its metrics, its task."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

from experiments.data.columns import preprocessing
from models.catalog import champion_of, find
from models.drift.monitoring_task import task_name
from models.drift.observer import DriftObserver
from models.drift.profile import ARTIFACT, training_profile
from models.published import publishable
from models.registry import TableFacts, packed, publish
from models.schema import input_schema
from models.serving.observer import Batch
from tests.models.serving.running_service import RunningService

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the SDK's own
]

PROJECT = "Drift"
NAME = f"{PROJECT}/people"
KINDS = {"age": "numeric", "income": "numeric", "colour": "categorical", "town": "categorical"}


def people(rows: int, seed: int = 0) -> pd.DataFrame:
    """Rows of one distribution; whoever is old says yes."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": random.normal(40.0, 10.0, rows),
            "income": random.lognormal(3.0, 0.5, rows),
            "colour": random.choice(["red", "green", "blue"], rows),
            "town": random.choice([f"town {number}" for number in range(60)], rows),
        }
    )


def shifted(rows: int, seed: int = 0) -> pd.DataFrame:
    """The same, older, a tenth without an income, a tenth from elsewhere."""
    X = people(rows, seed)
    tenth = np.arange(rows) % 10 == 0
    return X.assign(age=X["age"] + 12.0, income=X["income"].mask(tenth), town=X["town"].mask(tenth, "elsewhere"))


def records(X: pd.DataFrame) -> list[dict[str, object]]:
    return json.loads(X.to_json(orient="records"))


@pytest.fixture(scope="module")
def fitted():
    X = people(800, 1)
    y = np.where(X["age"] > 40.0, "yes", "no")
    return publishable(preprocessing(KINDS, X), LogisticRegression(max_iter=1000), X, y, "classification")


@pytest.fixture(scope="module")
def publish_people(clearml_server, fitted):
    """Publishes the model, with or without what drift is measured against."""
    from clearml import Task

    def published(name: str, tags: tuple[str, ...] = ("challenger", "champion"), with_profile: bool = True) -> str:
        X = people(800, 1)
        task = Task.create(project_name=PROJECT, task_name=f"makes {name}")
        task.mark_started()
        task.output_uri = clearml_server.files
        if with_profile:
            unseen = fitted.predict_proba(people(200, 2))
            told = training_profile(X, KINDS, unseen, "classification", fitted.classes_)
            task.upload_artifact(ARTIFACT, told, wait_on_upload=True)
        facts = TableFacts(len(X), len(X.columns), "0" * 64, input_schema(X, KINDS))
        made = publish(
            task, packed(fitted), name=name, metric="accuracy", cv_score=0.9, holdout_score=0.9, table=facts, tags=tags
        )
        task.mark_completed()
        return made.id

    return published


@pytest.fixture(scope="module")
def former(publish_people):
    """The champion when the service starts."""
    return publish_people(NAME)


@pytest.fixture(scope="module")
def champion(watched):
    """The champion that took over."""
    return watched.drift["model"]["id"]


def monitoring_tasks(name):
    from clearml import Task

    return [task for task in Task.get_tasks(project_name=PROJECT) if task.name == task_name(name)]


def console(task):
    return "\n".join(task.get_reported_console_output(100))


@pytest.fixture(scope="module")
def watched(former, publish_people):
    """What a service says of rows as in training, of shifted ones after another champion took over, and its task."""
    service = RunningService(NAME, "--workers", "1")
    said = SimpleNamespace()
    try:
        assert service.ask("/predict", records(people(200, 3)))[0] == 200
        said.calm = service.ask("/drift.json")[1]
        publish_people(NAME)
        service.wait_until(lambda: service.ask("/drift.json")[1].get("model", {"id": former})["id"] != former)
        service.wait_until(lambda: monitoring_tasks(NAME))  # the last words on the model before
        said.anew = service.ask("/drift.json")[1]
        assert service.ask("/predict", records(people(200, 3)))[0] == 200
        assert service.ask("/predict", records(shifted(1000, 4)))[0] == 200
        service.wait_until(lambda: service.metric("automl_drift_rows_total") == 1200)
        said.drift = service.ask("/drift.json")[1]
        said.page = service.ask("/drift")[1]
        said.metrics = service.ask("/metrics")[1]
    finally:
        assert service.stop() == 0
    said.log = service.log
    (said.task,) = monitoring_tasks(NAME)
    return said


def test_rows_as_in_training_are_no_drift(watched, former):
    assert watched.calm["model"] == {"id": former, "name": NAME}
    assert watched.calm["rows"] == 200
    assert watched.calm["drift"] is False


def test_with_another_champion_counts_start_anew(watched, former):
    assert watched.anew["model"]["id"] == watched.drift["model"]["id"] != former
    assert watched.anew["rows"] == 0
    assert watched.drift["rows"] == 1200


def test_shifted_rows_are_told_with_the_columns_that_moved(watched):
    assert set(watched.drift["moved"]) == {"age", "income", "town"}
    assert watched.drift["moved_predictions"]
    findings = {column["name"]: column["finding"] for column in watched.drift["columns"]}
    assert findings["age"] == "higher than in training"
    assert findings["income"] == "8.3% missing, 0.0% in training"
    assert findings["town"] == "new categories in 8.3% of the rows: 'elsewhere'"
    assert findings["colour"] == ""


def test_the_page_the_metrics_and_the_log_say_so(watched):
    assert "3 of 4 columns have moved" in watched.page
    assert "automl_drift_moved_columns 3.0" in watched.metrics
    assert 'automl_drift_moved{column="age"} 1.0' in watched.metrics
    assert 'automl_drift_moved{column="colour"} 0.0' in watched.metrics
    assert 'automl_drift_new_categories_total{column="town"} 100.0' in watched.metrics
    assert "3 of 4 columns have moved" in watched.log


def test_the_monitoring_task_holds_scalars_by_column_a_table_and_a_line(watched, former, champion):
    task = watched.task
    assert str(task.task_type) == "monitor"
    assert task.get_status() == "stopped"
    last = task.get_last_scalar_metrics()
    psi = {column["name"]: column["psi"] for column in watched.drift["columns"]}
    assert {name: value["last"] for name, value in last["PSI"].items()} == pytest.approx(psi)
    assert last["Missing share"]["income"]["last"] == pytest.approx(100 / 1200)
    assert last["New categories share"]["town"]["last"] == pytest.approx(100 / 1200)
    assert set(last["Prediction PSI"]) == {"prediction", "confidence"}
    assert set(last["Predicted share"]) == {"no", "yes"}
    assert last["Drift"]["moved columns"]["last"] == 3
    assert {(plot["metric"], plot["variant"]) for plot in task.get_reported_plots()} == {
        ("Drift", "by column"), ("Drift", "table")
    }  # fmt: skip
    assert "3 of 4 columns have moved" in console(task)
    assert f"model {former} of {NAME} answers" in console(task)
    assert f"model {champion} of {NAME} answers" in console(task)
    assert champion in [model.id for model in task.get_models()["input"]]


def reported(observer):
    """Waits for the first report; the task's id."""
    deadline = time.monotonic() + 30
    while not observer.monitoring_task_id:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    observer.close()
    return observer.monitoring_task_id


def test_a_service_that_starts_again_goes_on_with_the_task(watched, champion):
    observer = DriftObserver(interval=0.02)
    observer.on_model(champion_of(NAME))
    observer.observe(batch(champion, people(100, 8)))
    assert reported(observer) == watched.task.id
    watched.task.reload()
    assert watched.task.get_last_scalar_metrics()["Drift"]["moved columns"]["last"] == 0


def test_a_server_that_is_away_disturbs_nothing_and_learns_it_all_when_it_is_back(champion, monkeypatch, caplog):
    model = champion_of(NAME)
    observer = DriftObserver(interval=0.02)
    with monkeypatch.context() as away, caplog.at_level("INFO", "models.drift"):
        away.setenv("CLEARML_API_HOST", "http://127.0.0.1:9")  # where nobody listens
        observer.on_model(model)
        observer.observe(batch(champion, shifted(300, 8)))
        assert "age" in observer.report()["moved"]
        deadline = time.monotonic() + 30
        while "drift is not reported to ClearML for now" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert "age" in observer.report()["moved"]
    assert reported(observer)
    (task,) = monitoring_tasks(NAME)
    assert task.get_last_scalar_metrics()["Rows"]["since the model began"]["last"] == 300


def batch(model_id, X):
    columns = {name: [None if pd.isna(cell) else cell for cell in X[name]] for name in X}
    random = np.random.default_rng(0)
    p = random.random(len(X))
    return Batch(model_id, columns, list(np.where(p > 0.5, "no", "yes")), np.column_stack([p, 1 - p]).tolist())


@pytest.fixture
def command(monkeypatch, tmp_path):
    """``models drift`` in this process: its exit code and what it prints."""
    import cli

    monkeypatch.setenv("COLUMNS", "200")

    def run(reference, X, *options):
        path = tmp_path / "new.csv"
        X.to_csv(path, index=False)
        return CliRunner().invoke(
            cli.app, ["models", "drift", reference, "--data", str(path), *options], standalone_mode=False
        )

    return run


def test_the_command_finds_the_same_in_a_file(champion, command):
    result = command(NAME, shifted(500, 6), "-o", "json")
    told = json.loads(result.stdout)
    assert result.return_value == 3
    assert set(told["moved"]) == {"age", "income", "town"}
    assert told["model"] == {"id": champion, "name": NAME}


def test_the_command_finds_nothing_in_rows_as_in_training(champion, command):
    result = command(champion, people(500, 7).assign(target="not looked at"))
    assert result.return_value == 0
    assert result.stdout.splitlines()[-1] == "500 rows, and no column has moved beyond 0.1"


def test_a_higher_limit_lets_more_pass(champion, command):
    assert command(NAME, shifted(500, 6), "--limit", "50").return_value == 0


def test_bad_input_ends_in_one_line(champion, command, publish_people):
    from config.errors import BadInput

    def problem(*arguments):
        error = command(*arguments).exception
        assert isinstance(error, BadInput)
        return str(error)

    assert "lacks the columns 'age', 'town', which the model learnt from" in problem(
        NAME, people(5).drop(columns=["age", "town"])
    )
    assert "there is no model named" in problem("Drift/peeple", people(5))
    bare = publish_people(f"{PROJECT}/bare", with_profile=False)
    assert "without the artifact 'training_profile'" in problem(bare, people(5))
    assert find(bare).id == bare

"""Where a run goes when the usual way is not there: another server, no pool, no search."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.samples import SAMPLES
from pipelines.launching import ensure_queue
from pipelines.processes import ProcessFolder
from tests.end_to_end.conftest import QUICK_SPACE

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(200)]

SMALL = ["--data", "penguins", "--population-size", "8", "--generations", "1", "--cv-folds", "3", "--search-space",
         QUICK_SPACE, "--time-left", "60", "--seed", "5"]  # fmt: skip


def test_a_configured_server_is_used_and_none_is_started(clearml_server, command_line, tmp_path):
    from clearml import Task

    home = tmp_path / "another_home"
    environment = {name: value for name, value in clearml_server.environment().items() if name != "CLEARML_CONFIG_FILE"}
    try:
        printed = command_line.json(
            "run",
            *SMALL,
            "--n-jobs",
            "1",
            "--queue",
            "elsewhere",
            "--project",
            "Elsewhere",
            AUTOML_HOME=str(home),
            **environment,
        )
        processes = ProcessFolder(home)
        assert processes.find("server") is None
        assert all(processes.find(name) for name in ("dask-scheduler", "dask-workers", "agent"))
    finally:
        _, errors = command_line.run("stop", AUTOML_HOME=str(home), **environment)
    assert "agent, dask" in errors
    task = Task.get_task(task_id=printed["task_id"])
    assert str(task.data.status) == "completed"
    assert task.get_project_name() == "Elsewhere"
    assert clearml_server.api in task.artifacts["leaderboard.json"].url.replace(
        clearml_server.files, clearml_server.api
    )


def test_stopping_another_home_leaves_this_stack_alone(clearml_server, stack, command_line, tmp_path):
    command_line.run("stop", AUTOML_HOME=str(tmp_path / "empty_home"))
    assert stack.server.is_running


def test_a_pool_that_cannot_be_reached_is_replaced_by_one_local_worker(clearml_server, command_line, stack):
    from clearml import Task

    output, errors = command_line.run(
        "run", "--here", *SMALL, "--parallel-mode", "distributed", "--dask-address", "tcp://127.0.0.1:1",
        "--pool-timeout", "2", "-o", "json",
    )  # fmt: skip
    assert "the search goes on locally with one worker" in errors
    task = Task.get_task(task_id=output.partition('"task_id": "')[2].partition('"')[0])
    assert task.get_reported_single_values()["tpot_parallel_fallbacks_total"] == 1
    assert task.get_reported_scalars()["Pool"]["workers"]["y"] == [1.0]
    metrics = (stack.home / "metrics" / f"{task.id}.prom").read_text()
    assert "tpot_parallel_fallbacks_total" in metrics


def test_without_a_search_a_light_baseline_is_tracked_and_registered(clearml_server, command_line):
    from clearml import InputModel, Task

    printed = command_line.json("run", "--here", *SMALL, ENABLE_AUTOML="false")
    task = Task.get_task(task_id=printed["task_id"])
    assert str(task.data.status) == "completed"
    assert task.artifacts["evaluation_summary"].get()["fallback"] == "ENABLE_AUTOML is false"
    model = InputModel(model_id=printed["model_id"])
    assert set(model.tags) == {"tpot", "challenger", "fallback"}
    assert model.published
    assert printed["evaluations"] == 0
    assert printed["holdout_score"] > 0.8


OWN_SPACE = """
from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from tpot.search_spaces.nodes import EstimatorNode
from tpot.search_spaces.pipelines import SequentialPipeline


class Squared(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X ** 2


search_space = SequentialPipeline([
    EstimatorNode(Squared, ConfigurationSpace()),
    EstimatorNode(LogisticRegression, ConfigurationSpace({"C": (0.01, 1.0)})),
])
"""


def test_a_persons_own_space_and_classes_travel_with_the_task_and_into_the_model(running_stack, command_line, tmp_path):
    from clearml import InputModel, Task

    (tmp_path / "my_space.py").write_text(OWN_SPACE)
    printed = command_line.json(
        "run", "--data", "penguins", "--search-space", "my_space.py", "--population-size", "2", "--generations", "2",
        "--cv-folds", "2", "--time-left", "60",
    )  # fmt: skip
    task = Task.get_task(task_id=printed["task_id"])
    assert "class Squared" in task.get_configuration_object("search_space.py")
    summary = task.artifacts["evaluation_summary"].get()
    assert (summary["fallback"], summary["valid_share"]) == ("", 1.0)
    assert summary["best"]["canonical"].startswith("Squared() > LogisticRegression")
    script = "import joblib, pandas, sys\nprint(joblib.load(sys.argv[1]).predict(pandas.read_csv(sys.argv[2]))[0])\n"
    answer = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", script, InputModel(printed["model_id"]).get_local_copy(),
         str(SAMPLES["penguins"].path)],
        cwd=tmp_path / "..", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout.strip() in {"Adelie", "Chinstrap", "Gentoo"}


def test_a_queue_is_made_once_however_many_want_it(clearml_server):
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ensure_queue, ["wanted by many"] * 8))
    assert len(found) == 1


def test_settings_show_where_they_come_from(command_line, tmp_path):
    (tmp_path / "automl.toml").write_text("cv_folds = 4\n")
    shown = command_line.json("config", "show", "--seed", "7", TPOT__GENERATIONS="9")
    assert shown["seed"] == {"value": 7, "origin": "command line"}
    assert shown["generations"] == {"value": 9, "origin": "TPOT__GENERATIONS"}
    assert shown["cv_folds"] == {"value": 4, "origin": "automl.toml"}
    assert shown["metric"]["origin"] == "default"


def test_the_server_exports_what_any_clearml_tool_needs(clearml_server, command_line):
    output, _ = command_line.run("server", "env")
    exported = dict(line.removeprefix("export ").split("=", 1) for line in output.splitlines())
    assert set(exported) == {
        "CLEARML_API_HOST", "CLEARML_WEB_HOST", "CLEARML_FILES_HOST", "CLEARML_API_ACCESS_KEY",
        "CLEARML_API_SECRET_KEY", "CLEARML_CONFIG_FILE",
    }  # fmt: skip
    assert exported["CLEARML_API_HOST"] == clearml_server.api
    assert command_line.json("server", "status")["running"]


def test_the_status_names_what_runs(running_stack, command_line):
    output, _ = command_line.run("status")
    assert f"embedded, API {running_stack.server.connection().api}" in output
    assert "2 workers" in output
    assert "serves the queue 'automl'" in output

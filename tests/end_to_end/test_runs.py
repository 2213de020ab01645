"""From the queue to the registry, through every real part."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from config.samples import SAMPLES
from config.settings import Resolved
from experiments.reports.terminal import ResultSummary
from pipelines.agent import worker_name
from pipelines.chain_check import check_links
from pipelines.launching import clone, enqueue_task
from pipelines.processes import wait_until
from tests.end_to_end.conftest import QUICK_SPACE

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(200)]

# a seed of its own: what another test's run has evaluated is not this one's
SMALL = ["--data", "penguins", "--population-size", "8", "--generations", "2", "--cv-folds", "3", "--seed", "11",
         "--search-space", QUICK_SPACE]  # fmt: skip
SCALARS = {
    "Search": {
        "best accuracy",
        "mean accuracy",
        "evaluations",
        "valid share",
        "evaluations per second",
        "pareto size",
        "dropped",
        "reused",
    },
    "Pool": {"workers", "utilisation", "retried", "share"},
    "Budget": {"spent seconds"},
}
PLOTS = {"Pareto front", "Leaderboard", "Failures", "Lineage", "Budget", "Model card"}
SINGLE_VALUES = {
    "hold-out accuracy", "cv accuracy", "tp_generations", "tp_population_size", "evaluations", "overrun seconds",
    "cv accuracy low", "cv accuracy high", "optimism accuracy",
}  # fmt: skip
ARTIFACTS = {
    "leaderboard.json", "tp_pareto_front.json", "evaluation_summary", "evaluated_individuals", "best_pipeline.py",
    "model.joblib", "checkpoint", "holdout", "split", "training_profile", "table_findings", "model_card.md",
    "model_card.html",
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(running_stack, tmp_path_factory):
    """A run through queue and agent: the JSON that the command printed, and its task."""
    from clearml import Task

    from tests.end_to_end.conftest import CommandLine

    printed = CommandLine(tmp_path_factory.mktemp("run")).json("run", *SMALL, "--time-left", "60")
    return printed, Task.get_task(task_id=printed["task_id"])


def test_the_command_prints_one_json_object(finished):
    printed, _ = finished
    assert list(printed) == [
        "task_id", "model_id", "metric", "cv_score", "holdout_score", "generations", "evaluations", "valid_share",
        "seconds", "url", "cv_interval", "optimism", "holdout_interval", "role",
    ]  # fmt: skip
    assert printed["metric"] == "accuracy"
    assert 0.5 < printed["holdout_score"] <= 1
    assert printed["generations"] == 2
    assert printed["seconds"] < 60
    assert printed["cv_interval"][0] < printed["cv_score"] < printed["cv_interval"][1]
    assert 0 <= printed["optimism"] < 0.5
    assert printed["role"] == "challenger"


def test_the_agent_ran_the_task_on_the_dask_pool(finished, running_stack):
    _, task = finished
    assert str(task.data.status) == "completed"
    assert task.data.last_worker.startswith(worker_name(running_stack.settings.queue))
    assert task.get_parameters()["Pool/parallel_mode"] == "distributed"
    workers = pd.read_parquet(task.artifacts["evaluated_individuals"].get_local_copy())["worker"]
    assert workers.str.startswith("tcp://").all()


def test_scalars_are_reported_by_generation(finished):
    printed, task = finished
    scalars = task.get_reported_scalars()
    for title, series in SCALARS.items():
        assert set(scalars[title]) == series
        for name in series:
            assert scalars[title][name]["x"] == list(range(printed["generations"])), name
    assert set(task.get_reported_single_values()) >= SINGLE_VALUES


def test_plots_and_artifacts_have_their_names(finished):
    printed, task = finished
    assert {plot["metric"] for plot in task.get_reported_plots()} == PLOTS
    assert set(task.artifacts) >= ARTIFACTS
    summary = task.artifacts["evaluation_summary"].get()
    assert summary["evaluations"] == printed["evaluations"]
    assert task.artifacts["leaderboard.json"].get()["rows"][0]["score"] == pytest.approx(printed["cv_score"])


def test_the_model_is_published_with_its_metadata(finished):
    from clearml import InputModel

    printed, _ = finished
    model = InputModel(model_id=printed["model_id"])
    assert model.published
    assert (model.name, model.framework) == ("AutoML/penguins", "ScikitLearn")
    assert set(model.tags) == {"tpot", "challenger"}
    metadata = model.get_all_metadata()
    assert metadata["metric"]["value"] == "accuracy"
    assert float(metadata["holdout_score"]["value"]) == pytest.approx(printed["holdout_score"])
    assert metadata["rows"]["value"] == "344"
    assert json.loads(metadata["input_schema"]["value"])["columns"]
    assert metadata["version_scikit-learn"]["value"]


def test_the_published_file_answers_in_the_persons_labels_without_this_project(finished, tmp_path):
    from clearml import InputModel

    printed, _ = finished
    path = InputModel(model_id=printed["model_id"]).get_local_copy()
    script = (
        "import json, sys, joblib, pandas\n"
        "table = pandas.read_csv(sys.argv[2])\n"
        "model = joblib.load(sys.argv[1])\n"
        "answers = model.predict(table.drop(columns='species'))\n"
        "assert not {'config', 'experiments', 'models', 'pipelines'} & set(sys.modules)\n"
        "print(json.dumps([(answers == table['species']).mean(), sorted(set(answers))]))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-I", "-c", script, str(path), str(SAMPLES["penguins"].path)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    share, labels = json.loads(answer.stdout.splitlines()[-1])
    assert share > 0.7
    assert labels == ["Adelie", "Chinstrap", "Gentoo"]


def test_best_pipeline_gives_the_published_predictions(finished, tmp_path):
    _, task = finished
    code = task.artifacts["best_pipeline.py"].get_local_copy()
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", str(code), str(SAMPLES["penguins"].path)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout


def test_the_chain_check_finds_whole_links_whole_and_a_broken_one_broken(finished, running_stack, capsys):
    printed, _ = finished
    resolved = Resolved(running_stack.settings.model_copy(update={"data": "penguins"}), running_stack.resolved.origins)
    facts = {name: value for name, value in printed.items() if name != "url"}
    result = ResultSummary(**facts, task_url=printed["url"], model_name="AutoML/penguins")
    assert check_links(resolved, result, Console(stderr=True)) == 0
    assert "6 of 6 links hold" in capsys.readouterr().err
    assert check_links(resolved, replace(result, generations=7), Console(stderr=True)) == 1
    assert "BROKEN  scalars of each generation" in capsys.readouterr().err


def test_an_edited_clone_runs_with_the_edited_value(finished, running_stack):
    from clearml import Task

    printed, _ = finished
    cloned = clone(printed["task_id"], {"Search/generations": 1, "Budget/time_left": 45}, "an edited clone")
    enqueue_task(cloned, running_stack.settings.queue)
    assert wait_until(lambda: str(Task.get_task(task_id=cloned).data.status) in ("completed", "failed"), 120, 0.5)
    task = Task.get_task(task_id=cloned)
    assert str(task.data.status) == "completed", task.data.status_reason
    assert task.artifacts["evaluation_summary"].get()["generations"] == 1
    assert task.get_reported_single_values()["tp_generations"] == 1


def test_a_clone_with_a_value_that_does_not_fit_fails_in_one_line(finished, running_stack):
    from clearml import Task

    printed, _ = finished
    cloned = clone(printed["task_id"], {"Search/metric": "roc_auc"}, "a bad clone")
    enqueue_task(cloned, running_stack.settings.queue)
    assert wait_until(lambda: str(Task.get_task(task_id=cloned).data.status) in ("completed", "failed"), 120, 0.5)
    data = Task.get_task(task_id=cloned).data
    assert str(data.status) == "failed"
    assert "roc_auc_ovr" in data.status_reason
    assert "\n" not in data.status_reason


def test_run_here_is_a_tracked_task_too(running_stack, command_line):
    from clearml import Task

    printed = command_line.json(
        "run", "--here", *SMALL, "--time-left", "60", "--data", "abalone", "--metric", "r2", "--generations", "1",
        "--population-size", "2", "--search-space", "linear-light",
    )  # fmt: skip
    task = Task.get_task(task_id=printed["task_id"])
    assert str(task.data.status) == "completed"
    assert task.get_parameters()["Pool/parallel_mode"] == "local"
    assert printed["holdout_score"] > 0.3


def test_enqueue_only_enqueues(running_stack, command_line):
    from clearml import Task

    queue = "nobody serves this"
    output, _ = command_line.run("enqueue", *SMALL, "--queue", queue)
    task_id = output.strip()
    task = Task.get_task(task_id=task_id)
    assert task.get_status() == "queued"
    assert task.get_parameters()["Search/generations"] == "2"
    assert task.data.script.entry_point == "experiments/run.py"

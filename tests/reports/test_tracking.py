"""An experiment in ClearML: the real SDK against the embedded server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.errors import BadInput
from config.settings import SECTIONS, Settings
from experiments.search.events import Finished

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tracking_module(clearml_server):
    """The module, imported once the SDK is pointed at a server."""
    from experiments.reports import tracking

    return tracking


@pytest.fixture
def open_task(tracking_module):
    """Opens tasks of this process, one after another; one that a test leaves open is ended after it."""
    opened = []

    def open_one(*arguments, **options):
        opened.append(tracking_module.open_task(*arguments, **options))
        return opened[-1]

    yield open_one
    for run in opened:
        run.fail("the test did not end it")


@pytest.fixture
def settings(tmp_path) -> Settings:
    """Of a small run whose numbers for Prometheus go nowhere else."""
    return Settings(home=tmp_path, generations=2, population_size=8, project="Reports")


@pytest.fixture
def fetched():
    """Reads a task back from the server."""
    from clearml import Task

    return lambda run: Task.get_task(task_id=run.id)


def report(module, run, search, **options):
    """Tracks a whole search."""
    tracking = module.Tracking(run, "accuracy", **options)
    for event in (*search.generations, search.finished):
        tracking.consume(event)
    tracking.report_result(
        search.finished,
        cv_score=0.86,
        holdout_score=0.84,
        holdout_interval=(0.81, 0.88),
        pipeline_code="print('best')\n",
        champion=search.finished.leaderboard[0],
    )
    tracking.report_end(search.finished, spent_seconds={"search": 6.5, "publish": 1.0}, overrun_seconds=0.0)
    return tracking


def test_a_run_is_tracked_from_its_start_to_its_end(
    open_task, tracking_module, settings, small_search, fetched, capsys
):
    run = open_task(settings, "a small run")
    report(tracking_module, run, small_search, plot_interval=0.0)
    run.complete()
    task = fetched(run)
    assert str(task.data.status) == "completed"
    assert task.name == "a small run"
    scalars = task.get_reported_scalars()
    assert {title: set(series) for title, series in scalars.items() if title != "Summary"} == {
        "Search": {
            "best accuracy", "mean accuracy", "evaluations", "valid share", "evaluations per second", "pareto size",
            "dropped", "reused",
        },
        "Pool": {"workers", "utilisation", "retried", "share"},
        "Budget": {"spent seconds"},
    }  # fmt: skip
    assert scalars["Search"]["evaluations"]["x"] == [0, 1]
    assert scalars["Search"]["evaluations"]["y"] == [3, 5]
    assert task.get_reported_single_values() == {
        "hold-out accuracy": 0.84, "hold-out accuracy low": 0.81, "hold-out accuracy high": 0.88, "cv accuracy": 0.86,
        "tp_generations": 2, "tp_population_size": 8, "evaluations": 5, "overrun seconds": 0,
    }  # fmt: skip
    assert {plot["metric"] for plot in task.get_reported_plots()} == {
        "Pareto front", "Leaderboard", "Failures", "Lineage", "Budget",
    }  # fmt: skip
    assert set(task.artifacts) == {
        "leaderboard.json", "tp_pareto_front.json", "evaluation_summary", "evaluated_individuals", "best_pipeline.py",
    }  # fmt: skip
    assert task.artifacts["leaderboard.json"].get()["rows"][0]["number"] == 0
    assert len(task.artifacts["evaluated_individuals"].get()) == 5
    assert Path(task.artifacts["best_pipeline.py"].get_local_copy()).read_text() == "print('best')\n"
    assert {artifact.url.split("/")[0] for artifact in task.artifacts.values()} == {"http:"}
    assert "generation   1" in "".join(task.get_reported_console_output(10))
    assert capsys.readouterr().out == ""


def test_every_setting_of_the_run_is_a_hyperparameter_in_its_section(open_task, settings, fetched):
    run = open_task(settings)
    run.complete()
    sections = fetched(run).get_parameters_as_dict()
    assert set(sections) == set(SECTIONS)
    assert sections["Search"]["generations"] == "2"


def test_a_failed_run_says_why_in_one_line(open_task, settings, fetched):
    run = open_task(settings)
    run.fail("the table\nis empty")
    data = fetched(run).data
    assert (str(data.status), data.status_reason) == ("failed", "the table is empty")


def test_a_stopped_run_stays_stopped_with_what_it_found(open_task, tracking_module, settings, small_search, fetched):
    run = open_task(settings)
    report(tracking_module, run, small_search)
    run.stop()
    task = fetched(run)
    assert str(task.data.status) == "stopped"
    assert "leaderboard.json" in task.artifacts


def test_an_edited_clone_runs_with_the_edited_values(open_task, settings, fetched):
    from pipelines.launching import clone

    original = open_task(settings)
    original.complete()
    edits = {"Search/generations": "7", "Search/enable_automl": "no", "Data/data": "penguins", "Budget/time_left": 33}
    copy = open_task(settings, task_id=clone(original.id, edits))
    copy.complete()
    assert copy.id != original.id
    assert (copy.settings.generations, copy.settings.enable_automl, copy.settings.time_left) == (7, False, 33.0)
    assert (copy.settings.data, copy.settings.population_size) == ("penguins", 8)
    assert str(fetched(copy).data.status) == "completed"


@pytest.mark.parametrize(
    ("edit", "value", "reason"), [("generations", "many", "'many'"), ("generatons", "4", "did you mean 'generations'")]
)
def test_a_clone_that_was_edited_wrongly_fails_with_the_reason(open_task, settings, fetched, edit, value, reason):
    from clearml import Task

    from pipelines.launching import clone

    original = open_task(settings)
    original.complete()
    copy = clone(original.id, {f"Search/{edit}": value})
    with pytest.raises(BadInput, match=reason):
        open_task(settings, task_id=copy)
    data = Task.get_task(task_id=copy).data
    assert str(data.status) == "failed"
    assert reason in data.status_reason


def test_plots_keep_their_distance_but_the_last_is_always_there(
    open_task, tracking_module, settings, small_search, fetched
):
    run = open_task(settings)
    now = 0.0
    tracking = tracking_module.Tracking(run, "accuracy", plot_interval=4.0, clock=lambda: now)
    for number in range(6):
        now = float(number)
        tracking.consume(replace(small_search.generations[0], number=number))
    tracking.consume(small_search.finished)
    run.complete()
    assert {plot["iter"] for plot in fetched(run).get_reported_plots(max_iterations=10)} == {0, 4, 5}


def test_a_fallback_to_a_local_pool_is_said_and_counted(open_task, tracking_module, settings, small_search, fetched):
    run = open_task(settings)
    tracking = tracking_module.Tracking(run, "accuracy")
    tracking.fall_back("tcp://nowhere:1 does not answer; the search goes on locally with one worker")
    tracking.consume(small_search.finished)
    run.complete()
    task = fetched(run)
    assert task.get_reported_single_values()["tpot_parallel_fallbacks_total"] == 1
    assert "tcp://nowhere:1" in "".join(task.get_reported_console_output(10))
    families = text_string_to_metric_families((settings.home / "metrics" / f"{run.id}.prom").read_text())
    samples = {sample.name: sample.value for family in families for sample in family.samples}
    assert samples["tpot_parallel_fallbacks_total"] == 1


class BrokenTask:
    """A task whose every report fails, as those of a server that is gone for good."""

    id = "broken"

    def get_logger(self):
        return self

    def __getattr__(self, name):
        raise ConnectionError("nobody answers")


def test_generations_that_were_told_of_before_an_interruption_are_not_told_again(
    open_task, tracking_module, settings, small_search, fetched
):
    run = open_task(settings)
    tracking = tracking_module.Tracking(run, "accuracy", told=1)
    for event in (*small_search.generations, small_search.finished):
        tracking.consume(event)
    run.complete()
    assert fetched(run).get_reported_scalars()["Search"]["evaluations"]["x"] == [1]


def test_a_search_outlives_its_tracking(tracking_module, settings, small_search, caplog):
    tracking_module._warn_once.cache_clear()
    run = tracking_module.RunTask(BrokenTask(), settings)
    report(tracking_module, run, small_search)
    run.complete()
    warnings = [record.getMessage() for record in caplog.records]
    assert len([text for text in warnings if text.startswith("reporting scalars failed")]) == 1
    assert all("the run goes on without" in text for text in warnings)


def test_a_search_that_never_was_has_a_result_too(open_task, tracking_module, settings, fetched):
    run = open_task(settings)
    nothing = Finished("generations", 0, (), (), (), {}, 0, 0.0)
    tracking = tracking_module.Tracking(run, "r2")
    tracking.report_result(nothing, cv_score=0.1, holdout_score=0.2)
    tracking.report_end(nothing, spent_seconds={}, overrun_seconds=0.0, fallback="it is switched off")
    run.complete()
    summary = fetched(run).artifacts["evaluation_summary"].get()
    assert (summary["evaluations"], summary["fallback"]) == (0, "it is switched off")


ABORTED = """
import sys
from pathlib import Path
from config.settings import Settings
from experiments.reports.tracking import STOPPED_EXIT_CODE, Tracking, open_task
from experiments.search.events import Finished

run = open_task(Settings(home=Path(sys.argv[1]), project="Reports"))
print(run.id, flush=True)
assert run.stop_requested.wait(60)
nothing = Finished("stopped", 0, (), (), (), {}, 0, 0.0)
tracking = Tracking(run, "r2")
tracking.report_result(nothing, cv_score=0.1, holdout_score=0.2)
tracking.report_end(nothing, spent_seconds={}, overrun_seconds=0.0)
run.stop()
sys.exit(STOPPED_EXIT_CODE)
"""


def test_an_aborted_run_puts_away_what_it_has(tracking_module, tmp_path):
    from clearml import Task

    from pipelines.launching import api_client

    # By these variables the SDK would take the process for a child of this one's task.
    environment = {name: value for name, value in os.environ.items() if "PROC_MASTER_ID" not in name}
    process = subprocess.Popen(
        [sys.executable, "-c", ABORTED, str(tmp_path)],
        cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)}, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        task_id = process.stdout.readline().strip()
        api_client().tasks.stop(task=task_id)
        assert process.wait(timeout=90) == tracking_module.STOPPED_EXIT_CODE
    finally:
        process.kill()
        process.communicate()
    task = Task.get_task(task_id=task_id)
    assert str(task.data.status) == "stopped"
    assert "evaluation_summary" in task.artifacts


def test_tracking_costs_a_generation_next_to_nothing(open_task, tracking_module, settings, small_search):
    run = open_task(settings)
    tracking = tracking_module.Tracking(run, "accuracy", plot_interval=0.0)
    tracking.consume(small_search.generations[0])  # what is imported and started once
    began = time.process_time()
    for number in range(1, 11):
        tracking.consume(replace(small_search.generations[0], number=number))
    spent = time.process_time() - began
    run.complete()
    assert spent / 10 < 0.25  # seconds; about 0.02 on an idle processor

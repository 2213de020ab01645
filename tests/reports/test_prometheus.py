"""The numbers of a run for node-exporter's textfile collector."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from experiments.reports.prometheus import RunMetrics
from experiments.search.events import Evaluated


def samples(path):
    """Name and labels other than the task's -> value."""
    families = text_string_to_metric_families(path.read_text())
    return {
        (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "task")): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def path(tmp_path):
    """Where a run's numbers go; the folder is not there yet."""
    return tmp_path / "metrics" / "task.prom"


def test_a_finished_run_leaves_its_numbers(small_search, path):
    metrics = RunMetrics("abc", "local")
    for event in (*small_search.generations, small_search.finished):
        metrics.consume(event)
    metrics.finish(9.5)
    metrics.write(path)
    assert samples(path) == {
        ("tpot_parallel_fallbacks_total",): 0,
        ("training_duration_seconds", "local"): 9.5,
        ("training_best_score",): 0.86,
        ("tpot_evaluations_total", "valid"): 3,
        ("tpot_evaluations_total", "dropped"): 0,
        ("tpot_evaluations_total", "invalid"): 1,
        ("tpot_evaluations_total", "timeout"): 1,
        ("tpot_evaluations_total", "memory"): 0,
        ("tpot_evaluations_total", "crashed"): 0,
    }


def test_dropped_evaluations_are_counted_by_themselves(dropped, path):
    metrics = RunMetrics("abc", "local")
    metrics.consume(Evaluated(dropped(0), 1.0))
    metrics.write(path)
    assert samples(path)["tpot_evaluations_total", "dropped"] == 1
    assert samples(path)["tpot_evaluations_total", "valid"] == 0


def test_evaluations_are_counted_while_the_search_runs(evaluation, path):
    metrics = RunMetrics("abc", "off")
    for number in range(3):
        metrics.consume(Evaluated(evaluation(number), 1.0 + number))
    metrics.write(path)
    assert samples(path)["tpot_evaluations_total", "valid"] == 3
    assert samples(path)["training_duration_seconds", "off"] == 3.0
    assert ("training_best_score",) not in samples(path)


def test_a_fallback_is_counted_and_changes_the_mode(path):
    metrics = RunMetrics("abc", "distributed")
    metrics.fall_back()
    metrics.write(path)
    assert samples(path)[("tpot_parallel_fallbacks_total",)] == 1
    assert ("training_duration_seconds", "local") in samples(path)


def test_the_files_of_two_runs_do_not_hold_the_same_sample(path):
    lines = []
    for task in ("abc", "def"):
        RunMetrics(task, "local").write(path)
        lines += [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len({line.rpartition(" ")[0] for line in lines})


def test_nothing_half_written_stays_behind(path):
    RunMetrics("abc", "local").write(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["task.prom"]

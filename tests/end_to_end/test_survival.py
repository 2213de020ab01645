"""Processes are killed at work: a run goes on, or its task goes on where it was."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import psutil
import pytest

from pipelines.processes import wait_until
from tests.end_to_end.conftest import QUICK_SPACE

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(280)]

SETTINGS = ["--data", "penguins", "--population-size", "8", "--search-space", QUICK_SPACE, "--n-jobs", "2"]
#: enough evaluations to be killed in the middle
GENERATIONS = 3


def task_of(task_id: str) -> Any:
    from clearml import Task

    return Task.get_task(task_id=task_id)


def running_with(evaluations: int) -> str | None:
    """Id of a running task of which the server knows so many evaluations."""
    from clearml import Task

    for task in Task.get_tasks(task_filter={"status": ["in_progress"]}):
        if max(task.get_reported_scalars().get("Search", {}).get("evaluations", {"y": [0]})["y"]) >= evaluations:
            return str(task.id)
    return None


def task_process(task_id: str) -> psutil.Process:
    """The process that an agent started for a task."""
    for process in psutil.process_iter():
        try:
            if process.environ().get("CLEARML_TASK_ID") == task_id and "run.py" in " ".join(process.cmdline()):
                return process
        except psutil.Error:
            continue
    raise AssertionError(f"no process executes task {task_id}")


def leaderboard(task_id: str) -> list[tuple[str, float]]:
    return [(row["canonical"], row["score"]) for row in task_of(task_id).artifacts["leaderboard.json"].get()["rows"]]


def test_a_run_outlives_its_server_its_agent_and_its_scheduler(running_stack, command_line):
    process = command_line.start(
        "run", *SETTINGS, "--generations", str(GENERATIONS), "--time-left", "140", "-o", "json"
    )
    try:
        assert wait_until(lambda: running_with(8), 90, 0.3)
        for part in ("server", "agent", "dask-scheduler"):
            record = running_stack.processes.find(part)
            os.kill(record.pid, signal.SIGKILL)
            assert wait_until(
                lambda part=part, dead=record.pid: (now := running_stack.processes.find(part)) and now.pid != dead, 60
            )
        output, errors = process.communicate(timeout=150)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "started again" in errors
    printed = json.loads(output)
    task = task_of(printed["task_id"])
    assert str(task.data.status) == "completed"
    summary = task.artifacts["evaluation_summary"].get()
    assert summary["fallback"] == ""
    assert summary["evaluations"] == GENERATIONS * 8
    assert task.get_reported_scalars()["Search"]["evaluations"]["x"] == list(range(GENERATIONS))


def test_a_killed_task_goes_on_where_it_was_and_a_new_one_pays_for_nothing(running_stack, command_line):
    # its own seed: another test's evaluations are not this one's
    arguments = [*SETTINGS, "--seed", "7", "--generations", str(GENERATIONS), "--time-left", "140"]
    task_id = command_line.run("enqueue", *arguments)[0].strip()
    assert wait_until(lambda: running_with(8), 90, 0.3)
    task_process(task_id).kill()
    assert wait_until(lambda: str(task_of(task_id).data.status) == "failed", 60, 0.3)

    printed = command_line.json("resume", task_id)
    assert printed["task_id"] == task_id
    summary = task_of(task_id).artifacts["evaluation_summary"].get()
    assert summary["evaluations"] == GENERATIONS * 8
    assert summary["reused"] >= 8
    assert summary["spent_seconds"]["before the interruption"] > 0
    assert task_of(task_id).get_reported_scalars()["Search"]["evaluations"]["x"] == list(range(GENERATIONS))

    # an undisturbed run ends with the same leaderboard, and every evaluation is found on the server
    again = command_line.json("run", *arguments)
    assert leaderboard(again["task_id"]) == leaderboard(task_id)
    assert task_of(again["task_id"]).artifacts["evaluation_summary"].get()["reused"] == GENERATIONS * 8


def test_ctrl_c_stops_the_task_which_puts_away_what_it_found(running_stack, command_line):
    from clearml import InputModel

    process = command_line.start("run", *SETTINGS, "--seed", "8", "--generations", "10000", "--time-left", "200")
    try:
        assert wait_until(lambda: running_with(8), 90, 0.3)
        task_id = running_with(8)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "stopping: the best so far is fitted and published" in errors
    assert "hold-out" in errors
    task = task_of(task_id)
    assert str(task.data.status) == "stopped"
    assert {"leaderboard.json", "best_pipeline.py", "model.joblib", "checkpoint"} <= set(task.artifacts)
    assert task.artifacts["evaluation_summary"].get()["reason"] == "stopped"
    model = InputModel(model_id=task.models["output"][-1].id)
    assert model.published

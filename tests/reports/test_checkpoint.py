"""What an interrupted run goes on from, through the real SDK and a server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.settings import Settings
from experiments.search.journal import Journal
from tests.search.conftest import make_problem
from tests.search.test_journal import evaluation


@pytest.fixture(scope="module")
def problem():
    return make_problem()


@pytest.fixture
def checkpoint_module(clearml_server):
    from experiments.reports import checkpoint

    return checkpoint


@pytest.fixture
def new_task(clearml_server, tmp_path):
    """Opens tasks of this process, one after the other."""
    from experiments.reports.tracking import open_task

    opened = []

    def open_one():
        for run in opened:
            run.stop()
        opened.append(open_task(Settings(home=tmp_path, project="Reports"), f"checkpoint {len(opened)}"))
        return opened[-1].task

    yield open_one
    for run in opened:
        run.stop()


def again(task):
    from clearml import Task

    return Task.get_task(task_id=task.id)


def test_a_task_without_a_checkpoint_begins_afresh_under_a_name_of_its_own(checkpoint_module, new_task):
    task = new_task()
    first, second = checkpoint_module.Interrupted.of(task), checkpoint_module.Interrupted.of(task)
    assert (first.spent_seconds, first.generations, first.journal) == (0.0, 0, b"")
    assert first.run != second.run


def test_another_machine_goes_on_from_the_artifact(checkpoint_module, new_task, problem):
    task = new_task()
    journal = Journal(problem, 1, checkpoint_module.Interrupted.of(task).run)
    journal.note(evaluation("p", "timeout", ()))
    checkpoint_module.Checkpoints(task, journal, lambda: 12.5).save(3, at_once=True)
    interrupted = checkpoint_module.Interrupted.of(again(task))
    assert (interrupted.run, interrupted.spent_seconds, interrupted.generations) == (journal.run, 12.5, 3)
    elsewhere = Journal(problem, 1, interrupted.run)
    elsewhere.absorb(interrupted.journal)
    assert elsewhere.recall("p")


def test_a_run_begins_with_what_the_runs_before_it_know(checkpoint_module, new_task, problem):
    earlier = new_task()
    journal = Journal(problem, 5, "earlier")
    journal.note(evaluation("p"))
    checkpoints = checkpoint_module.Checkpoints(earlier, journal, lambda: 0.0)
    checkpoints.begin()
    checkpoints.save(0, at_once=True)
    for seed, known in ((5, True), (6, False)):
        later = Journal(problem, seed, "later")
        checkpoint_module.Checkpoints(new_task(), later, lambda: 0.0).begin()
        assert bool(later.recall("p")) is known


def test_checkpoints_keep_their_distance(checkpoint_module, new_task, problem):
    task = new_task()
    now = 0.0
    journal = Journal(problem, 2, "run")
    checkpoints = checkpoint_module.Checkpoints(task, journal, lambda: now, clock=lambda: now)
    saved = []
    for now in (1.0, checkpoint_module.INTERVAL + 1, checkpoint_module.INTERVAL + 2):
        journal.note(replace(evaluation(f"p{now}")))
        checkpoints.save(0)
        checkpoints.await_saved()
        artifact = again(task).artifacts.get("checkpoint")
        saved.append(artifact and checkpoint_module.Interrupted.of(again(task)).spent_seconds)
    assert saved == [None, checkpoint_module.INTERVAL + 1, checkpoint_module.INTERVAL + 1]


def test_a_checkpoint_that_cannot_be_read_is_as_none(checkpoint_module, new_task, tmp_path, caplog):
    task = new_task()
    path = tmp_path / "checkpoint.jsonl.gz"
    path.write_bytes(b"no gzip")
    task.upload_artifact("checkpoint", path, wait_on_upload=True)
    assert checkpoint_module.Interrupted.of(again(task)).journal == b""
    assert "the run begins afresh" in caplog.text

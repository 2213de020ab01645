"""What is written down of evaluations, and what is taken over from it."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from experiments.search.events import Evaluation, Measures, Outcome
from experiments.search.journal import Journal
from tests.search.conftest import make_problem


@pytest.fixture(scope="module")
def problem():
    return make_problem()


def evaluation(pipeline: str, outcome: Outcome = "valid", folds: tuple[float, ...] = (0.1, 0.2, 0.3)) -> Evaluation:
    score = 0.2 if outcome == "valid" else None
    return Evaluation(0, 0, pipeline, None, outcome, "", score, folds, Measures(3.0, 1.5), 2.5, "w", (), "random")


def test_an_entry_comes_back_as_it_was(problem, tmp_path):
    Journal(problem, 1, "run", tmp_path).note(replace(evaluation("p"), first_look=0.05))
    entry = Journal(problem, 1, "run", tmp_path).recall("p")
    assert entry is not None
    assert (entry.outcome, entry.looks, entry.measures, entry.seconds, entry.run) == (
        "valid", (0.05, 0.1, 0.2, 0.3), Measures(3.0, 1.5), 2.5, "run",
    )  # fmt: skip


@pytest.mark.parametrize("outcome", ["timeout", "memory", "crashed"])
def test_a_limit_that_was_hit_holds_for_the_same_run_only(problem, tmp_path, outcome):
    Journal(problem, 1, "run", tmp_path).note(evaluation("p", outcome, ()))
    assert Journal(problem, 1, "run", tmp_path).recall("p")
    assert Journal(problem, 1, "another", tmp_path).recall("p") is None


def test_another_run_takes_over_what_would_be_the_same_unless_told_not_to(problem, tmp_path):
    Journal(problem, 1, "run", tmp_path).note(evaluation("p", "invalid", ()))
    assert Journal(problem, 1, "another", tmp_path).recall("p")
    assert Journal(problem, 1, "another", tmp_path, reuse=False).recall("p") is None


def test_other_folds_another_metric_and_another_seed_are_another_journal(problem):
    keys = {
        Journal(each, seed).key
        for each, seed in (
            (problem, 1), (problem, 2), (make_problem(n_rows=90), 1), (replace(problem, metric="roc_auc"), 1)
        )
    }  # fmt: skip
    assert len(keys) == 4


def test_of_several_runs_the_one_that_looked_furthest_counts(problem, tmp_path):
    Journal(problem, 1, "a", tmp_path).note(evaluation("p", "dropped", (0.1,)))
    Journal(problem, 1, "b", tmp_path).note(evaluation("p"))
    Journal(problem, 1, "c", tmp_path).note(evaluation("p", "dropped", (0.1, 0.2)))
    entry = Journal(problem, 1, "d", tmp_path).recall("p")
    assert entry is not None
    assert entry.outcome == "valid"


def test_a_torn_line_costs_that_line_only(problem, tmp_path):
    journal = Journal(problem, 1, "run", tmp_path)
    journal.note(evaluation("first"))
    with open(tmp_path / f"{journal.key}.jsonl", "ab") as file:
        file.write(b'{"pipeline": "torn", "outc')
    Journal(problem, 1, "run", tmp_path).note(evaluation("second"))
    read = Journal(problem, 1, "run", tmp_path)
    assert [bool(read.recall(name)) for name in ("first", "torn", "second")] == [True, False, True]


def test_what_was_noted_outlasts_a_killed_process(problem, tmp_path):
    program = """
import os, sys
from pathlib import Path
from experiments.search.journal import Journal
from tests.search.conftest import make_problem
from tests.search.test_journal import evaluation
Journal(make_problem(), 1, "run", Path(sys.argv[1])).note(evaluation("p"))
os.kill(os.getpid(), 9)
"""
    path = os.pathsep.join(path for path in sys.path if path)
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=os.environ | {"PYTHONPATH": path}, check=False
    )
    assert ended.returncode == -9
    assert Journal(problem, 1, "run", tmp_path).recall("p")


def test_a_checkpoint_carries_all_entries_to_another_machine(problem, tmp_path):
    Journal(problem, 1, "earlier", tmp_path).note(evaluation("theirs"))
    journal = Journal(problem, 1, "run", tmp_path)
    journal.note(evaluation("own", "timeout", ()))
    head, _, lines = gzip.decompress(journal.checkpoint("about")).partition(b"\n")
    elsewhere = Journal(problem, 1, "run")
    elsewhere.absorb(lines)
    assert head == b"about"
    assert elsewhere.recall("theirs")
    assert elsewhere.recall("own")
    assert elsewhere.recall("unknown") is None

"""A contender in a process of its own: what is told of its time, and how it ends."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.benchmarks.search.contest import LOG, last_words, run_contender
from tests.benchmarks.search.scoring import score_predictions

DESK = Path(__file__).parent / "search" / "contenders"
BEGINNING = f"""
import sys
sys.path.insert(0, {str(DESK)!r})
from assignment import Assignment
from pathlib import Path
folder = Path(sys.argv[1])
assignment = Assignment(folder, "y", "regression", "r2", 0, 1.0, 5, 2)
"""


@pytest.fixture
def run(tmp_path):
    """Runs a script that goes on from a given assignment."""

    def running(script, **options):
        path = tmp_path / "contender.py"
        path.write_text(BEGINNING + script)
        return run_contender(Path(sys.executable), path, tmp_path, budget=0.1, threads=1, **options)

    return running


def test_the_fit_is_timed_without_what_surrounds_it(run):
    seen = run(
        """
import time
with assignment.clock():
    print("a library talks")
    began = time.process_time()
    while time.process_time() - began < 0.3:
        pass
"""
    )
    assert seen.error is None
    assert not seen.killed
    assert seen.fit_seconds < seen.wall_seconds
    assert seen.cpu_seconds >= 0.25  # the system counts in hundredths


def test_processor_time_of_child_processes_counts(run):
    seen = run(
        """
import subprocess
with assignment.clock():
    work = "import time\\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", work], check=True)
"""
    )
    assert seen.cpu_seconds >= 0.25


def test_what_libraries_print_goes_to_the_log_and_not_to_the_clock(run, tmp_path):
    seen = run("with assignment.clock():\n    print('ended 0')\n    import os; os.write(1, b'ended 1\\n')\n")
    assert seen.fit_seconds > 0
    assert "ended 1" in (tmp_path / LOG).read_text()


def test_an_error_is_told_in_one_line_and_its_fit_is_timed_all_the_same(run):
    seen = run("with assignment.clock():\n    raise ValueError('too\\nmuch')\n")
    assert seen.error == "ValueError: too"
    assert seen.fit_seconds is not None


def test_one_that_is_far_over_its_budget_is_ended_with_all_that_it_started(run, tmp_path):
    seen = run(
        """
import subprocess, time
with assignment.clock():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    (folder / "child").write_text(str(child.pid))
    time.sleep(1000)
""",
        grace=2.0,
    )
    assert seen.killed
    assert seen.error.startswith("ended after")
    child = int((tmp_path / "child").read_text())
    until = time.monotonic() + 30
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_last_words_are_those_of_the_last_traceback():
    log = (
        "Traceback (most recent call last):\n  File x\nKeyError: 1\n...\nTraceback (most recent call last):\n  File y\n"
    )
    assert last_words(log + "Exception: none\n1it [00:29]\n") == "Exception: none"
    assert last_words("some\nmessage\n\n") == "message"
    assert last_words("") == ""


@pytest.fixture
def predictions(tmp_path):
    """Writes what a contender said."""

    def writing(**said):
        np.savez(tmp_path / "single.npz", **said)
        return tmp_path / "single.npz"

    return writing


def test_regression_is_scored_by_its_numbers(predictions):
    y = np.array([1.0, 2.0, 3.0])
    assert score_predictions(predictions(labels=y), y, "r2", "regression") == 1.0


def test_classes_are_scored_by_what_the_metric_asks_for(predictions):
    y, labels = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])
    proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.8, 0.2]])
    path = predictions(labels=labels, predict_proba=proba)
    assert score_predictions(path, y, "accuracy", "classification") == 0.75
    assert score_predictions(path, y, "roc_auc", "classification") == 1.0
    assert score_predictions(path, y, "neg_log_loss", "classification") == pytest.approx(
        np.mean(np.log([0.9, 0.8, 0.3, 0.8]))
    )


def test_margins_rank_where_there_are_no_probabilities(predictions):
    y = np.array([0, 1, 1, 0])
    path = predictions(labels=y, decision_function=np.array([-1.0, 2.0, 1.0, 0.5]))
    assert score_predictions(path, y, "roc_auc", "classification") == 1.0
    with pytest.raises(AttributeError):
        score_predictions(path, y, "neg_log_loss", "classification")

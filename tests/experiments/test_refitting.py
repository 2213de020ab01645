"""A pipeline is fitted once more in a process of its own."""

from __future__ import annotations

import runpy

import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from config.errors import RunFailed
from experiments.refitting import refitted_by_code, refitted_clone
from models.published import publishable
from pipelines.processes import wait_until

SECONDS = 100.0
CODE = """
import numpy
from sklearn.dummy import DummyRegressor

def fitted(path):
    rows = len(open(path).readlines())
    return DummyRegressor(strategy="constant", constant=numpy.random.rand()).fit([[0]] * rows, [0.0] * rows)
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,y\n1,2\n")
    return path


def test_code_is_run_on_the_table_and_finds_the_seed_of_its_run(table):
    made = refitted_by_code(CODE.encode(), table, 7, SECONDS)
    np.random.seed(7)
    assert made.predict([[0]])[0] == np.random.rand()


def test_a_script_that_fails_tells_its_last_line(table):
    with pytest.raises(RunFailed, match="the fit failed: ValueError: no such column"):
        refitted_by_code(b"def fitted(path):\n    raise ValueError('no such column')\n", table, 0, SECONDS)


def test_a_script_that_ends_its_process_is_told_of(table):
    with pytest.raises(RunFailed, match="the fit failed: exit code 5"):
        refitted_by_code(b"import os\n\ndef fitted(path):\n    os._exit(5)\n", table, 0, SECONDS)


def test_a_fit_that_takes_too_long_is_ended_with_what_it_started(table, tmp_path):
    number = tmp_path / "child"
    script = f"""
import subprocess, sys, time
def fitted(path):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
    open({str(number)!r}, "w").write(str(child.pid))
    time.sleep(100)
"""
    with pytest.raises(RunFailed, match="took longer than 10 s; allow more with --time-limit"):
        refitted_by_code(script.encode(), table, 0, 10.0)
    assert wait_until(lambda: has_ended(int(number.read_text())), 10.0)


def has_ended(process_id: int) -> bool:
    """Whether a process is gone, or waits only for somebody to ask how it ended."""
    try:
        return psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_clone_is_fitted_on_the_same_rows_with_the_same_seed():
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.integers(0, 3, (80, 5)), columns=list("abcde"))
    y = np.where(random.random(80) < 0.5, "yes", "no")
    np.random.seed(3)
    tree = DecisionTreeClassifier(max_features=1, max_depth=4)  # draws from numpy's generator
    fitted = publishable(StandardScaler(), tree, X, y, "classification")
    again = refitted_clone(fitted, X, y, "classification", None, 3, SECONDS)
    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
    other = refitted_clone(fitted, X, y, "classification", None, 4, SECONDS)
    assert not np.array_equal(other.predict_proba(X), fitted.predict_proba(X))


def test_a_class_that_only_a_persons_file_defines_is_fitted_again(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text('from sklearn.dummy import DummyClassifier\n\nclass Mine(DummyClassifier):\n    """My own."""\n')
    mine = runpy.run_path(str(path), run_name="mine")["Mine"]
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]})
    fitted = publishable(StandardScaler(), mine(), X, ["no", "yes", "yes", "yes"], "classification")
    again = refitted_clone(fitted, X, ["no", "yes", "yes", "no"], "classification", None, 0, SECONDS)
    assert type(again.estimators_[0].named_steps["model"]).__name__ == "Mine"
    assert set(again.predict(X)) <= {"no", "yes"}

"""An evaluating process ends every evaluation within its limits, whatever it does, and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from sklearn.linear_model import LogisticRegression

from experiments.search.order import Order, Packed
from experiments.search.sandbox import Limits, Sandbox, SandboxLost, lesson
from tests.search import hostile
from tests.search.conftest import PATIENCE, make_problem, wait_until

LIMIT = 1.0  # seconds
MEMORY = 300  # MB


def packed(estimator: Any, seconds: float | None = None) -> Packed:
    """An evaluation of an estimator, as it travels."""
    return Order(0, estimator, seconds=seconds).packed()


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox(Limits(LIMIT, MEMORY), seed=7)
    sandbox.learn(lesson(make_problem()))
    sandbox.evaluate(packed(hostile.Constant()))  # it is ready now, so that what follows measures evaluations only
    yield sandbox
    sandbox.close()


def test_scores_an_estimator_on_every_fold(sandbox):
    verdict = sandbox.evaluate(packed(LogisticRegression()))
    assert verdict.outcome == "valid"
    assert len(verdict.looks) == 3
    assert min(verdict.looks) > 0.8
    assert verdict.measures.complexity == 7  # six coefficients and the intercept
    assert 0 < verdict.seconds < LIMIT


@pytest.mark.parametrize("estimator", [hostile.Sleeper(), hostile.Holder()])
def test_ends_what_hangs_within_two_seconds_of_the_limit(sandbox, estimator):
    began = time.monotonic()
    verdict = sandbox.evaluate(packed(estimator))
    assert time.monotonic() - began < LIMIT + 2
    assert verdict.outcome == "timeout"
    assert verdict.cause == "longer than 1 seconds"


def test_a_task_may_have_a_limit_of_its_own(sandbox):
    verdict = sandbox.evaluate(packed(hostile.Sleeper(), seconds=0.1))
    assert (verdict.outcome, verdict.cause) == ("timeout", "longer than 0.1 seconds")


def test_ends_processes_that_an_evaluation_left_behind(sandbox, tmp_path):
    left_behind = tmp_path / "pid"
    assert sandbox.evaluate(packed(hostile.Forker(str(left_behind)))).outcome == "timeout"
    assert not psutil.pid_exists(int(left_behind.read_text()))


def test_ends_what_eats_memory():
    sandbox = Sandbox(Limits(PATIENCE, 100), seed=0)
    try:
        sandbox.learn(lesson(make_problem()))
        for estimator in (hostile.MemoryEater(), hostile.Glutton()):
            verdict = sandbox.evaluate(packed(estimator))
            assert (verdict.outcome, verdict.cause) == ("memory", "more than 100 MB of memory")
            assert psutil.Process(sandbox.pid).children() == []
        assert sandbox.evaluate(packed(hostile.Constant())).outcome == "valid"
    finally:
        sandbox.close()


def test_a_segmentation_fault_costs_one_evaluation(sandbox):
    verdict = sandbox.evaluate(packed(hostile.Segfaulter()))
    assert (verdict.outcome, verdict.cause) == ("crashed", "killed by SIGSEGV")
    assert sandbox.evaluate(packed(hostile.Constant())).outcome == "valid"


def test_an_evaluation_that_ends_its_process_has_crashed(sandbox):
    verdict = sandbox.evaluate(packed(hostile.Quitter()))
    assert (verdict.outcome, verdict.cause) == ("crashed", "ended with exit code 3")


def test_an_error_is_told_in_one_line_with_the_estimator_that_raised_it(sandbox):
    verdict = sandbox.evaluate(packed(hostile.Complainer()))
    assert (verdict.outcome, verdict.cause) == ("invalid", "Complainer: ValueError: does not like the data")


def test_noise_does_not_disturb(sandbox):
    assert sandbox.evaluate(packed(hostile.Chatterer())).outcome == "valid"
    assert sandbox.evaluate(packed(hostile.Constant())).outcome == "valid"


def test_every_evaluation_starts_from_the_same_state(sandbox):
    first = sandbox.evaluate(packed(hostile.Undecided()))
    sandbox.evaluate(packed(LogisticRegression()))
    assert sandbox.evaluate(packed(hostile.Undecided())).looks == first.looks


def test_the_running_evaluation_can_be_cancelled():
    sandbox = Sandbox(Limits(60.0, MEMORY), seed=0)
    try:
        sandbox.learn(lesson(make_problem()))
        sandbox.evaluate(packed(hostile.Constant()))
        began = time.monotonic()
        threading.Timer(0.2, sandbox.cancel).start()
        assert sandbox.evaluate(packed(hostile.Sleeper())).outcome is None
        assert time.monotonic() - began < 2
        sandbox.cancel(ticket=5)
        assert sandbox.evaluate(packed(hostile.Constant()), ticket=5).outcome is None
        assert sandbox.evaluate(packed(hostile.Constant()), ticket=6).outcome == "valid"
    finally:
        sandbox.close()


def test_a_lost_process_is_told_of():
    sandbox = Sandbox(Limits(LIMIT, MEMORY), seed=0)
    os.kill(sandbox.pid, signal.SIGKILL)
    with pytest.raises(SandboxLost, match="ended with -9"):
        sandbox.evaluate(packed(hostile.Constant()))
    sandbox.close()


OWNER = """
import sys, threading
from experiments.search.order import Order
from experiments.search.sandbox import Limits, Sandbox, lesson
from tests.search import hostile
from tests.search.conftest import make_problem

sandbox = Sandbox(Limits(600.0, 1000), seed=0)
sandbox.learn(lesson(make_problem()))
sandbox.evaluate(Order(0, hostile.Constant()).packed())
print(sandbox.pid, flush=True)
sandbox.evaluate(Order(0, hostile.Sleeper()).packed())
"""


def test_it_ends_with_its_owner_even_in_the_middle_of_an_evaluation():
    root = Path(__file__).parents[2]
    owner = subprocess.Popen([sys.executable, "-W", "ignore", "-c", OWNER], cwd=root, stdout=subprocess.PIPE)
    with owner:
        sandbox = psutil.Process(int(owner.stdout.readline()))
        wait_until(sandbox.children)
        evaluation = sandbox.children()[0]
        owner.kill()
    wait_until(lambda: not sandbox.is_running() and not evaluation.is_running())

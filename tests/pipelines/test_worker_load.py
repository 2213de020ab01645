"""What a Dask worker tells of its load and memory, its sub-processes among them."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from pipelines.pool_information import told
from pipelines.worker_load import INTERVAL, LOAD, MEMORY, Tree, dask_setup


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def busy_child():
    """A sub-process that has used a processor for a while, and waits."""
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        yield child
        child.communicate(b"\n")


def test_the_work_of_a_sub_process_counts(busy_child):
    clock = Clock()
    tree = Tree(psutil.Process(), clock)
    tree._seconds[busy_child.pid] = 0.0  # as it was before it worked
    own = tree.memory
    clock.now = 10.0
    assert tree.refresh().load >= 2.0  # 0.3 s of 10 s, about
    assert own > psutil.Process().memory_info().rss * 0.5


def test_it_looks_no_more_often_than_it_must():
    clock = Clock()
    tree = Tree(psutil.Process(), clock)
    seen = tree._seconds
    clock.now = INTERVAL - 0.1
    assert tree.refresh()._seconds is seen
    clock.now = INTERVAL
    assert tree.refresh()._seconds is not seen


def test_a_worker_gets_both_metrics():
    worker = SimpleNamespace(metrics={})
    dask_setup(worker)
    assert worker.metrics[LOAD](worker) == 0.0
    assert worker.metrics[MEMORY](worker) > 1e6


def test_metrics_that_json_cannot_hold_are_left_out():
    metrics = {"cpu": 3.0, "digests": {("execute", "x"): 1.0}, "nothing": None}
    identity = {"address": "tcp://a", "workers": {"tcp://b": {"name": "0", "metrics": metrics}}}
    found = told(identity)
    assert found["workers"]["tcp://b"]["metrics"] == {"cpu": 3.0, "nothing": None}
    assert json.dumps(found)

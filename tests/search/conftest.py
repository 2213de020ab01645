"""Problems small enough that an evaluation takes milliseconds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import FunctionTransformer

from experiments.search.problem import Problem, prepare
from pipelines.pool import CALM

#: longest wait for something that another process does, in seconds; the machine may be busy
PATIENCE = 60.0


def make_problem(task: str = "classification", n_rows: int = 120, n_classes: int = 2) -> Problem:
    """Six columns, three folds, a signal in two of the columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 6))
    signal = X[:, 0] - X[:, 1] + rng.normal(scale=0.3, size=n_rows)
    y = signal
    if task == "classification":
        y = np.digitize(signal, np.quantile(signal, np.linspace(0, 1, n_classes + 1)[1:-1]))
    folds = (StratifiedKFold if task == "classification" else KFold)(3, shuffle=True, random_state=0)
    return prepare(pd.DataFrame(X), y, FunctionTransformer(), list(folds.split(X, y)), "auto", task)


@pytest.fixture(scope="session")
def classification() -> Problem:
    return make_problem("classification")


@pytest.fixture(scope="session")
def regression() -> Problem:
    return make_problem("regression")


def wait_until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Waits for a condition, and fails when it does not come true."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


class Cluster:
    """A Dask scheduler and the workers that a test wants, each a process of its own.

    Args:
        folder: for the scheduler file.
    """

    def __init__(self, folder: Path) -> None:
        self.scheduler_file = folder / "scheduler.json"
        self._processes = ExitStack()
        self.start_scheduler()

    def start_scheduler(self) -> None:
        """A scheduler at an address of its own, which it writes to the scheduler file, where another was before."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard",
            "--scheduler-file", str(self.scheduler_file),
        )  # fmt: skip

    def add_worker(self, *options: str) -> subprocess.Popen:
        """A worker that joins in a moment."""
        return self._start(
            "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", *options
        )  # fmt: skip

    def close(self) -> None:
        self._processes.close()

    def _start(self, program: str, *arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *arguments],
            env=os.environ | CALM | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def end() -> None:
            process.kill()
            process.wait()

        self._processes.callback(end)
        return process


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    started = Cluster(tmp_path)
    yield started
    started.close()

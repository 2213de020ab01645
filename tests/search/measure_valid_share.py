"""Prints the share of random individuals that can be evaluated, by search space, task and table, and why others fail.

python tests/search/measure_valid_share.py 60 [linear graph-light ...]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import FunctionTransformer

from experiments.search.canonical import text
from experiments.search.metric import Task
from experiments.search.order import Order
from experiments.search.pool import Limits, open_pool
from experiments.search.problem import Problem, prepare
from experiments.search.space import search_space
from experiments.search.space_names import NAMES

TABLES = ("numeric", "mixed", "negative")
TASKS: tuple[Task, ...] = ("classification", "regression")


def table(kind: str, task: Task, n_rows: int = 240, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """A table of twelve columns with a signal.

    Args:
        kind: ``numeric`` (positive, of very different sizes), ``mixed`` (half of them zeros and ones, as categories
            become) or ``negative`` (centred features and, for regression, target).
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 12))
    signal = X[:, 0] + 0.5 * X[:, 1] * X[:, 2] - X[:, 7] + rng.normal(scale=0.5, size=n_rows)
    if kind != "negative":
        X[:, :6] = np.exp(X[:, :6]) * 10.0 ** np.arange(-2, 4)
    if kind == "numeric":
        X[:, 6:] = np.abs(X[:, 6:])
        signal = signal - signal.min() + 1
    if kind == "mixed":
        X[:, 6:] = X[:, 6:] > np.linspace(-1, 2, 6)
    y = (signal > np.median(signal)).astype(int) if task == "classification" else signal
    return pd.DataFrame(X), y


def problem_of(kind: str, task: Task, n_rows: int = 240, n_splits: int = 3) -> Problem:
    X, y = table(kind, task, n_rows)
    folds = (StratifiedKFold if task == "classification" else KFold)(n_splits, shuffle=True, random_state=0)
    return prepare(X, y, FunctionTransformer(), list(folds.split(X, y)), "auto", task)


def outcomes_of(problem: Problem, space_name: str, count: int) -> Iterator[tuple[str, str, float, str]]:
    """Outcome, cause, seconds and pipeline of each of so many random individuals."""
    space = search_space(space_name, problem, seed=1)
    rng = np.random.default_rng(0)
    pipelines = {}
    with open_pool(problem, Limits(per_run_limit=60.0, memory_limit_mb=2000), "local", n_jobs=2) as pool:
        for number in range(count):
            estimator = space.estimator(space.random(rng))
            pipelines[number] = text(estimator)
            pool.submit(Order(number, estimator))
        while pipelines:
            for result in pool.wait(120.0):
                yield result.outcome, result.cause, result.seconds, pipelines.pop(result.number)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    for space_name in sys.argv[2:] or NAMES:
        for task in TASKS:
            for kind in TABLES:
                began = time.monotonic()
                outcomes = list(outcomes_of(problem_of(kind, task), space_name, wanted))
                failed = [each for each in outcomes if each[0] != "valid"]
                share = 1 - len(failed) / len(outcomes)
                spent = time.monotonic() - began
                print(f"{space_name:13} {task:15} {kind:9} {share:6.1%} of {wanted} in {spent:.0f} s", flush=True)
                for outcome, cause, seconds, pipeline in failed:
                    print(f"    {outcome} after {seconds:.1f} s: {cause}\n        {pipeline[:200]}", flush=True)

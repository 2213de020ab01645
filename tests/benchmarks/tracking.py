"""What README.md states, measured: enqueue to the first scalar, and what tracking costs a search.

Run by ``make bench``. Everything runs in a stack of its own, on free ports, and is gone afterwards.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console

from config.settings import Resolved, Settings
from experiments.preparation import prepare
from experiments.search.evolution import evolve
from experiments.search.pool import Limits, open_pool
from pipelines.launching import enqueue
from pipelines.stack import Stack

messages = Console(stderr=True, highlight=False)
ENQUEUED = 5  # tasks
PAIRS = 4  # of a tracked and an untracked search
SEARCH = {"data": "german_credit", "search_space": "linear-light", "population_size": 16, "generations": 4,
          "cv_folds": 3, "parallel_mode": "local", "n_jobs": 2}  # fmt: skip


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enqueued", type=int, default=ENQUEUED)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="automl-bench-", ignore_cleanup_errors=True) as folder:
        settings = Settings(home=Path(folder), api_port=0, web_port=0, files_port=0, n_jobs=2)
        for name in [name for name in os.environ if name.startswith("CLEARML")]:
            del os.environ[name]
        stack = Stack(Resolved(settings, dict.fromkeys(Settings.model_fields, "default")))
        try:
            stack.start()
            stack.pool.wait()
            first_scalars(stack, options.enqueued)
            cost_of_tracking(settings, options.pairs)
        finally:
            stack.stop()


def first_scalars(stack: Stack, count: int) -> None:
    """Seconds from the return of the enqueue call to the first scalar that the server holds."""
    from clearml import Task

    seconds = []
    for seed in range(count):
        settings = stack.run_settings().model_copy(update={"time_left": 15.0, "seed": seed, "data": "german_credit"})
        launched = enqueue(settings, f"bench {seed}")
        began = time.monotonic()
        task = Task.get_task(task_id=launched.task_id)
        while not task.get_reported_scalars():
            time.sleep(0.1)
        seconds.append(time.monotonic() - began)
        messages.print(f"  enqueue to first scalar: {seconds[-1]:.1f} s")
        while str(task.get_status()) not in ("completed", "failed", "stopped"):
            time.sleep(0.2)
    print(f"enqueue to first scalar: median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s of {count}")


def cost_of_tracking(settings: Settings, pairs: int) -> None:
    """Seconds of the same search tracked and untracked, alternating, as ratios."""
    ratios = []
    for pair in range(pairs):
        search = settings.model_copy(update=SEARCH)
        order = (True, False) if pair % 2 else (False, True)
        seconds = {tracked: search_seconds(search, tracked) for tracked in order}
        ratios.append(seconds[True] / seconds[False])
        messages.print(f"  tracked {seconds[True]:.2f} s, untracked {seconds[False]:.2f} s, ratio {ratios[-1]:.3f}")
    evaluations = SEARCH["population_size"] * SEARCH["generations"]
    print(
        f"tracked over untracked, {evaluations} evaluations in {SEARCH['generations']} generations: median"
        f" {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}, {pairs} pairs"
    )


def search_seconds(settings: Settings, tracked: bool) -> float:
    """Seconds from the first submission to the last event of a search."""
    from experiments.reports.tracking import Tracking, open_task

    run = open_task(settings) if tracked else None
    prepared = prepare(settings)
    problem = prepared.problem(settings.cv_folds, settings.seed)
    limits = Limits(settings.per_run_limit, settings.memory_limit_mb)
    with open_pool(problem, limits, "local", settings.n_jobs, seed=settings.seed) as pool:
        tracking = Tracking(run.task, settings, prepared.metric) if run else None
        began = time.monotonic()
        for event in evolve(
            problem, space=settings.search_space, population_size=settings.population_size,
            generations=settings.generations, seed=settings.seed, pool=pool,
        ):  # fmt: skip
            if tracking:
                tracking.consume(event)
        seconds = time.monotonic() - began
    if run:
        run.complete()
    return seconds


if __name__ == "__main__":
    main()

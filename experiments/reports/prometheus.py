"""A run's numbers for Prometheus, in a file that node-exporter's textfile collector picks up.

A run is a batch job that ends: nothing would be there to scrape, so it leaves its last numbers behind
(https://github.com/prometheus/node_exporter#textfile-collector). Every sample carries the task's id, because the
collector refuses two files with the same sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from experiments.search.events import Evaluated, Event, Finished, Generation, Outcome

KEPT_RUNS = 100  # files in the folder, the newest


class RunMetrics:
    """Consumes a search's events and keeps the numbers of one run."""

    def __init__(self, task_id: str, mode: str) -> None:
        """Begins with nothing.

        Args:
            task_id: the run's task.
            mode: local, distributed or off; `fall_back` changes it.
        """
        self._task_id = task_id
        self._mode = mode
        self._fallbacks = 0
        self._outcomes: Counter[str] = Counter()
        self._best: float | None = None
        self._seconds = 0.0

    def consume(self, event: Event) -> None:
        """Takes in one event."""
        if isinstance(event, Evaluated):
            self._outcomes[event.evaluation.outcome] += 1
        elif isinstance(event, Generation):
            self._best = event.best_score
        elif isinstance(event, Finished):
            # The whole truth, also where single evaluations were not told.
            self._outcomes = Counter(evaluation.outcome for evaluation in event.evaluations)
            self._best = event.leaderboard[0].score if event.leaderboard else None
        self._seconds = max(self._seconds, event.spent_seconds)

    def fall_back(self, mode: str = "local") -> None:
        """The distributed pool could not be reached, and the search goes on in another mode."""
        self._fallbacks += 1
        self._mode = mode

    def finish(self, seconds: float) -> None:
        """The run has ended.

        Args:
            seconds: wall clock of all of it, the search included.
        """
        self._seconds = seconds

    def write(self, path: Path) -> None:
        """Writes all samples into a file that is there whole or not at all; its name must end in ``.prom``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        registry = CollectorRegistry()
        registry.register(self)
        write_to_textfile(str(path), registry)
        _remove_oldest(path.parent)

    def collect(self) -> Iterator[Metric]:
        """The samples, as prometheus-client's registries ask for them."""
        fallbacks = CounterMetricFamily(
            "tpot_parallel_fallbacks", "Runs whose distributed pool could not be reached.", labels=["task"]
        )
        fallbacks.add_metric([self._task_id], self._fallbacks)
        yield fallbacks
        duration = GaugeMetricFamily(
            "training_duration_seconds", "Wall clock of the run so far.", labels=["mode", "task"]
        )
        duration.add_metric([self._mode, self._task_id], self._seconds)
        yield duration
        if self._best is not None:
            best = GaugeMetricFamily(
                "training_best_score", "Best cross-validated score, greater is better.", labels=["task"]
            )
            best.add_metric([self._task_id], self._best)
            yield best
        evaluations = CounterMetricFamily(
            "tpot_evaluations", "Evaluated pipelines by what came of them.", labels=["outcome", "task"]
        )
        for outcome in get_args(Outcome):
            evaluations.add_metric([outcome, self._task_id], self._outcomes[outcome])
        yield evaluations


def _remove_oldest(folder: Path) -> None:
    """Removes the files of runs long gone, which the collector would export for ever."""
    files = sorted(folder.glob("*.prom"), key=lambda path: path.stat().st_mtime)
    for path in files[:-KEPT_RUNS]:
        path.unlink(missing_ok=True)

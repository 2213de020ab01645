"""The search of one experiment: on the pool that the settings ask for, its events sent to whoever shows them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from config.errors import BadInput, RunFailed, StoppedEarly
from config.settings import Settings
from experiments.reports.tracking import Tracking
from experiments.search.budget import Budget
from experiments.search.events import Event, Finished
from experiments.search.evolution import evolve
from experiments.search.pool import Limits, open_pool_or_fall_back
from experiments.search.problem import Problem

log = logging.getLogger(__name__)

#: no evaluation may take more than this share of the search, as in auto-sklearn (`per_run_time_limit` there), or two
#: slow pipelines would be all that a short search sees
SHARE_OF_SEARCH = 0.1
#: but a strong pipeline of the starting portfolio must come through in the shortest search, too
SECONDS_AT_LEAST = 10.0
#: the end of a search that never began
NO_SEARCH = Finished("generations", 0, (), (), (), {}, 0, 0.0)


def search(
    settings: Settings,
    problem: Problem,
    deadline: float,
    tracking: Tracking,
    show: Callable[[Event], None],
    stop_requested: threading.Event,
) -> tuple[Finished, str]:
    """Evolves pipelines until generations or time run out, or a person stops it.

    Args:
        settings: of the run.
        problem: preprocessed folds and metric.
        deadline: on `time.monotonic`'s clock.
        tracking: consumes the events.
        show: consumes them too.
        stop_requested: set where a person wants it to end.

    Returns:
        How the search ended, and why the light baseline must step in; empty where the search has a winner.

    Raises:
        BadInput: the pool's workers do not fit.
        RunFailed: there is no winner, and the settings allow no baseline.
        StoppedEarly: stopped before there was a winner.
    """
    finished = NO_SEARCH
    try:
        for event in _events(settings, problem, deadline, tracking, stop_requested):
            tracking.consume(event)
            show(event)
            if isinstance(event, Finished):
                finished = event
    except BadInput:
        raise
    except Exception as error:
        log.exception("the search failed")
        reason = f"the search failed: {type(error).__name__}: {error}"
        if not settings.enable_automl_fallback:
            raise RunFailed(reason) from error
        return NO_SEARCH, reason
    if finished.leaderboard:
        return finished, ""
    if stop_requested.is_set():
        raise StoppedEarly("stopped before any pipeline was evaluated")
    cause = max(finished.failures, key=lambda name: finished.failures[name][0], default="none was evaluated in time")
    reason = f"no pipeline came through its evaluation: {cause}"
    if not settings.enable_automl_fallback:
        raise RunFailed(reason)
    return finished, reason


def run_limit(per_run_limit: float, search_seconds: float) -> float:
    """Seconds that one evaluation may take: what the settings say, or less where the search is short."""
    return min(per_run_limit, max(SECONDS_AT_LEAST, search_seconds * SHARE_OF_SEARCH))


def _events(
    settings: Settings, problem: Problem, deadline: float, tracking: Tracking, stop_requested: threading.Event
) -> Iterator[Event]:
    opened = open_pool_or_fall_back(
        problem,
        Limits(run_limit(settings.per_run_limit, deadline - time.monotonic()), settings.memory_limit_mb),
        settings.parallel_mode,
        settings.n_jobs,
        settings.dask_address,
        settings.scheduler_file,
        settings.pool_timeout,
        settings.seed,
        warn=log.warning,
    )
    with opened.pool:
        tracking.begin(opened)
        yield from evolve(
            problem,
            space=settings.search_space,
            population_size=settings.population_size,
            generations=settings.generations,
            seed=settings.seed,
            pool=opened.pool,
            budget=Budget(deadline),
            should_stop=stop_requested.is_set,
        )

"""The search of one experiment: on the pool that the settings ask for, its events sent to whoever shows them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from config.errors import BadInput, RunFailed, StoppedEarly
from config.settings import Settings
from experiments.closing import fit_seconds
from experiments.search.budget import Budget
from experiments.search.events import Evaluated, Event, Finished
from experiments.search.evolution import evolve
from experiments.search.journal import Journal
from experiments.search.objectives import Objectives
from experiments.search.pool import Limits, Pool, open_pool_or_fall_back
from experiments.search.predictions import Predictions
from experiments.search.problem import Problem

log = logging.getLogger(__name__)

#: no evaluation may take more than this share of the search, as in auto-sklearn (`per_run_time_limit` there), or two
#: slow pipelines would be all that a short search sees
SHARE_OF_SEARCH = 0.1
#: but a strong pipeline must come through in the shortest search, too
SECONDS_AT_LEAST = 10.0
#: seconds for publishing and reporting, as measured on a busy two-core machine, which the search leaves beside those of
#: the last fit
PUBLISHING_SECONDS = 1.5
#: the last fit may keep at most this share of the time from the search; where the best takes longer, a quicker one is
#: published
CLOSING_SHARE = 0.4
#: share of the time that fitting an ensemble's members may take
ENSEMBLE_SHARE = 0.1
#: the end of a search that never began
NO_SEARCH = Finished("generations", 0, (), (), (), {}, 0, 0.0)


@dataclass(frozen=True)
class Search:
    """What a search works with."""

    settings: Settings
    problem: Problem
    pool: Pool
    #: its deadline is that of the whole run
    budget: Budget
    journal: Journal
    #: of the best, where an ensemble is wanted
    predictions: Predictions | None
    #: set where a person wants it to end
    stop_requested: threading.Event
    #: left for publishing and reporting
    publishing_seconds: float = PUBLISHING_SECONDS

    def run(self, show: Callable[[Event], None]) -> tuple[Finished, str]:
        """Evolves pipelines until generations or time run out, or a person stops it.

        Args:
            show: consumes the events.

        Returns:
            How the search ended, and why the light baseline must step in; empty where the search has a winner.

        Raises:
            BadInput: the pool's workers do not fit.
            RunFailed: there is no winner, and the settings allow no baseline.
            StoppedEarly: stopped before there was a winner.
        """
        finished = NO_SEARCH
        try:
            for event in self._events():
                show(event)
                if isinstance(event, Finished):
                    finished = event
        except BadInput:
            raise
        except Exception as error:
            log.exception("the search failed")
            reason = f"the search failed: {type(error).__name__}: {error}"
            if not self.settings.enable_automl_fallback:
                raise RunFailed(reason) from error
            return NO_SEARCH, reason
        if finished.leaderboard:
            return finished, ""
        if self.stop_requested.is_set():
            raise StoppedEarly("stopped before any pipeline was evaluated")
        cause = max(
            finished.failures, key=lambda name: finished.failures[name][0], default="none was evaluated in time"
        )
        reason = f"no pipeline came through its evaluation: {cause}"
        if not self.settings.enable_automl_fallback:
            raise RunFailed(reason)
        return finished, reason

    def _events(self) -> Iterator[Event]:
        """The search's events; the time that it leaves to the last fit follows the best pipeline so far."""
        settings, budget = self.settings, self.budget
        reserve = Reserve(settings.time_left, self.publishing_seconds, is_ensemble=settings.ensemble != "off")
        budget.reserve = reserve.seconds
        for event in evolve_as_set(
            settings, self.problem, self.pool, budget, self.journal, self.predictions, self.stop_requested.is_set
        ):
            if isinstance(event, Evaluated):
                budget.reserve = reserve.after(event)
            yield event


class Reserve:
    """How many seconds a search leaves to what follows.

    Args:
        time_left: of the whole run.
        publishing: what publishing and reporting take.
        is_ensemble: whether an ensemble is fitted beside the best.
    """

    def __init__(self, time_left: float, publishing: float, is_ensemble: bool) -> None:
        self._most = time_left * CLOSING_SHARE
        self._fixed = publishing + (time_left * ENSEMBLE_SHARE if is_ensemble else 0.0)
        self._best: float | None = None
        self.seconds = min(self._most, self._fixed)

    def after(self, event: Evaluated) -> float:
        """The seconds, now that an evaluation has ended."""
        evaluation = event.evaluation
        if evaluation.score is not None and (self._best is None or evaluation.score > self._best):
            self._best = evaluation.score
            self.seconds = min(self._most, self._fixed + fit_seconds(evaluation))
        return self.seconds


def evolve_as_set(
    settings: Settings,
    problem: Problem,
    pool: Pool,
    budget: Budget,
    journal: Journal,
    predictions: Predictions | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """`experiments.search.evolution.evolve` as the settings say."""
    return evolve(
        problem,
        space=settings.search_space,
        population_size=settings.population_size,
        generations=settings.generations,
        seed=settings.seed,
        pool=pool,
        budget=budget,
        objectives=Objectives.parse(settings.objectives),
        early_stop=settings.early_stop,
        early_drop=settings.early_drop,
        journal=journal,
        predictions=predictions,
        portfolio_limit=settings.per_run_limit,
        should_stop=should_stop,
    )


def pool_as_set(settings: Settings, warn: Callable[[str], None] = lambda message: None) -> Pool:
    """`experiments.search.pool.open_pool_or_fall_back` as the settings say; what it is about is learnt later."""
    return open_pool_or_fall_back(
        None,
        limits(settings),
        settings.parallel_mode,
        settings.n_jobs,
        settings.dask_address,
        settings.scheduler_file,
        settings.pool_timeout,
        settings.seed,
        warn,
    )


def limits(settings: Settings) -> Limits:
    """What one evaluation may take: what the settings say, or less where the search is short."""
    seconds = min(settings.per_run_limit, max(SECONDS_AT_LEAST, settings.time_left * SHARE_OF_SEARCH))
    return Limits(seconds, settings.memory_limit_mb)

"""The evolution of pipelines: a loop of our own around TPOT's search spaces, variation and NSGA-II.

There is no barrier between generations. Candidates are numbered in order of submission, and candidate k may depend
only on evaluations with a number of at most k - LAG: so a slow pipeline holds nothing up until LAG others were
submitted after it, and yet the same seed and number of evaluations give the same leaderboard for one worker or
several, unless something ran into a limit.

Generation g is the evaluations g * population_size .. (g + 1) * population_size - 1 in order of submission; it is
complete when all of them have ended, whatever of later generations has ended by then.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import Literal

from experiments.search.breeding import Breeder, Candidate, SpaceExhausted
from experiments.search.budget import Budget
from experiments.search.events import Evaluated, Event
from experiments.search.pool import Pool, Result
from experiments.search.population import Parent, Population
from experiments.search.problem import Problem
from experiments.search.record import Record
from experiments.search.space import Space, search_space

#: evaluations that are handed out for each worker: one that it does and one that it goes on with
HANDED_OUT = 2
#: how often the clock and `should_stop` are looked at, in seconds
PULSE = 0.2
#: evaluations from which a typical duration is told
TYPICAL = 20

Reason = Literal["generations", "time", "stopped"]


def lag(population_size: int) -> int:
    """LAG: how many submissions ahead of a candidate the evaluations end that it may depend on.

    Half a population, so that the second generation descends from the better half of the first; at least 16, which
    keeps 8 workers busy.
    """
    return max(16, population_size // 2)


def evolve(
    problem: Problem,
    *,
    space: str | Space,
    population_size: int,
    generations: int,
    seed: int,
    pool: Pool,
    budget: Budget | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Searches, and tells what happens as it happens.

    Every run evaluates the starting portfolio first. When the time is over, or `should_stop` says so, what runs is
    ended and not counted; the last generation is told of even if incomplete, then `Finished`, always last.

    Args:
        problem: preprocessed folds and metric.
        space: name of a search space, or the space itself.
        population_size: individuals in a generation, and of those that may have offspring.
        generations: at most so many.
        seed: of everything random.
        pool: opened on the same problem; it stays open.
        budget: when to end at the latest; None for no limit. Nothing is begun that cannot be expected to end in time.
        should_stop: asked several times a second.

    Yields:
        `Evaluated`, `Generation`, `Finished`.

    Raises:
        BadInput: an unknown search space.
        PoolUnreachable: all workers are lost.
    """
    search = _Search(problem, space, population_size, generations, seed, pool, budget or Budget())
    try:
        yield from search.run(should_stop)
    finally:
        pool.abandon()


class _Search:
    """State of one search."""

    def __init__(
        self,
        problem: Problem,
        space: str | Space,
        population_size: int,
        generations: int,
        seed: int,
        pool: Pool,
        budget: Budget,
    ) -> None:
        self._pool = pool
        self._budget = budget
        self._lag = lag(population_size)
        self._wanted = population_size * generations
        self._population = Population(population_size)
        self._record = Record(population_size, budget)
        space = search_space(space, problem, seed) if isinstance(space, str) else space
        self._breeder = Breeder(space, problem, seed, n_random=max(population_size, self._lag))
        self._running: dict[int, Candidate] = {}
        #: valid individuals that the population does not know yet, because an earlier number still runs
        self._arrived: dict[int, Parent | None] = {}
        #: numbers below it have been shown to the population
        self._shown = 0
        self._next = 0

    def run(self, should_stop: Callable[[], bool]) -> Iterator[Event]:
        while True:
            reason = self._reason_to_end(should_stop)
            if reason:
                break
            self._submit()
            if not self._running:
                # the space is exhausted, or nothing more can end in time
                reason = "generations" if self._budget.remaining() == float("inf") else "time"
                reason = "generations" if self._next >= self._wanted else reason
                break
            for result in self._pool.wait(min(PULSE, self._budget.remaining())):
                yield self._take(result)
                yield from self._record.complete_generations(self._pool.workers())
        self._pool.abandon()
        yield from self._record.complete_generations(self._pool.workers(), last=True)
        yield self._record.finished(reason)

    def _reason_to_end(self, should_stop: Callable[[], bool]) -> Reason | None:
        if should_stop():
            return "stopped"
        if self._budget.remaining() <= 0:
            return "time"
        if self._next >= self._wanted and not self._running:
            return "generations"
        return None

    def _submit(self) -> None:
        """Hands out candidates as long as workers want them and what they depend on is known."""
        while len(self._running) < HANDED_OUT * self._pool.workers() and self._next < self._wanted:
            if not self._may_depend_on_all(self._next) or not self._can_end_in_time():
                return
            try:
                candidate = self._breeder.candidate(self._next, self._population)
            except SpaceExhausted:
                self._wanted = self._next
                return
            self._running[candidate.number] = candidate
            self._pool.submit(candidate.number, candidate.estimator)
            self._next += 1

    def _may_depend_on_all(self, number: int) -> bool:
        """Shows the population the evaluations up to number - LAG, and none after; False if one still runs."""
        while self._shown <= number - self._lag:
            if self._shown not in self._arrived:
                return False
            parent = self._arrived.pop(self._shown)
            if parent is not None:
                self._population.add(parent)
            self._shown += 1
        return True

    def _can_end_in_time(self) -> bool:
        recent = self._record.recent_seconds(TYPICAL)
        return self._budget.remaining() > (statistics.median(recent) if recent else 0.0)

    def _take(self, result: Result) -> Evaluated:
        candidate = self._running.pop(result.number)
        parent = None
        if result.score is not None and result.complexity is not None:
            parent = Parent(result.number, candidate.individual, result.score, result.complexity)
        self._arrived[result.number] = parent
        evaluation = self._record.add(candidate, result)
        return Evaluated(evaluation, self._budget.spent())

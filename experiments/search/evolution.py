"""The evolution of pipelines: a loop of our own around TPOT's search spaces, variation and NSGA-II.

There is no barrier between generations. Candidates are numbered in order of submission, and candidate k may depend
only on evaluations with a number of at most k - LAG: so a slow pipeline holds nothing up until LAG others were
submitted after it, and yet the same seed and number of evaluations give the same leaderboard for one worker or
several, unless something ran into a limit. That holds for what is bred, for what a pipeline must reach so as not to be
dropped after its first folds, for which nodes are drawn less often, and for the early stop.

Generation g is the evaluations g * population_size .. (g + 1) * population_size - 1 in order of submission; it is
complete when all of them have ended, whatever of later generations has ended by then.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace

from experiments.search.breeding import Breeder, Candidate, SpaceExhausted
from experiments.search.budget import Budget
from experiments.search.early_drop import EarlyDrop
from experiments.search.events import Evaluated, Evaluation, Event, Reason
from experiments.search.journal import Entry, Journal
from experiments.search.objectives import Objectives
from experiments.search.order import Order
from experiments.search.pool import Pool, Result
from experiments.search.population import Parent, Population
from experiments.search.predictions import Predictions
from experiments.search.problem import Problem
from experiments.search.record import Record
from experiments.search.reliability import Reliability
from experiments.search.space import Space, search_space

#: evaluations that are handed out for each worker: one that it does and one that it goes on with
HANDED_OUT = 2
#: how often the clock and `should_stop` are looked at, in seconds
PULSE = 0.2
#: evaluations from which a typical duration is told
TYPICAL = 20


def lag(population_size: int) -> int:
    """LAG: how many submissions ahead of a candidate the evaluations end that it may depend on.

    The smaller, the sooner a search learns and drops; but while one evaluation is slow, no more than LAG others go on.
    A quarter of a population, at least 16, keeps 8 workers busy with one evaluation running and one waiting each; for a
    larger pool, raise the population.
    """
    return max(16, population_size // 4)


def evolve(
    problem: Problem,
    *,
    space: str | Space,
    population_size: int,
    generations: int,
    seed: int,
    pool: Pool,
    budget: Budget | None = None,
    objectives: Objectives | None = None,
    early_stop: int = 0,
    early_drop: bool = True,
    journal: Journal | None = None,
    predictions: Predictions | None = None,
    portfolio_limit: float | None = None,
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
        objectives: what NSGA-II and the front weigh; None for score and complexity.
        early_stop: generations without a better score after which the search ends; 0 for never.
        early_drop: whether to leave pipelines after their first folds that cannot reach the front.
        journal: of what was evaluated before, and to write down what is; None for neither.
        predictions: where out-of-fold predictions of the best are kept; None where they are not wanted.
        portfolio_limit: seconds that an evaluation of the starting portfolio may take; None for the pool's limit.
        should_stop: asked several times a second.

    Yields:
        `Evaluated`, `Generation`, `Finished`.

    Raises:
        BadInput: an unknown search space.
        PoolUnreachable: all workers are lost.
    """
    search = _Search(
        problem,
        search_space(space, problem, seed) if isinstance(space, str) else space,
        population_size,
        generations,
        seed,
        pool,
        budget or Budget(),
        objectives or Objectives(),
        early_stop,
        early_drop,
        journal or Journal(problem, seed),
        predictions,
        portfolio_limit,
    )
    try:
        yield from search.run(should_stop)
    finally:
        pool.abandon()


class _Search:
    """State of one search."""

    def __init__(
        self,
        problem: Problem,
        space: Space,
        population_size: int,
        generations: int,
        seed: int,
        pool: Pool,
        budget: Budget,
        objectives: Objectives,
        early_stop: int,
        early_drop: bool,
        journal: Journal,
        predictions: Predictions | None,
        portfolio_limit: float | None,
    ) -> None:
        self._pool = pool
        self._budget = budget
        self._objectives = objectives
        self._has_first_look = problem.first_look is not None
        self._journal = journal
        self._predictions = predictions
        self._portfolio_limit = portfolio_limit
        self._lag = lag(population_size)
        self._wanted = population_size * generations
        #: evaluations without a better score after which it ends
        self._patience = early_stop * population_size if early_stop else self._wanted
        self._record = Record(population_size, budget, objectives)
        self._breeder = Breeder(space, problem, seed, n_random=self._lag)
        # What candidates depend on: it knows the evaluations with a number below `_shown`.
        self._population = Population(population_size)
        self._early_drop = EarlyDrop(objectives, self._has_first_look, early_drop)
        self._reliability = Reliability()
        self._best: Evaluation | None = None
        self._shown = 0
        #: candidates and ended evaluations that are not shown yet, because an earlier number still runs
        self._arrived: dict[int, tuple[Candidate, Evaluation]] = {}
        self._running: dict[int, Candidate] = {}
        self._next = 0
        #: bred and not handed out yet
        self._waiting: tuple[Candidate, Order] | None = None

    def run(self, should_stop: Callable[[], bool]) -> Iterator[Event]:
        while True:
            if should_stop():
                reason: Reason = "stopped"
                break
            reused = self._submit()
            if reused:
                yield reused
            elif not self._running or self._budget.remaining() <= 0:
                reason = self._why_no_more()
                break
            else:
                self._record.count_workers(self._pool.workers())
                for result in self._pool.wait(min(PULSE, self._budget.remaining())):
                    yield self._take(result)
            yield from self._record.complete_generations(self._pool.workers(), self._pool.share())
        self._record.count_workers(self._pool.workers())
        self._record.abandoned_seconds = self._pool.abandon()
        yield from self._record.complete_generations(self._pool.workers(), self._pool.share(), last=True)
        yield self._record.finished(reason)

    def _why_no_more(self) -> Reason:
        if self._next < self._wanted or self._running or self._waiting:
            return "time"  # it is over, or nothing more can be expected to end before it is
        return "early stop" if self._is_stagnant() else "generations"

    def _submit(self) -> Evaluated | None:
        """Hands out candidates as long as workers want them and what they depend on is known.

        Returns:
            An evaluation that need not be done, as soon as there is one, whatever the time; the others wait for the
            next call.
        """
        while len(self._running) < HANDED_OUT * max(1, self._pool.workers()):
            self._waiting = self._waiting or self._bred()
            if self._waiting is None:
                return None
            candidate, order = self._waiting
            entry = self._journal.recall(candidate.pipeline)
            known = self._known_result(order, entry) if entry else None
            if known is None and not self._can_end_in_time():
                return None
            self._waiting = None
            if known is not None:
                return self._took(candidate, known, reused=True)
            if entry is not None:
                order = replace(order, known=entry.looks)
            self._running[candidate.number] = candidate
            self._pool.submit(order)
        return None

    def _bred(self) -> tuple[Candidate, Order] | None:
        """The next candidate; None where something that it depends on still runs, and at the end of the search."""
        if self._next >= self._wanted or not self._show_up_to(self._next - self._lag):
            return None
        if self._is_stagnant():
            self._wanted = self._next
            return None
        try:
            candidate = self._breeder.candidate(self._next, self._population, self._reliability)
        except SpaceExhausted:
            self._wanted = self._next
            return None
        self._next += 1
        return candidate, self._order(candidate)

    def _order(self, candidate: Candidate) -> Order:
        return Order(
            candidate.number,
            candidate.estimator,
            self._early_drop.bars(),
            seconds=self._portfolio_limit if candidate.variation == "portfolio" else None,
            predictions=self._predictions is not None,
        )

    def _known_result(self, order: Order, entry: Entry) -> Result | None:
        """What the journal knows of a candidate, under the same rule for dropping as if it were evaluated now.

        Returns:
            None where it was left after a look that this search wants to go beyond.
        """
        if entry.measures is None or self._journal.is_own(entry):
            return _result(order.number, entry)
        for taken in range(1, len(entry.looks) + 1):
            if order.bars.rule_out(entry.looks[:taken], self._has_first_look, entry.measures):
                return _result(order.number, entry, taken)
        return _result(order.number, entry) if entry.outcome == "valid" else None

    def _show_up_to(self, last: int) -> bool:
        """Shows evaluations up to a number, in order, to what candidates depend on; False if one still runs."""
        while self._shown <= last:
            if self._shown not in self._arrived:
                return False
            candidate, evaluation = self._arrived.pop(self._shown)
            self._reliability.learn(evaluation)
            self._early_drop.learn(evaluation)
            if evaluation.score is not None:
                costs = self._objectives.costs(evaluation.measures)
                objectives = (evaluation.score, *(-cost for cost in costs))
                self._population.add(Parent(evaluation.number, candidate.individual, objectives))
                if self._best is None or evaluation.score > (self._best.score or 0.0):
                    self._best = evaluation
            self._shown += 1
        return True

    def _is_stagnant(self) -> bool:
        """Whether the evaluations that were shown have brought nothing better for too long."""
        return self._best is not None and self._shown - self._best.number > self._patience

    def _can_end_in_time(self) -> bool:
        recent = self._record.recent_seconds(TYPICAL)
        return self._budget.remaining() > (statistics.median(recent) if recent else 0.0)

    def _take(self, result: Result) -> Evaluated:
        candidate = self._running.pop(result.number)
        evaluated = self._took(candidate, result, reused=False)
        self._journal.note(evaluated.evaluation)
        if self._predictions is not None and result.predictions is not None:
            self._predictions.put(candidate.pipeline, evaluated.evaluation.score or 0.0, result.predictions)
        return evaluated

    def _took(self, candidate: Candidate, result: Result, reused: bool) -> Evaluated:
        evaluation = self._record.add(candidate, result, self._has_first_look, reused)
        self._arrived[candidate.number] = candidate, evaluation
        return Evaluated(evaluation, self._budget.spent())


def _result(number: int, entry: Entry, taken: int | None = None) -> Result:
    """An entry of the journal as the result of an evaluation, dropped after so many looks where that is given."""
    outcome = entry.outcome if taken is None else "dropped"
    return Result(number, outcome, entry.cause, entry.looks[:taken], entry.measures, entry.seconds, "", 0)

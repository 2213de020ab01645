"""What a search has found so far, and the events that are told of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping

from experiments.search.breeding import Candidate
from experiments.search.budget import Budget
from experiments.search.events import Evaluation, Finished, Generation, Reason
from experiments.search.objectives import Objectives, by_score
from experiments.search.pool import Result

#: valid evaluations that a generation's event carries as its leaderboard
LEADERBOARD_LENGTH = 100

#: outcomes of pipelines that work
WORKING = frozenset({"valid", "dropped"})

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")


class Record:
    """The evaluations of a run, by number.

    Args:
        population_size: evaluations in a generation.
        budget: whose clock the events tell.
        objectives: by which the front is told.
    """

    def __init__(self, population_size: int, budget: Budget, objectives: Objectives) -> None:
        self._size = population_size
        self._budget = budget
        self._objectives = objectives
        #: compute seconds that came to nothing because the search ended
        self.abandoned_seconds = 0.0
        #: time of all workers so far, and until when
        self._worker_seconds = 0.0
        self._counted_until = time.monotonic()
        self._evaluations: dict[int, Evaluation] = {}
        self._in_order_of_ending: list[Evaluation] = []
        self._retried = 0
        #: generations told of
        self._told = 0
        self._told_at = time.monotonic()
        self._told_evaluations = 0

    def add(self, candidate: Candidate, result: Result, has_first_look: bool, reused: bool) -> Evaluation:
        """Takes down how a candidate's evaluation ended.

        Args:
            candidate: that was evaluated.
            result: what came of it.
            has_first_look: whether the first of its looks was at fewer rows.
            reused: whether it cost this run nothing.
        """
        fold_scores = result.looks[1:] if has_first_look else result.looks
        evaluation = Evaluation(
            number=result.number,
            generation=result.number // self._size,
            pipeline=candidate.pipeline,
            estimator=candidate.estimator,
            outcome=result.outcome,
            cause=result.cause,
            score=sum(fold_scores) / len(fold_scores) if result.outcome == "valid" else None,
            fold_scores=fold_scores,
            measures=result.measures,
            seconds=result.seconds,
            worker=result.worker,
            parents=candidate.parents,
            variation=candidate.variation,
            first_look=result.looks[0] if has_first_look and result.looks else None,
            reused=reused,
        )
        self._evaluations[evaluation.number] = evaluation
        self._in_order_of_ending.append(evaluation)
        self._retried += result.retried
        return evaluation

    def recent_seconds(self, count: int) -> list[float]:
        """Compute seconds of the evaluations that ended last, at most so many."""
        return [each.seconds for each in self._in_order_of_ending[-count:]]

    def count_workers(self, workers: int) -> None:
        """Takes note of how many workers there have been since the last call."""
        now = time.monotonic()
        self._worker_seconds += workers * (now - self._counted_until)
        self._counted_until = now

    def complete_generations(self, workers: int, share: float, last: bool = False) -> Iterator[Generation]:
        """The generations that are complete and were not told of yet.

        Args:
            workers: at this time.
            share: this run's, of what the pool computes at this time.
            last: the search has ended: what there is of further generations is told of as one.
        """
        while self._is_complete(self._told):
            yield self._generation(workers, share, upto=(self._told + 1) * self._size)
        if last and any(number >= self._told * self._size for number in self._evaluations):
            yield self._generation(workers, share, upto=max(self._evaluations) + 1)

    def finished(self, reason: Reason) -> Finished:
        """The last event."""
        ordered = self._in_order()
        ranked = by_score(ordered)
        paid = sum(each.seconds for each in ordered if not each.reused)
        return Finished(
            reason=reason,
            generations=self._told,
            evaluations=ordered,
            front=self._objectives.front(ranked),
            leaderboard=ranked,
            failures=failures(ordered),
            retried=self._retried,
            spent_seconds=self._budget.spent(),
            utilisation=min(1.0, (paid + self.abandoned_seconds) / max(self._worker_seconds, 1e-9)),
            abandoned_seconds=self.abandoned_seconds,
        )

    def _is_complete(self, generation: int) -> bool:
        numbers = range(generation * self._size, (generation + 1) * self._size)
        return all(number in self._evaluations for number in numbers)

    def _in_order(self) -> tuple[Evaluation, ...]:
        return tuple(self._evaluations[number] for number in sorted(self._evaluations))

    def _generation(self, workers: int, share: float, upto: int) -> Generation:
        """The next generation's event; it knows of no evaluation from the number `upto` on, although some have ended.

        Only rates are of the time since the last such event, whichever generation the evaluations belong to.
        """
        known = [each for each in self._in_order() if each.number < upto]
        ranked = by_score(known)
        scores = [each.score for each in known if each.generation >= self._told and each.score is not None]
        now = time.monotonic()
        wall = max(now - self._told_at, 1e-9)
        since = self._in_order_of_ending[self._told_evaluations :]
        event = Generation(
            number=self._told,
            best_score=ranked[0].score if ranked else None,
            mean_score=sum(scores) / len(scores) if scores else None,
            evaluations=len(known),
            valid_share=sum(each.outcome in WORKING for each in known) / len(known),
            evaluations_per_second=len(since) / wall,
            front=self._objectives.front(ranked),
            leaderboard=ranked[:LEADERBOARD_LENGTH],
            valid=tuple(each for each in known if each.outcome == "valid"),
            failures=failures(known),
            workers=workers,
            utilisation=min(1.0, sum(each.seconds for each in since if not each.reused) / (max(workers, 1) * wall)),
            retried=self._retried,
            spent_seconds=self._budget.spent(),
            dropped=sum(each.outcome == "dropped" for each in known),
            reused=sum(each.reused for each in known),
            share=share,
        )
        self._told += 1
        self._told_at = now
        self._told_evaluations = len(self._in_order_of_ending)
        return event


def failures(evaluations: Iterable[Evaluation]) -> Mapping[str, tuple[int, float]]:
    """Cause -> (how often, seconds spent on it), the costliest first; causes differing in numbers only are one."""
    found: dict[str, tuple[int, float]] = {}
    for each in evaluations:
        if each.outcome not in WORKING:
            cause = _NUMBER.sub("N", each.cause) if each.outcome == "invalid" else each.cause
            count, seconds = found.get(cause, (0, 0.0))
            found[cause] = (count + 1, seconds + each.seconds)
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))

"""Leaving a pipeline after its first folds when it cannot reach the front.

A look is a first try on fewer rows (large tables only), or a fold. After each look a pipeline's mean over the folds so
far is compared with that of every member r of the front that is no worse in the other objectives, on the same looks.
How far such a comparison has misled so far is known from the pipelines that were evaluated in full: for each of them
and each number of looks, the difference to the best pipeline after these looks minus the difference after all folds.
The root mean square of that is what a pipeline may lie behind::

    least(r, looks) = mean of r over these looks - rms(looks)

Below it, it would have to improve on r by more than a standard deviation to reach the front, so it is dropped: one in
six that are just as good is lost, and for each of them several others are tried in the time that is saved. The rule is
that of racing algorithms (Maron and Moore, Hoeffding races, 1994; Lopez-Ibanez and others, irace, 2016: paired
differences on the same blocks), with the spread measured rather than bounded. What it knows are evaluations a fixed
number of submissions back, and it travels with the order, so that it depends neither on timing nor on workers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.search.events import Evaluation, Measures
from experiments.search.objectives import Objectives

#: standard deviations by which a pipeline must lie behind
DEVIATIONS = 1.0
#: full evaluations from which the spread is told; before, nothing is dropped
FULL_EVALUATIONS = 8
#: the spread is that among the best so many: a hopeless pipeline's folds differ more, and tell nothing of the others
COMPARED = 40


@dataclass(frozen=True)
class Bar:
    """What a pipeline must reach, look by look, so as not to be dominated by one member of the front."""

    #: the member's, of the objectives besides the score; a pipeline that is better in one of them is not compared
    costs: tuple[float, ...]
    #: for each look but the last: the mean below which there is no hope
    least: tuple[float, ...]


@dataclass(frozen=True)
class Bars:
    """All bars of one pipeline."""

    objectives: Objectives
    bars: tuple[Bar, ...] = ()

    def rule_out(self, looks: Sequence[float], has_first_look: bool, measures: Measures) -> bool:
        """Whether a pipeline that has taken these looks is to be dropped.

        Args:
            looks: its scores, one a look.
            has_first_look: whether the first of them was taken at fewer rows.
            measures: of the pipeline fitted last.
        """
        if not looks:
            return False
        position = len(looks) - 1
        mean = mean_of(looks, has_first_look)
        costs = self.objectives.costs(measures)
        return any(
            position < len(bar.least)
            and mean < bar.least[position]
            and all(own >= its for own, its in zip(costs, bar.costs, strict=True))
            for bar in self.bars
        )


#: what reaches everything
NO_BARS = Bars(Objectives())


def mean_of(looks: Sequence[float], has_first_look: bool) -> float:
    """Mean over the folds among some looks; the first look's score where there is nothing else."""
    folds = looks[1:] if has_first_look and len(looks) > 1 else looks
    return sum(folds) / len(folds)


class EarlyDrop:
    """Learns the bars from evaluations as they are shown to it.

    Args:
        objectives: of the search.
        has_first_look: whether evaluations begin with a look at fewer rows.
        enabled: if False, there are no bars.
    """

    def __init__(self, objectives: Objectives, has_first_look: bool, enabled: bool = True) -> None:
        self._objectives = objectives
        self._has_first_look = has_first_look
        self._enabled = enabled
        #: full evaluations by falling score, the best `COMPARED`
        self._best: list[Evaluation] = []
        self._front: tuple[Evaluation, ...] = ()
        self._count = 0
        self._bars: Bars | None = None

    def learn(self, evaluation: Evaluation) -> None:
        """Takes note of an evaluation; only of those in full."""
        if evaluation.outcome != "valid" or not self._enabled:
            return
        self._count += 1
        self._best = sorted([*self._best, evaluation], key=_falling)[:COMPARED]
        self._front = self._objectives.front(sorted([*self._front, evaluation], key=_falling))
        self._bars = None

    def bars(self) -> Bars:
        """What the next pipeline must reach."""
        if self._bars is None:
            self._bars = Bars(self._objectives, self._all() if self._count >= FULL_EVALUATIONS else ())
        return self._bars

    def _all(self) -> tuple[Bar, ...]:
        spread = self._spread()
        return tuple(
            Bar(
                self._objectives.costs(member.measures),
                tuple(mean - DEVIATIONS * rms for mean, rms in zip(self._means(member), spread, strict=True)),
            )
            for member in self._front
            if member.measures
        )

    def _spread(self) -> list[float]:
        """For each look but the last: by how much the difference to the best was off, as a root mean square."""
        best, *others = self._best
        reference, end = self._means(best), best.score or 0.0
        squares = [0.0] * len(reference)
        for other in others:
            final = (other.score or 0.0) - end
            for position, (own, its) in enumerate(zip(self._means(other), reference, strict=True)):
                squares[position] += (own - its - final) ** 2
        return [math.sqrt(square / len(others)) for square in squares]

    def _means(self, evaluation: Evaluation) -> list[float]:
        """What `mean_of` gives after each look but the last."""
        first = () if evaluation.first_look is None else (evaluation.first_look,)
        looks = (*first, *evaluation.fold_scores)
        return [mean_of(looks[:taken], self._has_first_look) for taken in range(1, len(looks))]


def _falling(evaluation: Evaluation) -> tuple[float, int]:
    return -(evaluation.score or 0.0), evaluation.number

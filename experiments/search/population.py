"""The individuals that may have offspring: TPOT's NSGA-II on score (up) and complexity (down)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.search.events import Evaluation
from experiments.search.tpot_repairs import tpot

#: a population may outgrow its size by so many before it is cut back: a cut takes some milliseconds
SLACK = 8


@dataclass(frozen=True)
class Parent:
    """A valid individual with its objectives."""

    number: int
    individual: Any
    score: float
    complexity: float


class Population:
    """The survivors of everything that was added, in order.

    Args:
        size: individuals that survive.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._members: list[Parent] = []

    def __len__(self) -> int:
        return len(self._members)

    def add(self, parent: Parent) -> None:
        """Lets an individual in, and cuts the population back to its size when it has outgrown it."""
        self._members.append(parent)
        if len(self._members) >= self._size + SLACK:
            chosen = tpot.selectors.survival_select_NSGA2(self._objectives(), self._size)
            self._members = [self._members[index] for index in sorted(int(each) for each in chosen)]

    def parents(self, rng: np.random.Generator) -> tuple[Parent, Parent]:
        """Two individuals, each the winner of a tournament of two by domination, then by loneliness."""
        chosen = tpot.selectors.tournament_selection_dominated(self._objectives(), k=1, n_parents=2, rng=rng)
        first, second = (self._members[int(index)] for index in np.ravel(chosen))
        return first, second

    def _objectives(self) -> np.ndarray:
        """(n_members, 2), both greater is better."""
        return np.array([(member.score, -member.complexity) for member in self._members])


def by_score(evaluations: Iterable[Evaluation]) -> tuple[Evaluation, ...]:
    """The valid evaluations by falling score; of equals the simpler, then the earlier first."""
    valid = (each for each in evaluations if each.score is not None and each.complexity is not None)
    return tuple(sorted(valid, key=lambda each: (-(each.score or 0.0), each.complexity or 0.0, each.number)))


def pareto_front(ranked: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """Those that none dominates in score and complexity.

    Args:
        ranked: evaluations as `by_score` orders them.
    """
    front: list[Evaluation] = []
    simplest = float("inf")
    for each in ranked:
        assert each.complexity is not None
        if each.complexity < simplest:
            front.append(each)
            simplest = each.complexity
    return tuple(front)

"""The individuals that may have offspring: TPOT's NSGA-II on the objectives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.search.tpot_repairs import tpot

#: a population may outgrow its size by so many before it is cut back: a cut takes some milliseconds
SLACK = 8
#: individuals among which the best by score is taken where the score alone decides
CONTENDERS = 8


@dataclass(frozen=True)
class Parent:
    """A fully evaluated individual with its objectives."""

    number: int
    individual: Any
    #: the score, then the costs with a minus: greater is better
    objectives: tuple[float, ...]


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

    def best_of_some(self, rng: np.random.Generator) -> Parent:
        """The best by score of a few that are drawn: where the front is wide, most of it is not about the score."""
        drawn = rng.choice(len(self._members), size=min(CONTENDERS, len(self._members)), replace=False)
        return max((self._members[int(index)] for index in drawn), key=lambda each: (each.objectives[0], -each.number))

    def _objectives(self) -> np.ndarray:
        """(n_members, n_objectives), greater is better in all of them."""
        return np.array([member.objectives for member in self._members])

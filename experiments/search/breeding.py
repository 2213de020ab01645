"""How the next individual comes about; what it may know of the ones before it is fixed by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.search.canonical import text
from experiments.search.events import Variation
from experiments.search.population import Population
from experiments.search.portfolio import portfolio
from experiments.search.problem import Problem
from experiments.search.reliability import Reliability
from experiments.search.space import Space

#: shares of the ways in which an offspring comes about; the rest is mutation
CROSSOVER_SHARE = 0.25
RANDOM_SHARE = 0.1
#: share of the mutations whose parent is chosen by score alone and not by NSGA-II, whose front is mostly about
#: simpler pipelines than the one that will be published
BY_SCORE_SHARE = 0.5
#: further mutations of an individual that is known already, before it is drawn anew, and before that is given up
MUTATION_ATTEMPTS = 10
RANDOM_ATTEMPTS = 50


@dataclass(frozen=True)
class Candidate:
    """An individual to be evaluated."""

    number: int
    #: TPOT's
    individual: Any
    estimator: Any
    #: the estimator's canonical text
    pipeline: str
    parents: tuple[int, ...]
    variation: Variation


class SpaceExhausted(Exception):
    """No pipeline could be drawn that was not drawn before."""


class Breeder:
    """Makes candidates, each different from all before it.

    Candidate number k is a function of the seed, k, the candidates before it and the population and reliability that it
    is given: never of time.

    Args:
        space: to draw from.
        problem: whose portfolio comes first.
        seed: of the run.
        n_random: candidates, the portfolio among them, before the first offspring.
    """

    def __init__(self, space: Space, problem: Problem, seed: int, n_random: int) -> None:
        self._space = space
        self._seed = seed
        self._portfolio = [entry for entry in portfolio(problem) if space.has_room_for(entry)]
        self._n_random = n_random
        self._known: set[str] = set()

    def candidate(self, number: int, population: Population, reliability: Reliability) -> Candidate:
        """The candidate of a number; numbers are asked for in order.

        Args:
            number: of the candidate.
            population: may be the parents.
            reliability: says which nodes to draw less often.

        Raises:
            SpaceExhausted: all that was drawn was known.
        """
        rng = np.random.default_rng([self._seed, number])
        if number < len(self._portfolio):
            individual = self._space.around(self._portfolio[number], rng)
            return self._distinct(number, individual, (), "portfolio", rng, Reliability())
        if number < self._n_random or not len(population) or rng.random() < RANDOM_SHARE:
            return self._distinct(number, self._space.random(rng), (), "random", rng, reliability)
        first, second = population.parents(rng)
        if rng.random() < CROSSOVER_SHARE and first.number != second.number:
            child = self._space.crossed(first.individual, second.individual, rng)
            return self._distinct(number, child, (first.number, second.number), "crossover", rng, reliability)
        if rng.random() < BY_SCORE_SHARE:
            first = population.best_of_some(rng)
        child = self._space.mutated(first.individual, rng)
        return self._distinct(number, child, (first.number,), "mutation", rng, reliability)

    def _distinct(
        self,
        number: int,
        individual: Any,
        parents: Sequence[int],
        variation: Variation,
        rng: np.random.Generator,
        reliability: Reliability,
    ) -> Candidate:
        """A candidate of the individual, or of one near it, or of a random one: the first that is new.

        One whose nodes keep failing is passed over as often as they fail.
        """
        spare: Candidate | None = None
        for attempt in range(MUTATION_ATTEMPTS + RANDOM_ATTEMPTS):
            estimator = self._space.estimator(individual)
            candidate = Candidate(number, individual, estimator, text(estimator), tuple(parents), variation)
            if candidate.pipeline not in self._known:
                if rng.random() < reliability.of(estimator):
                    return self._taken(candidate)
                spare = spare or candidate
            if attempt < MUTATION_ATTEMPTS and variation != "random":
                individual = self._space.mutated(individual, rng)
                variation = "mutation" if variation == "portfolio" else variation
            else:
                individual, parents, variation = self._space.random(rng), (), "random"
        if spare is None:
            raise SpaceExhausted
        return self._taken(spare)

    def _taken(self, candidate: Candidate) -> Candidate:
        self._known.add(candidate.pipeline)
        return candidate

"""Survivors, parents, ranking and front."""

from __future__ import annotations

import numpy as np

from experiments.search.events import Evaluation
from experiments.search.population import SLACK, Parent, Population, by_score, pareto_front


def evaluation(number: int, score: float | None, complexity: float | None) -> Evaluation:
    outcome = "valid" if score is not None else "invalid"
    return Evaluation(number, 0, f"p{number}", None, outcome, "", score, (), complexity, 0.1, "w", (), "random")


def test_only_so_many_survive_and_the_best_of_each_objective_do():
    population = Population(10)
    rng = np.random.default_rng(0)
    for number in range(100):
        population.add(Parent(number, None, score=rng.random(), complexity=rng.random() * 100 + 1))
    population.add(Parent(100, None, score=2.0, complexity=500.0))
    population.add(Parent(101, None, score=-1.0, complexity=0.0))
    for number in range(102, 140):
        population.add(Parent(number, None, score=0.0, complexity=1000.0))
    assert len(population) < 10 + SLACK
    drawn = {parent.number for _ in range(200) for parent in population.parents(rng)}
    assert {100, 101} <= drawn


def test_the_same_generator_draws_the_same_parents():
    population = Population(10)
    for number in range(10):
        population.add(Parent(number, None, float(number), float(number)))
    pairs = [
        [tuple(each.number for each in population.parents(np.random.default_rng(seed))) for seed in range(5)]
        for _ in range(2)
    ]
    assert pairs[0] == pairs[1]


def test_a_population_of_one_has_parents():
    population = Population(2)
    population.add(Parent(0, None, 1.0, 1.0))
    assert [each.number for each in population.parents(np.random.default_rng(0))] == [0, 0]


def test_ranking_is_by_score_then_simplicity_then_number_and_leaves_failures_out():
    evaluations = [evaluation(0, 0.5, 9), evaluation(1, None, None), evaluation(2, 0.7, 9), evaluation(3, 0.7, 5),
                   evaluation(4, 0.7, 5)]  # fmt: skip
    assert [each.number for each in by_score(evaluations)] == [3, 4, 2, 0]


def test_the_front_holds_what_nothing_dominates():
    evaluations = [evaluation(0, 0.9, 100), evaluation(1, 0.8, 100), evaluation(2, 0.8, 10), evaluation(3, 0.7, 20),
                   evaluation(4, 0.1, 1)]  # fmt: skip
    assert [each.number for each in pareto_front(by_score(evaluations))] == [0, 2, 4]

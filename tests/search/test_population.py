"""Survivors and parents."""

from __future__ import annotations

import numpy as np

from experiments.search.population import SLACK, Parent, Population


def test_only_so_many_survive_and_the_best_of_each_objective_do():
    population = Population(10)
    rng = np.random.default_rng(0)
    for number in range(100):
        population.add(Parent(number, None, (rng.random(), -rng.random() * 100 - 1)))
    population.add(Parent(100, None, (2.0, -500.0)))
    population.add(Parent(101, None, (-1.0, 0.0)))
    for number in range(102, 140):
        population.add(Parent(number, None, (0.0, -1000.0)))
    assert len(population) < 10 + SLACK
    drawn = {parent.number for _ in range(200) for parent in population.parents(rng)}
    assert {100, 101} <= drawn


def test_the_same_generator_draws_the_same_parents():
    population = Population(10)
    for number in range(10):
        population.add(Parent(number, None, (float(number), -float(number))))
    pairs = [
        [tuple(each.number for each in population.parents(np.random.default_rng(seed))) for seed in range(5)]
        for _ in range(2)
    ]
    assert pairs[0] == pairs[1]


def test_a_population_of_one_has_parents():
    population = Population(2)
    population.add(Parent(0, None, (1.0, -1.0)))
    assert [each.number for each in population.parents(np.random.default_rng(0))] == [0, 0]


def test_the_best_of_some_is_chosen_by_score_alone():
    population = Population(10)
    for number in range(6):
        population.add(Parent(number, None, (float(number), -(float(number) ** 2))))
    assert population.best_of_some(np.random.default_rng(0)).number == 5

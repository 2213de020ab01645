"""The local step: a little to the side, and what is not moved stays."""

from __future__ import annotations

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    Integer,
    OrdinalHyperparameter,
)
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from experiments.search.canonical import text
from experiments.search.portfolio import portfolio
from experiments.search.space import Space, search_space
from experiments.search.space_names import NAMES
from experiments.search.tpot_repairs import MendedNode, tpot
from experiments.search.tuning import last_node, nearest, tune
from tests.search.conftest import make_problem

PROBLEM = make_problem()


def space_of(*hyperparameters) -> ConfigurationSpace:
    space = ConfigurationSpace()
    space.add(list(hyperparameters))
    return space


def steps_from(node, count: int, seed: int = 0) -> list[dict]:
    """Hyperparameters after one step each from the same start."""
    rng = np.random.default_rng(seed)
    start = dict(node.hyperparameters)
    found = []
    for _ in range(count):
        node.hyperparameters = dict(start)
        tune(node, rng)
        found.append(node.hyperparameters)
    return found


def test_numbers_move_a_little_in_their_scaled_range():
    space = space_of(Float("C", (1e-4, 1e4), log=True), Integer("max_iter", (100, 1100)))
    node = MendedNode(LogisticRegression, space).generate(0)
    node.hyperparameters = {"C": 1.0, "max_iter": 600}
    found = steps_from(node, 400)
    exponents = np.array([np.log10(each["C"]) for each in found if each["C"] != 1.0])
    assert abs(np.std(exponents) / 8 - 0.15) < 0.03  # a share of the eight decades
    assert abs(np.mean(exponents)) < 0.3
    assert all(100 <= each["max_iter"] <= 1100 and isinstance(each["max_iter"], int) for each in found)
    assert sum(each["C"] == 1.0 or each["max_iter"] == 600 for each in found) > 80  # often only one of them moves


def test_ordered_values_move_to_a_neighbour_and_choices_to_any_other():
    space = space_of(
        OrdinalHyperparameter("degree", [1, 2, 3, 5, 8]),
        Categorical("kernel", ["poly", "rbf", "linear"]),
        Constant("C", 2.0),
    )
    node = MendedNode(SVC, space).generate(0)
    node.hyperparameters = {"degree": 3, "kernel": "poly", "C": 2.0}
    found = steps_from(node, 100)
    assert {each["degree"] for each in found} == {2, 3, 5}
    assert {each["kernel"] for each in found} == {"poly", "rbf", "linear"}
    assert {each["C"] for each in found} == {2.0}


def test_what_was_never_set_starts_at_the_default_and_stays_unset_until_it_moves():
    node = MendedNode(LogisticRegression, space_of(Float("C", (0.5, 2.0)), Integer("max_iter", (10, 90)))).generate(0)
    node.hyperparameters = {"tol": 0.5}
    found = steps_from(node, 60)
    assert all(each["tol"] == 0.5 for each in found)
    assert {tuple(sorted(each)) for each in found} == {("C", "tol"), ("max_iter", "tol"), ("C", "max_iter", "tol")}
    assert all(45 <= each.get("max_iter", 90) <= 90 for each in found)  # from 100, which is outside


def test_conditions_and_exclusions_hold():
    penalty, ratio = Categorical("penalty", ["l2", "elasticnet"]), Float("l1_ratio", (0.0, 1.0))
    solver = Categorical("solver", ["saga", "lbfgs"])
    space = space_of(penalty, ratio, solver)
    space.add(EqualsCondition(ratio, penalty, "elasticnet"))
    space.add(
        ForbiddenAndConjunction(ForbiddenEqualsClause(penalty, "elasticnet"), ForbiddenEqualsClause(solver, "lbfgs"))
    )
    node = MendedNode(LogisticRegression, space).generate(1)
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(200):
        tune(node, rng)
        values = node.hyperparameters
        assert ("l1_ratio" in values) == (values["penalty"] == "elasticnet")
        seen.add((values["penalty"], values["solver"]))
    assert seen == {("l2", "saga"), ("l2", "lbfgs"), ("elasticnet", "saga")}


@pytest.mark.parametrize(
    ("hyperparameter", "wanted", "expected"),
    [
        (OrdinalHyperparameter("C", [1e-3, 0.01, 0.1, 1.0]), 0.04, 0.1),
        (OrdinalHyperparameter("C", [0, 1, 3]), 1.6, 1),
        (Categorical("C", [None, "a"]), None, None),
        (Categorical("C", [None, "a"]), "b", "otherwise"),
        (Integer("C", (1, 10)), 40, 10),
        (Float("C", (0.5, 1.0)), 0.2, 0.5),
        (Constant("C", 3), 4, "otherwise"),
    ],
)
def test_the_nearest_value(hyperparameter, wanted, expected):
    assert nearest(hyperparameter, wanted, "otherwise") == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_last_predictor_of_the_portfolio_is_tuned_most(name):
    space = search_space(name, PROBLEM, seed=0)
    rng = np.random.default_rng(0)
    entry = list(portfolio(PROBLEM))[2]
    start = space.around(entry, rng)
    assert last_node(start).method is entry.predictor
    children = [space.mutated(start, rng) for _ in range(60)]
    moved = [
        last_node(child).hyperparameters for child in children
        if last_node(child).method is entry.predictor and last_node(child).hyperparameters != entry.parameters
    ]  # fmt: skip
    assert len(moved) > 25
    kept = [sum(values.get(key) == value for key, value in entry.parameters.items()) for values in moved]
    assert np.median(kept) >= len(entry.parameters) - 3
    assert last_node(start).hyperparameters == entry.parameters  # the parent is left alone


def test_an_individual_without_hyperparameters_has_no_local_step():
    root = tpot.search_spaces.pipelines.ChoicePipeline([MendedNode(LogisticRegression, {"C": 2.0})])
    assert not tune(root.generate(0), np.random.default_rng(0))


def test_steps_are_a_function_of_the_generator():
    def walk() -> list[str]:
        space: Space = search_space("graph", PROBLEM, seed=0)
        rng = np.random.default_rng(7)
        individual = space.random(rng)
        told = []
        for _ in range(12):
            individual = space.mutated(individual, rng)
            told.append(text(space.estimator(individual)))
        return told

    assert walk() == walk()

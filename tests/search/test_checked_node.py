"""Nodes that never hold what their class refuses."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, Float
from sklearn.cluster import FeatureAgglomeration
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB, MultinomialNB

from experiments.search.checked_node import CheckedNode, Trial
from experiments.search.soundness import Facts
from experiments.search.tuning import tune
from tests.search.conftest import make_problem

TRIAL = Trial(Facts.of(make_problem()))


@pytest.fixture
def clusters() -> CheckedNode:
    space = ConfigurationSpace()
    space.add(
        [Categorical("linkage", ["ward", "average"]), Categorical("metric", ["euclidean", "l1"])],
    )
    return CheckedNode(FeatureAgglomeration, space, dict, TRIAL)


def held(individual) -> tuple[str, str]:
    return individual.hyperparameters["linkage"], individual.hyperparameters["metric"]


def test_neither_drawing_nor_variation_makes_what_is_refused(clusters):
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(40):
        first, second = clusters.generate(rng), clusters.generate(rng)
        seen |= {held(first), held(second)}
        first.crossover(second, rng)
        seen.add(held(first))
        first.mutate(rng)
        tune(first, rng)
        seen.add(held(first))
    assert seen == {("ward", "euclidean"), ("average", "euclidean"), ("average", "l1")}


def test_a_refusal_is_told_and_changes_nothing(clusters):
    individual = clusters.generate(np.random.default_rng(0))
    before = dict(individual.hyperparameters)
    assert "Ward" in individual.fault({"linkage": "ward", "metric": "l1"})
    assert not individual.take({"linkage": "ward", "metric": "l1"})
    assert individual.hyperparameters == before
    assert individual.take({"linkage": "average", "metric": "l1"})


def test_numbers_are_not_tried():
    space = ConfigurationSpace({"C": Float("C", (1e-3, 1e3), log=True)})
    node = CheckedNode(LogisticRegression, space, dict, Counting())
    for seed in range(20):
        node.generate(seed)
    assert node.trial.fits == 1


class Counting(Trial):
    """A trial that counts."""

    fits = 0

    def __init__(self) -> None:
        super().__init__(Facts.of(make_problem()))

    def fit(self, estimator) -> None:
        self.fits += 1
        super().fit(estimator)


@pytest.mark.parametrize("problem", [make_problem(), make_problem(n_classes=5), make_problem("regression")])
def test_a_trial_has_the_problem_s_task(problem):
    facts = Facts.of(problem)
    trial = Trial(facts)
    assert trial.fault(GaussianNB if facts.classification else Ridge, {}) == ""
    assert bool(trial.fault(LogisticRegression, {})) == (not facts.classification)


def test_what_soundness_mends_is_not_refused():
    assert TRIAL.fault(MultinomialNB, {}) == ""


def test_a_copied_individual_shares_the_trial(clusters):
    individual = clusters.generate(0)
    assert copy.deepcopy(individual).trial is individual.trial

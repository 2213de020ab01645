"""When a pipeline is left after its first folds."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.search.early_drop import FULL_EVALUATIONS, Bars, EarlyDrop
from experiments.search.events import Evaluation, Measures
from experiments.search.objectives import Objectives

FOLDS = 5


def evaluation(number: int, folds, complexity: float = 10.0, first_look: float | None = None) -> Evaluation:
    return Evaluation(
        number, 0, f"p{number}", None, "valid", "", float(np.mean(folds)), tuple(folds), Measures(complexity), 0.1, "w",
        (), "random", first_look,
    )  # fmt: skip


def learnt(spread: float, has_first_look: bool = False, count: int = 20) -> EarlyDrop:
    """Pipelines around 0.8 whose folds differ by so much, and less from each other on the same fold."""
    rng = np.random.default_rng(0)
    difficulty = rng.normal(scale=spread, size=FOLDS)
    rule = EarlyDrop(Objectives(), has_first_look)
    for number in range(count):
        folds = 0.8 - 0.001 * number + difficulty + rng.normal(scale=spread / 3, size=FOLDS)
        rule.learn(evaluation(number, folds, first_look=folds[0] - 0.1 if has_first_look else None))
    return rule


def test_nothing_is_dropped_before_the_spread_is_known():
    bars = learnt(0.01, count=FULL_EVALUATIONS - 1).bars()
    assert bars.bars == ()
    assert not bars.rule_out([0.0], False, Measures(1000.0))


def test_a_hopeless_pipeline_is_dropped_after_one_fold_and_a_good_one_never():
    bars = learnt(0.01).bars()
    assert bars.rule_out([0.6], False, Measures(20.0))
    for taken in range(1, FOLDS):
        assert not bars.rule_out([0.81] * taken, False, Measures(20.0))


def test_the_more_looks_the_smaller_the_distance_that_is_forgiven():
    rule = EarlyDrop(Objectives(), has_first_look=False)
    rng = np.random.default_rng(0)
    for number in range(20):
        noise = rng.normal(scale=0.02, size=FOLDS) if number else 0.0
        rule.learn(evaluation(number, 0.8 + np.full(FOLDS, 0.05 if not number else 0.0) + noise))
    least = rule.bars().bars[0].least  # of the first, whose folds are all the same
    assert len(least) == FOLDS - 1
    assert least[0] < least[1] < least[2] < least[3] < 0.85


def test_the_noisier_the_folds_the_more_is_forgiven():
    assert learnt(0.05).bars().bars[0].least[0] < learnt(0.005).bars().bars[0].least[0]


def test_a_simpler_pipeline_is_compared_with_those_that_are_as_simple_only():
    bars = learnt(0.01).bars()
    assert not bars.rule_out([0.6], False, Measures(9.0))
    assert bars.rule_out([0.6], False, Measures(10.0))


def test_the_first_look_is_compared_with_first_looks_and_counts_for_no_mean():
    bars = learnt(0.01, has_first_look=True).bars()
    assert len(bars.bars[0].least) == FOLDS
    assert not bars.rule_out([0.7], True, Measures(20.0))
    assert bars.rule_out([0.5], True, Measures(20.0))
    assert not bars.rule_out([0.0, 0.81], True, Measures(20.0))


def test_after_all_looks_nothing_is_dropped():
    assert not learnt(0.01).bars().rule_out([0.1] * FOLDS, False, Measures(1e9))


@pytest.mark.parametrize("spread", [0.01, 0.05])
def test_few_pipelines_that_are_a_little_better_than_the_best_are_lost(spread):
    rng = np.random.default_rng(1)
    difficulty = np.random.default_rng(0).normal(scale=spread, size=FOLDS)
    bars = learnt(spread).bars()
    lost = 0
    for _ in range(500):
        folds = 0.8 + spread / 3 + difficulty + rng.normal(scale=spread / 3, size=FOLDS)
        lost += any(bars.rule_out(list(folds[:taken]), False, Measures(20.0)) for taken in range(1, FOLDS))
    assert lost / 500 < 0.2


def test_it_can_be_left_off():
    rule = EarlyDrop(Objectives(), False, enabled=False)
    for number in range(20):
        rule.learn(evaluation(number, [0.8] * FOLDS))
    assert rule.bars() == Bars(Objectives())

"""ROC, precision-recall and calibration beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from models.card.curves import MOST_CLASSES, class_curves
from models.card.outcome import Outcome
from models.evidence import HoldoutRows

N = 400


def outcome_of(y, probabilities, weight=None, has_probabilities=True):
    classes = np.arange(probabilities.shape[1])
    holdout = HoldoutRows(pd.DataFrame({"x": y}), pd.Series(y), "classification", {"x": "numeric"}, weight)
    return Outcome(holdout, "accuracy", classes, y, probabilities, has_probabilities, weight)


@pytest.fixture(params=["plain", "weighted"])
def binary(request):
    random = np.random.default_rng(0)
    chance = np.round(random.random(N), 2)  # with ties
    y = (random.random(N) < chance).astype(int)
    weight = None if request.param == "plain" else random.random(N) + 0.1
    return outcome_of(y, np.column_stack([1 - chance, chance]), weight)


def test_areas_and_the_brier_score_are_scikit_learn_s(binary):
    (found,) = class_curves(binary)
    truth, chance, weight = binary.y, binary.answers[:, 1], binary.weight
    assert found.roc_auc == pytest.approx(roc_auc_score(truth, chance, sample_weight=weight))
    assert found.average_precision == pytest.approx(average_precision_score(truth, chance, sample_weight=weight))
    assert found.brier == pytest.approx(brier_score_loss(truth, chance, sample_weight=weight))


def test_the_roc_curve_is_scikit_learn_s(binary):
    (found,) = class_curves(binary)
    false_rates, true_rates, _ = roc_curve(
        binary.y, binary.answers[:, 1], sample_weight=binary.weight, drop_intermediate=False
    )
    np.testing.assert_allclose(found.false_rates, false_rates)
    np.testing.assert_allclose(found.true_rates, true_rates)


def test_honest_probabilities_lie_on_the_diagonal(binary):
    (found,) = class_curves(binary)
    np.testing.assert_allclose(found.predicted, found.observed, atol=0.2)
    assert np.all(np.diff(found.predicted) > 0)


def test_what_is_no_probability_has_no_calibration(binary):
    (found,) = class_curves(outcome_of(binary.y, binary.answers, has_probabilities=False))
    assert (found.predicted, found.observed, found.brier) == ([], [], None)


def test_of_many_classes_each_stands_against_the_rest_the_most_frequent_only():
    random = np.random.default_rng(1)
    y = np.concatenate([np.full(10 + 5 * code, code) for code in range(12)])
    found = class_curves(outcome_of(y, random.dirichlet(np.ones(12), len(y))))
    assert [each.name for each in found] == [str(code) for code in range(12 - MOST_CLASSES, 12)]
    assert [each.rows for each in found] == [10 + 5 * code for code in range(12 - MOST_CLASSES, 12)]


def test_a_class_without_held_out_rows_has_no_curve():
    y = np.array([0, 0, 1, 1] * 10)
    found = class_curves(outcome_of(y, np.random.default_rng(2).dirichlet(np.ones(3), len(y))))
    assert [each.name for each in found] == ["0", "1"]
    assert class_curves(outcome_of(np.zeros(10, dtype=int), np.full((10, 2), 0.5))) == ()


def test_probabilities_that_are_all_the_same_are_one_point():
    y = np.array([0, 1] * 50)
    (found,) = class_curves(outcome_of(y, np.full((100, 2), 0.5)))
    assert found.roc_auc == 0.5
    assert (found.predicted, found.observed) == ([0.5], [0.5])

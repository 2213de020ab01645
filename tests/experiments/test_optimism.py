"""What picking the best of many adds to its score, on made-up fold scores of which the truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import t as student

from experiments.optimism import corrected_interval, cross_validation, greatest, optimism
from experiments.search.early_drop import DEVIATIONS
from experiments.search.events import Evaluation

FOLDS = 5


def evaluation(number, fold_scores, outcome="valid"):
    mean = sum(fold_scores) / len(fold_scores)
    score = mean if outcome == "valid" else None
    return Evaluation(
        number, 0, f"pipeline {number}", None, outcome, "", score, tuple(fold_scores), None, 1.0, "", (), "random"
    )


def best_first(scores):
    return scores[np.argsort(-scores.mean(axis=1), kind="stable")]


def estimated(scores):
    return optimism(best_first(scores))


def noise(random, pipelines, folds=FOLDS):
    """Pipelines that are equally good, on folds that are not equally hard: every lead is luck."""
    return 0.1 * random.standard_normal((pipelines, folds)) + 0.3 * random.standard_normal(folds)


@pytest.mark.parametrize("folds", [3, 5, 10])
@pytest.mark.parametrize("pipelines", [20, 200])
def test_of_pure_noise_all_of_the_lead_is_optimism(pipelines, folds):
    random = np.random.default_rng(1)
    tables = [noise(random, pipelines, folds) for _ in range(30)]
    # the truth: what the winner's mean lies above that of all, who are equally good
    truth = np.mean([table.mean(axis=1).max() - table.mean() for table in tables])
    assert np.mean([estimated(table) for table in tables]) == pytest.approx(truth, rel=0.2)


def test_one_that_is_clearly_best_owes_nothing_to_luck():
    scores = noise(np.random.default_rng(2), 200)
    scores[17] += 2
    assert estimated(scores) == pytest.approx(0.0, abs=1e-12)


def test_where_pipelines_differ_the_estimate_errs_to_the_safe_side():
    random = np.random.default_rng(3)
    truths, estimates = [], []
    for _ in range(40):
        worth = 0.05 * random.standard_normal(200)
        scores = worth[:, None] + 0.1 * random.standard_normal((200, FOLDS))
        best = scores.mean(axis=1).argmax()
        truths.append(scores[best].mean() - worth[best])
        estimates.append(estimated(scores))
    assert np.mean(truths) < np.mean(estimates) < 1.6 * np.mean(truths)


def test_more_to_pick_from_is_more_optimism():
    random = np.random.default_rng(4)
    few, many = ([estimated(noise(random, pipelines)) for _ in range(30)] for pipelines in (5, 500))
    assert np.mean(few) < np.mean(many)


@pytest.mark.parametrize("shape", [(1, 5), (30, 1)])
def test_without_a_choice_or_without_folds_there_is_none_to_tell(shape):
    assert optimism(np.random.default_rng(5).standard_normal(shape)) == 0.0


def test_pipelines_that_score_the_same_have_no_lead():
    assert optimism(np.full((50, FOLDS), 0.8)) == 0.0


def dropped_early(scores):
    """The scores as a search leaves them that drops what lies clearly behind after its first folds."""
    evaluations, complete = [], []
    for number, row in enumerate(scores):
        best = max(complete, key=np.mean, default=None)
        looks = np.cumsum(row) / np.arange(1, FOLDS + 1)
        bars = None if len(complete) < 8 else np.cumsum(best) / np.arange(1, FOLDS + 1) - DEVIATIONS * 0.1
        behind = [] if bars is None else np.flatnonzero(looks[:-1] < bars[:-1])
        if len(behind):
            evaluations.append(evaluation(number, row[: behind[0] + 1], "dropped"))
        else:
            complete.append(row)
            evaluations.append(evaluation(number, row))
    return evaluations


def winner(evaluations):
    return max((e for e in evaluations if e.score is not None), key=lambda e: e.score)


def test_pipelines_that_were_dropped_early_count_as_candidates():
    random = np.random.default_rng(6)
    truths, with_dropped, without = [], [], []
    for _ in range(25):
        scores = 0.1 * random.standard_normal((200, FOLDS))
        evaluations = dropped_early(scores)
        best = winner(evaluations).fold_scores
        truths.append(np.mean(best))
        told = cross_validation(best, evaluations, "r2")
        assert told.candidates == 200
        with_dropped.append(told.optimism)
        without.append(cross_validation(best, [e for e in evaluations if e.outcome == "valid"], "r2").optimism)
    assert np.mean(with_dropped) == pytest.approx(np.mean(truths), rel=0.2)
    assert np.mean(without) < np.mean(with_dropped)


def test_what_could_not_be_chosen_or_has_no_score_does_not_count():
    chosen = evaluation(0, (0.8, 0.7, 0.9))
    others = [
        evaluation(1, (0.7, 0.7, 0.7)),
        evaluation(2, (0.9, 0.9, 0.9)),  # better, but it could not be fitted
        evaluation(3, (0.1,), "timeout"),
        evaluation(4, (0.1, 0.2), "dropped"),
    ]
    told = cross_validation(chosen.fold_scores, [chosen, *others], "accuracy")
    assert told.candidates == 3
    assert told.score == pytest.approx(0.8)
    assert told.optimism >= 0
    assert told.corrected == told.score - told.optimism


def test_a_pipeline_without_a_search_is_the_best_of_one():
    told = cross_validation((0.5, 0.7), (), "r2")
    assert (told.candidates, told.optimism, told.corrected) == (1, 0.0, told.score)


def test_the_interval_is_student_s_with_the_variance_corrected_for_shared_rows():
    folds = (0.5, 0.6, 0.7, 0.55, 0.65)
    low, high = corrected_interval(folds, "r2")
    half = student.ppf(0.975, 4) * np.std(folds, ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert (low, high) == pytest.approx((0.6 - half, 0.6 + half))


def test_the_interval_ends_at_the_best_that_the_metric_can_give():
    assert corrected_interval((0.9, 1.0, 1.0), "accuracy")[1] == 1.0
    assert corrected_interval((-0.1, 0.0, 0.0), "neg_log_loss")[1] == 0.0
    assert greatest("positive_likelihood_ratio") == np.inf


def test_one_fold_has_no_interval():
    assert corrected_interval((0.9,), "accuracy") == (None, None)


def test_it_is_ready_for_json():
    told = cross_validation((0.5, 0.7), (), "r2").as_json()
    assert json.loads(json.dumps(told)) == told
    assert set(told) == {"score", "low", "high", "optimism", "candidates", "folds", "corrected"}


def test_the_same_run_gives_the_same_answer():
    evaluations = dropped_early(np.random.default_rng(7).standard_normal((60, FOLDS)))
    best = winner(evaluations).fold_scores
    assert cross_validation(best, evaluations, "r2") == cross_validation(best, evaluations, "r2")

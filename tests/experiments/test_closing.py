"""The last fit: by the clock, and with a way out."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from config.errors import RunFailed
from config.settings import Settings
from experiments.closing import Closing, FitFailed, fit_baseline, fit_best, fit_seconds
from experiments.preparation import prepare
from experiments.search.events import Evaluation, Measures
from tests.search.hostile import Complainer, Segfaulter, Sleeper


@pytest.fixture(scope="module")
def prepared():
    return prepare(Settings(data="penguins"))


@pytest.fixture(scope="module")
def closing(prepared):
    process = Closing(prepared, memory_limit_mb=2000, seed=0)
    yield process
    process.close()


def evaluation(number: int, estimator, seconds: float = 0.1) -> Evaluation:
    folds = (0.9 - number / 100,) * 5
    return Evaluation(
        number, 0, f"p{number}", estimator, "valid", "", folds[0], folds, Measures(1.0), seconds, "w", (), "random"
    )


def test_what_was_fitted_predicts_the_persons_labels_and_its_score_is_of_the_holdout(prepared, closing):
    closed = closing.fit(LogisticRegression(max_iter=500), 60)
    labels = closed.fitted.predict(prepared.holdout.X)
    assert set(labels) == {"Adelie", "Chinstrap", "Gentoo"}
    assert closed.holdout_score == pytest.approx(np.mean(labels == prepared.holdout.y.to_numpy()))
    low, high = closed.holdout_interval or (0.0, 1.0)  # a busy machine has no time for it
    assert low <= closed.holdout_score <= high
    assert closed.inference_ms > 0


def test_the_next_best_is_fitted_where_the_best_raises_or_crashes_or_hangs(closing):
    members = [Complainer(), Segfaulter(), Sleeper(), DecisionTreeClassifier(random_state=0)]
    leaderboard = [evaluation(number, estimator) for number, estimator in enumerate(members)]
    began = time.monotonic()
    champion, closed = fit_best(closing, leaderboard, began + 8.0)
    assert champion.number == 3
    assert closed.fitted.predict is not None


def test_where_the_best_takes_too_long_the_best_that_does_not_is_fitted(closing):
    leaderboard = [
        evaluation(0, Sleeper(), seconds=500.0),
        evaluation(1, DecisionTreeClassifier(random_state=0), seconds=0.1),
        evaluation(2, LogisticRegression(max_iter=500), seconds=0.05),
    ]
    champion, _ = fit_best(closing, leaderboard, time.monotonic() + 30.0)
    assert champion.number == 1


class AtOnce:
    """Fits whatever it is asked to, in no time."""

    def fit(self, estimator, seconds):
        return estimator


def test_a_moment_less_than_the_best_takes_at_most_is_enough_for_it():
    best = evaluation(0, DecisionTreeClassifier(), seconds=60.0)
    leaderboard = [best, evaluation(1, LogisticRegression(), seconds=0.05)]
    assert fit_best(AtOnce(), leaderboard, 0.9 * fit_seconds(best), clock=lambda: 0.0)[0] is best


def test_where_time_is_over_the_best_is_not_given_up_for_a_moment():
    seconds = (60.0, 0.5, 0.05)
    leaderboard = [evaluation(number, DecisionTreeClassifier(), each) for number, each in enumerate(seconds)]
    assert fit_best(AtOnce(), leaderboard, 0.0, clock=lambda: 1.0)[0].number == 1


def test_where_none_can_be_fitted_it_says_why(closing):
    with pytest.raises(RunFailed, match="none of the 2 best pipelines can be fitted .* does not like the data"):
        fit_best(closing, [evaluation(0, Complainer()), evaluation(1, Complainer())], time.monotonic() + 60)


def test_a_fit_that_ends_its_process_costs_that_fit_only(closing):
    with pytest.raises(FitFailed, match="SIGSEGV"):
        closing.fit(Segfaulter(), 60)
    assert closing.fit(DecisionTreeClassifier(random_state=0), 60).holdout_score > 0.8


def test_the_baseline_stands_in(prepared, closing):
    problem = prepared.problem(3, 0)
    cv_score, closed = fit_baseline(closing, problem, 10.0)
    assert cv_score > 0.9
    assert closed.holdout_score > 0.9


def test_a_fit_on_all_rows_is_expected_to_take_longer_than_on_a_folds():
    assert fit_seconds(evaluation(0, None, seconds=10.0)) > 2 * 10.0 / 5
    assert fit_seconds(evaluation(0, None, seconds=10.0)) < 10.0

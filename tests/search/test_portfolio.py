"""What every run begins with."""

from __future__ import annotations

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.svm import SVC, SVR
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier

from experiments.search.early_drop import Bars
from experiments.search.evaluation import evaluate
from experiments.search.objectives import Objectives
from experiments.search.portfolio import KERNEL_ROWS, MANY_CLASSES, MANY_ROWS, NETWORK_ROWS, portfolio
from experiments.search.problem import Fold, Problem
from experiments.search.ranges import ranges
from experiments.search.space import search_space
from tests.search.conftest import make_problem

TASKS = ("classification", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_a_dozen_to_sixteen_pipelines_and_none_twice(task):
    entries = list(portfolio(make_problem(task)))
    assert 12 <= len(entries) <= 16
    assert len({repr(entry) for entry in entries}) == len(entries)


@pytest.mark.parametrize("task", TASKS)
def test_an_untuned_boosting_is_among_the_first(task):
    untuned = {HistGradientBoostingClassifier, HistGradientBoostingRegressor}
    first = list(portfolio(make_problem(task)))[:3]
    assert any(entry.predictor in untuned and not entry.parameters and not entry.scaled for entry in first)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", TASKS)
def test_all_of_them_work(task):
    problem = make_problem(task, n_rows=60)
    space = search_space("linear-light", problem, seed=0)
    rng = np.random.default_rng(0)
    with threadpool_limits(1):  # as in a sandbox
        for entry in portfolio(problem):
            assert evaluate(problem, space.estimator(space.around(entry, rng)), Bars(Objectives())).outcome == "valid"


def test_what_takes_too_long_on_large_tables_is_left_out():
    def names(n_rows: int) -> set[str]:
        fold = Fold(np.zeros((n_rows, 1)), np.arange(n_rows) % 2, np.zeros((1, 1)), np.zeros(1))
        return {entry.predictor.__name__ for entry in portfolio(Problem("classification", "accuracy", (fold,), 1, 2))}

    everything = names(KERNEL_ROWS)
    assert everything - names(KERNEL_ROWS + 1) == {"SVC"}
    assert everything - names(NETWORK_ROWS + 1) == {"SVC", "MLPClassifier"}


@pytest.mark.parametrize("n_classes", [MANY_CLASSES - 1, MANY_CLASSES])
def test_tuned_boosting_comes_last_where_each_step_grows_many_trees(n_classes):
    fold = Fold(np.zeros((100, 1)), np.arange(100) % n_classes, np.zeros((1, 1)), np.zeros(1))
    entries = list(portfolio(Problem("classification", "accuracy", (fold,), 1, n_classes)))
    slow = [entry.predictor in {LGBMClassifier, XGBClassifier} for entry in entries]
    assert entries[1].predictor is HistGradientBoostingClassifier
    assert (slow == sorted(slow)) == (n_classes == MANY_CLASSES)


def test_a_kernel_machine_is_not_asked_for_probabilities():
    problem = make_problem()
    asked = Problem(problem.task, "neg_log_loss", problem.folds, problem.n_features, problem.n_classes)
    assert SVC in {entry.predictor for entry in portfolio(problem)}
    assert SVC not in {entry.predictor for entry in portfolio(asked)}


def test_a_kernel_machine_fits_the_unit_of_the_target():
    problem = make_problem("regression")
    folds = tuple(Fold(each.train_X, 1000 * each.train_y, each.test_X, 1000 * each.test_y) for each in problem.folds)
    large = Problem(problem.task, problem.metric, folds, problem.n_features, 0)
    (one,) = (entry for entry in portfolio(problem) if entry.predictor is SVR)
    (other,) = (entry for entry in portfolio(large) if entry.predictor is SVR)
    assert other.parameters["C"] == pytest.approx(1000 * one.parameters["C"])
    assert other.parameters["epsilon"] == pytest.approx(1000 * one.parameters["epsilon"])


@pytest.mark.parametrize("n_rows", [900, 2 * MANY_ROWS])
@pytest.mark.parametrize("task", TASKS)
def test_boosting_begins_within_the_ranges_that_tune_it(task, n_rows):
    problem = make_problem(task, n_rows=n_rows)
    tuned = ranges(n_rows)
    for entry in portfolio(problem):
        if entry.predictor in tuned and tuned[entry.predictor].replaces:
            space = tuned[entry.predictor].space
            for name, value in entry.parameters.items():
                assert name in space, (entry, name)
                assert space[name].legal_value(value), (entry, name, value)

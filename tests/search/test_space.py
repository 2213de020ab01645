"""What is drawn from a search space can be evaluated."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from xgboost import XGBClassifier

from config.errors import BadInput
from experiments.search.canonical import text
from experiments.search.early_drop import Bars
from experiments.search.evaluation import evaluate
from experiments.search.objectives import Objectives
from experiments.search.portfolio import portfolio
from experiments.search.space import search_space
from experiments.search.space_names import NAMES
from experiments.search.tpot_repairs import tpot
from tests.search.conftest import make_problem
from tests.search.measure_valid_share import TABLES, problem_of


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_random_individuals_of_the_light_space_are_valid(task, kind):
    # in this process, for speed; measure_valid_share.py measures all spaces, with more individuals, in sandboxes
    problem = problem_of(kind, task, n_rows=90, n_splits=2)
    space = search_space("linear-light", problem, seed=0)
    rng = np.random.default_rng(0)
    for _ in range(12):
        assert evaluate(problem, space.estimator(space.random(rng)), Bars(Objectives())).outcome == "valid"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_portfolio_is_in_every_space_and_nothing_else_with_it(name, task):
    problem = make_problem(task)
    space = search_space(name, problem, seed=0)
    rng = np.random.default_rng(0)
    for entry in portfolio(problem):
        pipeline = text(space.estimator(space.around(entry, rng)))
        assert entry.predictor.__name__ in pipeline
        assert ("StandardScaler() >" in pipeline or "[StandardScaler()] >" in pipeline) == entry.scaled
        assert pipeline.count(">") == entry.scaled


@pytest.mark.parametrize("name", NAMES)
def test_what_varies_from_a_portfolio_keeps_changing(name):
    problem = make_problem()
    space = search_space(name, problem, seed=0)
    rng = np.random.default_rng(0)
    start = space.around(next(iter(portfolio(problem))), rng)
    before = text(space.estimator(start))
    children = [text(space.estimator(space.mutated(start, rng))) for _ in range(40)]
    assert len({*children, before}) > 5
    assert text(space.estimator(start)) == before


@pytest.mark.parametrize("name", NAMES)
def test_only_small_things_travel(name):
    space = search_space(name, make_problem(), seed=0)
    rng = np.random.default_rng(0)
    assert max(len(pickle.dumps(space.estimator(space.random(rng)))) for _ in range(20)) < 10_000


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(
        BadInput, match=r"search space lineer does not exist; did you mean linear\? \(there are linear,"
    ):
        search_space("lineer", make_problem(), seed=0)


def test_the_portfolio_scores_with_metrics_that_need_probabilities():
    problem = make_problem(n_classes=3)
    problem = type(problem)(problem.task, "roc_auc_ovr", problem.folds, problem.n_features, problem.n_classes)
    space = search_space("linear-light", problem, seed=0)
    rng = np.random.default_rng(0)
    assert "SVC" not in {entry.predictor.__name__ for entry in portfolio(problem)}
    for entry in portfolio(problem):
        if not entry.parameters.get("n_estimators") and entry.predictor is not HistGradientBoostingClassifier:
            assert evaluate(problem, space.estimator(space.around(entry, rng)), Bars(Objectives())).outcome == "valid"


@pytest.mark.parametrize("name", NAMES)
def test_boosting_is_drawn_from_ranges_worth_searching(name):
    space = search_space(name, make_problem(), seed=0)
    boosted = [
        part.space for part in space.parts
        if getattr(part, "method", None) in (LGBMClassifier, XGBClassifier, HistGradientBoostingClassifier)
    ]  # fmt: skip
    assert bool(boosted) == (not name.endswith("-light"))
    for own in boosted:
        assert own["learning_rate"].upper <= 0.3
        assert max(own[steps].upper for steps in ("n_estimators", "max_iter") if steps in own) >= 300


@pytest.mark.parametrize("name", NAMES)
def test_every_node_keeps_its_hyperparameters_consistent(name):
    space = search_space(name, make_problem(), seed=0)
    plain = [part for part in space.parts if type(part) is tpot.search_spaces.nodes.EstimatorNode]
    assert plain == []

"""A Python file that defines a search space, with classes of its own."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

from config.errors import BadInput
from experiments.search.canonical import text
from experiments.search.order import Order
from experiments.search.pool import Limits, open_pool
from experiments.search.portfolio import portfolio
from experiments.search.space import search_space
from tests.search.conftest import make_problem

PROBLEM = make_problem()

BESIDE = """
import numpy as np


def clipped(X, at):
    return np.clip(X, -at, at)
"""

OWN = """
import numpy as np
from beside_the_space import clipped
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tpot.search_spaces.nodes import EstimatorNode, FSSNode
from tpot.search_spaces.pipelines import ChoicePipeline, GraphSearchPipeline, SequentialPipeline, UnionPipeline


class Clipper(TransformerMixin, BaseEstimator):
    def __init__(self, at=3.0):
        self.at = at

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return clipped(X, self.at)


class Centres(ClassifierMixin, BaseEstimator):
    def __init__(self, power=1.0):
        self.power = power

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.centres_ = np.stack([X[y == each].mean(axis=0) for each in self.classes_])
        return self

    def predict(self, X):
        return self.classes_[(np.abs(X[:, None] - self.centres_) ** self.power).sum(axis=2).argmin(axis=1)]


logistic = ConfigurationSpace({"solver": "saga", "max_iter": 100})
penalty, ratio = Categorical("penalty", ["l1", "l2", "elasticnet"]), Float("l1_ratio", (0.0, 1.0))
logistic.add([penalty, ratio])
logistic.add(EqualsCondition(ratio, penalty, "elasticnet"))

clipper = EstimatorNode(Clipper, ConfigurationSpace({"at": Float("at", (0.5, 5.0))}))
scaler = EstimatorNode(StandardScaler, {})
predictor = ChoicePipeline([
    EstimatorNode(Centres, ConfigurationSpace({"power": Float("power", (0.5, 3.0))})),
    EstimatorNode(LogisticRegression, logistic),
])
search_space = SequentialPipeline([
    ChoicePipeline([FSSNode([[0, 1, 2], [0, 1, 2, 3, 4, 5]]), FSSNode([[0, 1, 2]]), UnionPipeline([clipper])]),
    GraphSearchPipeline(predictor, inner_search_space=ChoicePipeline([clipper, scaler]), max_size=4),
])
"""


@pytest.fixture
def own(tmp_path) -> str:
    Path(tmp_path, "beside_the_space.py").write_text(BESIDE)
    path = Path(tmp_path, "own.py")
    path.write_text(OWN)
    return str(path)


def test_whatever_is_drawn_reaches_the_workers_and_works(own):
    space = search_space(own, PROBLEM, seed=0)
    rng = np.random.default_rng(0)
    individuals = [space.random(rng)]
    for number in range(20):
        vary = (lambda first: space.mutated(first, rng)) if number % 2 else (
            lambda first: space.crossed(first, space.random(rng), rng)
        )  # fmt: skip
        individuals.append(vary(individuals[-1]))
    estimators = [space.estimator(individual) for individual in individuals]
    assert {"Clipper", "Centres"} <= {word for each in estimators for word in text(each).replace("(", " ").split()}
    with open_pool(PROBLEM, Limits(per_run_limit=30.0, memory_limit_mb=2000), "local", n_jobs=1) as pool:
        for number, estimator in enumerate(estimators):
            pool.submit(Order(number, estimator))
        results = []
        while len(results) < len(estimators):
            results += pool.wait(60.0)
    assert {result.outcome for result in results} == {"valid"}, [result.cause for result in results]


def test_a_fitted_pipeline_loads_where_the_file_is_not(own, tmp_path):
    space = search_space(own, PROBLEM, seed=0)
    rng = np.random.default_rng(1)
    estimator = next(
        each for each in iter(lambda: space.estimator(space.random(rng)), None)
        if "Clipper" in text(each) and "Centres" in text(each)
    )  # fmt: skip
    fold = PROBLEM.folds[0]
    estimator.fit(fold.train_X, fold.train_y)
    Path(tmp_path, "model.joblib").write_bytes(zlib.compress(cloudpickle.dumps(estimator)))
    np.save(tmp_path / "rows.npy", fold.test_X)
    elsewhere = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c",
         "import joblib, numpy; print(*joblib.load('model.joblib').predict(numpy.load('rows.npy')))"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert elsewhere.stdout.split() == [str(each) for each in estimator.predict(fold.test_X)]


def test_nothing_of_the_portfolio_is_put_in(own):
    space = search_space(own, PROBLEM, seed=0)
    rng = np.random.default_rng(0)
    for entry in portfolio(PROBLEM):
        assert not space.has_room_for(entry)
        assert "LGBM" not in text(space.estimator(space.around(entry, rng)))


def test_the_code_is_part_of_what_a_pipeline_means(own):
    first = search_space(own, PROBLEM, seed=0).digest
    Path(own).write_text(OWN.replace("3.0", "4.0"))
    changed = search_space(own, PROBLEM, seed=0)
    assert len(first) == 64
    assert changed.digest != first
    assert search_space("linear-light", PROBLEM, seed=0).digest == ""


def test_individuals_travel_in_a_checkpoint(own):
    space = search_space(own, PROBLEM, seed=0)
    individual = space.random(np.random.default_rng(0))
    again = pickle.loads(cloudpickle.dumps(individual))
    assert text(again.export_pipeline()) == text(individual.export_pipeline())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nosuchpackage\nsearch_space = 1", r"own.py, line 1: ModuleNotFoundError: No module named"),
        ("x = 1\nsearch_space = x / 0", r"own.py, line 2: ZeroDivisionError: division by zero$"),
        ("search_space = 'linear'", r"own.py must define search_space as a search space of TPOT, such as .* not str$"),
        ("""
         from sklearn.linear_model import LogisticRegression
         from tpot.search_spaces.nodes import EstimatorNode
         search_space = EstimatorNode(LogisticRegression, {"c": 1})
         """, r"own.py: nothing can be drawn from search_space: TypeError: .*unexpected keyword argument 'c'"),
        ("""
         from sklearn.linear_model import LogisticRegression
         from tpot.search_spaces.nodes import EstimatorNode
         def parsed(drawn):
             return {"C": drawn["missing"]}
         search_space = EstimatorNode(LogisticRegression, {}, parsed)
         """, r"own.py, line 5: nothing can be drawn from search_space: KeyError: 'missing'$"),
        ("""
         from sklearn.preprocessing import StandardScaler
         from tpot.search_spaces.nodes import EstimatorNode
         search_space = EstimatorNode(StandardScaler, {})
         """, r"own.py: what is drawn from search_space ends in StandardScaler, which cannot predict; let it end in a"),
        ("""
         from sklearn.linear_model import Ridge
         from tpot.search_spaces.nodes import EstimatorNode
         search_space = EstimatorNode(Ridge, {})
         """, r"own.py: Ridge in search_space is a regressor, and the task is classification; let it end in"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_and_line(tmp_path, code, message):
    path = Path(tmp_path, "own.py")
    path.write_text(textwrap.dedent(code))
    with pytest.raises(BadInput, match=message):
        search_space(str(path), PROBLEM, seed=0)

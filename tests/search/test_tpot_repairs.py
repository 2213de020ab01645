"""Every fault of TPOT is still there, and its repair works. If the first test fails, that is good: drop the repair."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from ConfigSpace import Configuration
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import cross_val_predict

from experiments.search.space import search_space
from experiments.search.tpot_repairs import REPAIRS, tpot
from tests.search.conftest import make_problem

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
Y = np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])


@pytest.mark.parametrize("name", REPAIRS)
def test_the_installed_tpot_still_needs(name):
    assert REPAIRS[name].needed(), f"upstream has mended {REPAIRS[name].upstream}: remove the repair {name!r}"


def test_importing_is_quiet_and_asks_nobody():
    program = (
        "import socket; socket.socket.connect = None\n"
        "from experiments.search.tpot_repairs import tpot\n"
        "import update_checker; assert update_checker.update_check.__module__.startswith('update_checker')"
    )
    finished = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize(("estimator", "method"), [(LogisticRegression(), "predict_proba"),
                                                   (RidgeClassifier(), "decision_function")])  # fmt: skip
def test_inner_predictions_are_out_of_fold_and_of_the_method_that_serves(estimator, method):
    wrapped = tpot.builtin_modules.EstimatorTransformer(estimator, cross_val_predict_cv=3)
    fitted = wrapped.fit_transform(X, Y)
    np.testing.assert_array_equal(fitted, cross_val_predict(estimator, X, Y, cv=3, method=method))
    assert wrapped.transform(X).shape == fitted.shape


@pytest.mark.parametrize("folds", [0, None])
def test_inner_predictions_without_inner_folds_are_the_fitted_estimators(folds):
    wrapped = tpot.builtin_modules.EstimatorTransformer(LogisticRegression(), cross_val_predict_cv=folds)
    np.testing.assert_array_equal(wrapped.fit_transform(X, Y), wrapped.transform(X))


class Counting(LogisticRegression):
    """Counts how often any copy of it is fitted."""

    fits = 0

    def fit(self, X, y):
        Counting.fits += 1
        return super().fit(X, y)


def test_the_root_of_a_graph_is_fitted_once_and_on_inner_predictions():
    import networkx

    graph = networkx.DiGraph([("root", "inner")])
    graph.nodes["root"]["instance"] = Counting()
    graph.nodes["inner"]["instance"] = LogisticRegression(C=0.1)
    pipeline = tpot.GraphPipeline(graph=graph, cross_val_predict_cv=3).fit(X, Y)
    assert Counting.fits == 1
    inner = cross_val_predict(LogisticRegression(C=0.1), X, Y, cv=3, method="predict_proba")
    np.testing.assert_allclose(graph.nodes["root"]["instance"].coef_, LogisticRegression().fit(inner, Y).coef_)
    assert pipeline.predict_proba(X).shape == (90, 3)


def test_the_lonely_survive():
    # one front of four: two ends, one close to an end, one alone in the middle
    scores = np.array([[0.0, 10.0], [1.0, 9.0], [5.0, 5.0], [10.0, 0.0]])
    assert sorted(tpot.selectors.survival_select_NSGA2(scores, 3)) == [0, 2, 3]


@pytest.mark.parametrize("name", ["linear-light", "graph-light"])
def test_light_spaces_have_no_inner_predictors(name):
    space = search_space(name, make_problem(), seed=0)
    rng = np.random.default_rng(0)
    drawn = [space.random(rng).export_pipeline() for _ in range(30)]
    assert "EstimatorTransformer" not in repr(drawn)


def test_crossover_leaves_consistent_hyperparameters():
    space = search_space("linear", make_problem(), seed=0)
    rng = np.random.default_rng(0)
    nodes = [choice.generate(rng) for choice in space.root.search_spaces[-1].search_spaces for _ in range(6)]
    crossed = 0
    for first in nodes:
        for second in nodes:
            if first is not second and first.method is second.method:
                child = space.copied(first)
                if child.crossover(space.copied(second)):
                    crossed += 1
                    Configuration(child.space, values=child.hyperparameters)  # which refuses gaps and excess
    assert crossed > 100


def test_a_mutation_of_a_graph_makes_one_change():
    space = search_space("graph", make_problem(), seed=0)
    rng = np.random.default_rng(0)
    changes = []
    for _ in range(60):
        individual = space.random(rng)
        sizes = [individual.graph.number_of_nodes()]
        for _ in range(4):
            assert individual.mutate(rng)
            sizes.append(individual.graph.number_of_nodes())
        changes += list(np.diff(sizes))
    assert max(changes) == 1  # all at once, it was up to three; a node may take others with it, or be merged
    assert min(changes) < 0

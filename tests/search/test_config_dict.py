"""A config_dict of TPOT 0.x becomes a search space in which everything can be evaluated."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.feature_selection import f_classif, f_regression, mutual_info_classif
from sklearn.pipeline import Pipeline

from config.errors import BadInput
from experiments.search.canonical import parts, text
from experiments.search.early_drop import Bars
from experiments.search.evaluation import evaluate
from experiments.search.objectives import Objectives
from experiments.search.portfolio import portfolio
from experiments.search.space import Space, search_space
from tests.search.conftest import make_problem

CLASSIFICATION = make_problem()
NB = {"sklearn.naive_bayes.GaussianNB": {}}
TREES = {"sklearn.ensemble.ExtraTreesClassifier": {"n_estimators": [4, 8, 16], "criterion": ["gini", "entropy"]}}
#: as TPOT 0.12 has it, thinned out: combinations that scikit-learn refuses, bounds that are open, names of old
CLASSIC: dict[str, Any] = {
    "sklearn.naive_bayes.MultinomialNB": {"alpha": [1e-3, 1.0, 100.0], "fit_prior": [True, False]},
    "sklearn.svm.LinearSVC": {
        "penalty": ["l1", "l2"], "loss": ["hinge", "squared_hinge"], "dual": [True, False], "C": [1e-4, 0.01, 1.0],
    },
    "sklearn.linear_model.LogisticRegression": {"penalty": ["l1", "l2"], "C": [0.01, 1.0], "dual": [True, False]},
    "sklearn.linear_model.SGDClassifier": {
        "loss": ["log_loss", "hinge", "perceptron"], "penalty": ["elasticnet"], "alpha": [0.0, 0.01, 0.001],
        "learning_rate": ["invscaling", "constant"], "l1_ratio": [0.0, 0.5, 1.0], "eta0": [0.1, 1.0, 0.01],
    },
    "sklearn.cluster.FeatureAgglomeration": {
        "linkage": ["ward", "complete", "average"], "affinity": ["euclidean", "l1", "manhattan", "cosine"],
    },
    "sklearn.decomposition.FastICA": {"tol": [0.05, 1.0]},
    "sklearn.kernel_approximation.Nystroem": {"kernel": ["rbf", "chi2", "additive_chi2"], "n_components": [2, 4]},
    "sklearn.preprocessing.StandardScaler": {},
    "tpot.builtins.ZeroCount": {},
    "tpot.builtins.OneHotEncoder": {"minimum_fraction": [0.05, 0.25], "sparse": [False], "threshold": [10]},
    "sklearn.feature_selection.SelectFwe": {
        "alpha": [0.0, 0.01, 0.05], "score_func": {"sklearn.feature_selection.f_classif": None},
    },
    "sklearn.feature_selection.RFE": {
        "step": [0.5, 1.0],
        "estimator": {"sklearn.ensemble.ExtraTreesClassifier": {"n_estimators": [10], "max_features": [0.5, 1.0]}},
    },
    **NB,
}  # fmt: skip


def made(config: dict[str, Any], problem: Any = CLASSIFICATION) -> Space:
    return search_space(json.dumps(config), problem, seed=0)


def drawn(space: Space, count: int, seed: int = 0) -> list[Any]:
    """Random individuals, mutated ones and crossed ones by turns."""
    rng = np.random.default_rng(seed)
    individuals: list[Any] = []
    for number in range(count):
        individual = space.random(rng)
        if number % 3 == 1:
            individual = space.mutated(individuals[-1], rng)
        if number % 3 == 2:
            individual = space.crossed(individuals[-1], individual, rng)
        individuals.append(individual)
    return [space.estimator(each) for each in individuals]


def looks(problem: Any, estimator: Any) -> tuple[float, ...]:
    return evaluate(problem, estimator, Bars(Objectives())).looks


@pytest.mark.filterwarnings("ignore::UserWarning")  # of TPOT: it knows no complexity of some classes
def test_whatever_is_drawn_can_be_evaluated():
    for estimator in drawn(made(CLASSIC), 16):
        assert len(looks(CLASSIFICATION, estimator)) == 3, text(estimator)


def test_every_class_occurs():
    names = " ".join(text(estimator) for estimator in drawn(made(CLASSIC), 150))
    for name in CLASSIC:
        last = name.rpartition(".")[2]
        assert {"OneHotEncoder": "ColumnOneHotEncoder"}.get(last, last) in names


def test_incompatible_combinations_are_not_drawn():
    config = {
        "sklearn.svm.LinearSVC": {"penalty": ["l1", "l2"], "loss": ["hinge", "squared_hinge"], "dual": [True, False]}
    }
    found = set()
    for estimator in drawn(made(config), 60):
        last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
        found.add((last.penalty, last.loss, last.dual))
    assert found == {
        ("l1", "squared_hinge", False), ("l2", "hinge", True), ("l2", "squared_hinge", True),
        ("l2", "squared_hinge", False),
    }  # fmt: skip


def test_predictors_alone_are_enough():
    texts = {text(estimator) for estimator in drawn(made(TREES), 30)}
    assert "ExtraTreesClassifier(n_estimators=8)" in texts


def test_without_a_transformer_or_without_a_selector():
    scaler = {"sklearn.preprocessing.StandardScaler": {}}
    selector = {"sklearn.feature_selection.SelectPercentile": {"percentile": [20, 50, 80]}}
    for others, expected in ((scaler, "StandardScaler"), (selector, "SelectPercentile")):
        assert any(expected in text(estimator) for estimator in drawn(made({**others, **NB}), 20))


def test_functions_by_name_stay_what_was_named():
    functions = {"sklearn.feature_selection.f_classif": None, "sklearn.feature_selection.mutual_info_classif": None}
    selector = {"sklearn.feature_selection.SelectPercentile": {"percentile": [50], "score_func": functions}}
    found = {
        part.score_func for estimator in drawn(made({**selector, **NB}), 40) for part in parts_of(estimator)
        if hasattr(part, "score_func")
    }  # fmt: skip
    assert found == {f_classif, mutual_info_classif}


def parts_of(estimator: Any) -> list[Any]:
    return [each for part in parts(estimator) for each in (part, *part.get_params(deep=True).values())]


def test_a_regression():
    config = {
        "sklearn.linear_model.ElasticNetCV": {"l1_ratio": [0.0, 0.5, 1.0], "tol": [1e-2]},
        "sklearn.ensemble.AdaBoostRegressor": {
            "n_estimators": [5],
            "estimator": {"sklearn.tree.DecisionTreeRegressor": {"max_depth": [1, 2, 3]}},
        },
        "sklearn.feature_selection.SelectPercentile": {
            "percentile": [50], "score_func": {"sklearn.feature_selection.f_regression": None},
        },
    }  # fmt: skip
    problem = make_problem("regression")
    found = drawn(made(config, problem), 24)
    assert all(looks(problem, estimator) for estimator in found[:6])
    assert f_regression in {getattr(part, "score_func", None) for estimator in found for part in parts_of(estimator)}
    assert any("AdaBoostRegressor(estimator=DecisionTreeRegressor" in text(estimator) for estimator in found)


def test_of_the_portfolio_only_what_the_dict_has_and_near_its_values():
    config = {"sklearn.linear_model.LogisticRegression": {"C": [1e-3, 0.04, 1.0, 30.0]},
              "sklearn.preprocessing.StandardScaler": {}}  # fmt: skip
    space = made(config)
    fitting = [entry for entry in portfolio(CLASSIFICATION) if space.has_room_for(entry)]
    assert {entry.predictor.__name__ for entry in fitting} == {"LogisticRegression"}
    rng = np.random.default_rng(0)
    texts = [text(space.estimator(space.around(entry, rng))) for entry in fitting]
    assert texts == ["StandardScaler() > LogisticRegression()", "StandardScaler() > LogisticRegression(C=0.04)"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"sklearn.naive_bayes.GaussNB": {}},
         r"^sklearn.naive_bayes.GaussNB in .* does not exist; did you mean sklearn.naive_bayes.GaussianNB\?$"),
        ({"sklearn.naive.GaussianNB": {}}, r"^sklearn.naive.GaussianNB in .*: there is no module sklearn.naive$"),
        ({"nosuchpackage.Model": {}}, r"^nosuchpackage.Model in .*: package nosuchpackage is not installed$"),
        ({"GaussianNB": {}}, r"^GaussianNB in the config_dict needs its module, as in"),
        ({"sklearn.feature_selection.f_classif": {}}, r"^sklearn.feature_selection.f_classif in .* is not a class$"),
        ({"collections.OrderedDict": {}}, r"^collections.OrderedDict in .* is not a scikit-learn estimator$"),
        ({"tpot.builtins.StackingEstimator": {}, **NB}, r"^tpot.builtins.StackingEstimator in .* no counterpart in"),
        ({"sklearn.cluster.DBSCAN": {}, **NB}, r"^sklearn.cluster.DBSCAN in .* can neither predict nor transform"),
        ({"sklearn.linear_model.Ridge": {}}, r"^sklearn.linear_model.Ridge in .* is a regressor, and the task is"),
        ({"sklearn.preprocessing.StandardScaler": {}}, r"^the config_dict has no classifier, only sklearn.preproc"),
        ({"sklearn.naive_bayes.BernoulliNB": {"aplha": [1.0]}},
         r"^sklearn.naive_bayes.BernoulliNB: aplha in .* is not a parameter of BernoulliNB; did you mean alpha\?$"),
        ({"sklearn.naive_bayes.BernoulliNB": {"alpha": []}}, r"BernoulliNB: alpha in .* has an empty list of values$"),
        ({"sklearn.naive_bayes.BernoulliNB": [1]}, r"BernoulliNB in .* must have an object of parameters"),
        ({"sklearn.tree.DecisionTreeClassifier": {"criterion": ["gini", "entroppy"]}},
         r"^sklearn.tree.DecisionTreeClassifier: criterion in the config_dict cannot be 'entroppy': The 'criterion'"),
        ({"sklearn.tree.DecisionTreeClassifier": {"max_depth": [0, -1]}},
         r"DecisionTreeClassifier: max_depth in .* has no value that it can have: The 'max_depth' parameter"),
        ({"sklearn.svm.LinearSVC": {"penalty": ["l1"], "loss": ["hinge"]}},
         r"^sklearn.svm.LinearSVC in the config_dict works with none of the values listed: ValueError: Unsup"),
        ({"sklearn.ensemble.VotingClassifier": {}}, r"^sklearn.ensemble.VotingClassifier in .* works with none of"),
        ({"sklearn.ensemble.StackingClassifier": {"final_estimator": {"sklearn.naive_bayes.GaussianNB": {}}}},
         r"^sklearn.ensemble.StackingClassifier in .*: only estimators can hold an estimator, not final_estimator$"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key(config, message):
    with pytest.raises(BadInput, match=message):
        made(config)


def test_the_same_seed_draws_the_same():
    space = made(CLASSIC)
    assert [text(each) for each in drawn(space, 20, seed=3)] == [
        text(each) for each in drawn(made(CLASSIC), 20, seed=3)
    ]

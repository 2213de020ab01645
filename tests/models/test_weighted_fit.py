"""Row weights reach the estimator that learns the target, whatever it is wrapped in."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from experiments.search.tpot_repairs import tpot
from models.weighted_fit import fit_weighted

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = (X[:, 0] + RNG.normal(size=120) > 0).astype(int)
#: the first rows of class 1 count a lot
WEIGHT = np.where(np.arange(120) < 40, 1 + 20.0 * Y, 1.0)


def graph(root):
    edges = networkx.DiGraph()
    edges.add_node("root", instance=root)
    edges.add_node("scaler", instance=StandardScaler())
    edges.add_edge("root", "scaler")
    return tpot.GraphPipeline(edges)


TAKING = {
    "plain": LogisticRegression(),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "pipeline in a pipeline": make_pipeline(StandardScaler(), make_pipeline(LogisticRegression())),
    "graph": graph(LogisticRegression()),
    "graph in a pipeline": make_pipeline(StandardScaler(), graph(LogisticRegression())),
    "pipeline in a graph": graph(make_pipeline(StandardScaler(), LogisticRegression())),
    "vote of pipelines": VotingClassifier([("a", make_pipeline(StandardScaler(), GaussianNB())),
                                           ("b", KNeighborsClassifier()), ("c", "drop")], voting="soft"),
    "vote in a pipeline": make_pipeline(StandardScaler(), VotingClassifier([("a", make_pipeline(GaussianNB()))])),
    "stack": StackingClassifier([("a", GaussianNB())], cv=3),
    "wrapped": BaggingClassifier(LogisticRegression(), random_state=0),
    "calibrated": CalibratedClassifierCV(GaussianNB(), cv=3),
}  # fmt: skip
NOT_TAKING = {
    "plain": KNeighborsClassifier(),
    "pipeline": make_pipeline(StandardScaler(), KNeighborsClassifier()),
    "graph": graph(KNeighborsClassifier()),
    "wrapped": CalibratedClassifierCV(KNeighborsClassifier(), cv=3),
    "nothing": make_pipeline(StandardScaler(), "passthrough"),
}


@pytest.mark.parametrize("estimator", TAKING.values(), ids=TAKING)
def test_weights_change_what_is_learnt(estimator):
    plain = clone(estimator).fit(X, Y)
    weighted = fit_weighted(clone(estimator), X, Y, WEIGHT)
    assert weighted.predict(X).mean() > plain.predict(X).mean()


@pytest.mark.parametrize("name", sorted(TAKING.keys() - {"wrapped"}))  # bagging draws its rows another way for weights
def test_equal_weights_change_nothing(name):
    plain = clone(TAKING[name]).fit(X, Y)
    even = fit_weighted(clone(TAKING[name]), X, Y, np.ones(120))
    np.testing.assert_array_equal(even.predict(X), plain.predict(X))


@pytest.mark.parametrize("estimator", NOT_TAKING.values(), ids=NOT_TAKING)
def test_what_takes_no_weights_is_fitted_without(estimator):
    plain = clone(estimator).fit(X, Y)
    weighted = fit_weighted(clone(estimator), X, Y, WEIGHT)
    method = "predict" if hasattr(plain, "predict") else "transform"
    np.testing.assert_array_equal(getattr(weighted, method)(X), getattr(plain, method)(X))


def test_a_weight_of_two_is_a_row_twice():
    weight = np.where(np.arange(120) < 60, 2.0, 1.0)
    twice = np.r_[np.arange(60), np.arange(120)]
    for estimator in (graph(DecisionTreeClassifier(max_depth=3)), VotingClassifier([("a", LogisticRegression())])):
        weighted = fit_weighted(clone(estimator), X, Y, weight)
        doubled = clone(estimator).fit(X[twice], Y[twice])
        np.testing.assert_array_equal(weighted.predict(X), doubled.predict(X))


def test_a_weighted_vote_is_made_like_any_other():
    labels = np.array(["no", "yes"])[Y]
    vote = VotingClassifier([("a", make_pipeline(StandardScaler(), LogisticRegression())), ("b", GaussianNB())])
    weighted, plain = fit_weighted(clone(vote), X, labels, WEIGHT), clone(vote).fit(X, labels)
    assert str(weighted) == str(plain)
    assert [str(member) for member in weighted.estimators_] == [str(member) for member in plain.estimators_]
    assert str(dict(weighted.named_estimators_)) == str(dict(plain.named_estimators_))
    assert set(weighted.predict(X)) == {"no", "yes"}
    assert not hasattr(weighted.estimators[1][1], "classes_")  # what was passed in stays unfitted

    mean = VotingRegressor([("a", make_pipeline(StandardScaler(), LinearRegression())), ("b", LinearRegression())])
    np.testing.assert_allclose(
        fit_weighted(mean, X, X[:, 0] + Y, WEIGHT).predict(X),
        LinearRegression().fit(X, X[:, 0] + Y, WEIGHT).predict(X),
    )

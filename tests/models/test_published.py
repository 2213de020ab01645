"""The published pipeline: raw columns in, the person's own labels out, with the libraries alone."""

from __future__ import annotations

import os
import subprocess
import sys

import joblib
import networkx
import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tpot import GraphPipeline
from tpot.builtin_modules import Passthrough, ZeroCount
from xgboost import XGBClassifier, XGBRegressor

from experiments.data.columns import preprocessing
from experiments.data.kinds import detect_kinds
from models.published import publishable
from tests.data.awkward import awkward_frame, awkward_labels


def graph():
    """A tree that sees the rows and what a booster says of them."""
    edges = networkx.DiGraph()
    edges.add_node("tree", instance=DecisionTreeClassifier(max_depth=3))
    edges.add_node("booster", instance=XGBClassifier(n_estimators=3))
    edges.add_edge("tree", "booster")
    return GraphPipeline(graph=edges)


CLASSIFIERS = {
    "scikit-learn": LogisticRegression(max_iter=1000),
    "without probabilities": LinearSVC(),
    "xgboost": XGBClassifier(n_estimators=3, n_jobs=1),
    "lightgbm": LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1),
    "tpot, linear": make_pipeline(ZeroCount(), Passthrough(), DecisionTreeClassifier(max_depth=3)),
    "tpot, graph": graph(),
}


def published(estimator, y, task="classification", X=None):
    X = awkward_frame() if X is None else X
    return publishable(preprocessing(detect_kinds(X), X, task), estimator, X, y, task)


@pytest.mark.parametrize("estimator", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_any_classifier_answers_the_persons_labels(estimator):
    X, y = awkward_frame(), awkward_labels()
    pipeline = published(estimator, y)
    answers = pipeline.predict(X)
    inner = pipeline.named_estimators_["pipeline"]
    assert set(answers) <= set(y)
    assert np.array_equal(answers, pipeline.classes_[inner.predict(X)])
    assert hasattr(pipeline, "predict_proba") == hasattr(inner, "predict_proba")
    assert list(pipeline.feature_names_in_) == list(X.columns)


@pytest.mark.parametrize("labels", [[True, False], [7, 3], [-1.0, 2.0], ["ja", "nein"]])
def test_labels_come_back_in_their_own_type(labels):
    y = pd.Series(labels * 60)
    answers = published(XGBClassifier(n_estimators=3, n_jobs=1), y).predict(awkward_frame())
    assert answers.dtype == np.asarray(y).dtype
    assert set(answers.tolist()) <= set(labels)


def test_probabilities_stand_in_the_order_of_the_classes():
    X, y = awkward_frame(), awkward_labels()
    pipeline = published(LogisticRegression(max_iter=1000), y)
    probabilities = pipeline.predict_proba(X)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(pipeline.classes_[probabilities.argmax(axis=1)], pipeline.predict(X))


def test_a_regression_answers_numbers():
    X = awkward_frame()
    answers = published(XGBRegressor(n_estimators=3, n_jobs=1), X["whole"], "regression").predict(X)
    assert answers.shape == (120,)
    assert np.isfinite(answers).all()


def test_weights_reach_the_estimator_and_the_labels_stay_the_persons():
    X, y = awkward_frame(), awkward_labels()
    weight = np.where(y == "vielleicht", 50.0, 1.0)
    columns = preprocessing(detect_kinds(X), X, "classification")
    even = publishable(columns, CLASSIFIERS["xgboost"], X, y, "classification")
    weighted = publishable(columns, CLASSIFIERS["xgboost"], X, y, "classification", weight)
    assert (weighted.predict(X) == "vielleicht").mean() > (even.predict(X) == "vielleicht").mean()
    assert set(weighted.predict(X)) <= set(y)
    assert str(weighted) == str(even)
    assert str(weighted.estimators_) == str(even.estimators_)


def test_what_was_passed_in_stays_unfitted():
    estimator = DecisionTreeRegressor()
    published(estimator, awkward_frame()["whole"], "regression")
    assert not hasattr(estimator, "tree_")


@pytest.mark.parametrize("name", ["tpot, linear", "tpot, graph"])
def test_it_loads_and_answers_where_this_project_is_not(name, tmp_path):
    X, y = awkward_frame(), awkward_labels()
    pipeline = published(CLASSIFIERS[name], y)
    joblib.dump(pipeline, tmp_path / "model.joblib")
    X.to_pickle(tmp_path / "rows.pickle")
    (tmp_path / "ask.py").write_text(
        "import importlib.util, joblib, pandas\n"
        "for room in ('config', 'experiments', 'models', 'tests'):\n"
        "    assert importlib.util.find_spec(room) is None, room\n"
        "print(*joblib.load('model.joblib').predict(pandas.read_pickle('rows.pickle')))\n"
    )
    # -I leaves PYTHONPATH and the script's folder out, -S the site packages with whatever points at this project
    libraries = [path for path in sys.path if path.endswith("-packages")]
    asked = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "ignore", "-c",
         f"import sys; sys.path += {libraries!r}; exec(open('ask.py').read())"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.split() == pipeline.predict(X).tolist()

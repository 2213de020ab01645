"""Equivalent pipelines become one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import networkx
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from xgboost import XGBClassifier

from experiments.search.canonical import canonical, text
from experiments.search.tpot_repairs import tpot

Passthrough = tpot.builtin_modules.Passthrough
Skip = tpot.builtin_modules.SkipTransformer


def known_as(estimator) -> str:
    return text(canonical(estimator, seed=5))


def graph(*edges: tuple[str, str], **nodes):
    """A graph pipeline: edges go from a node to its inputs."""
    made = networkx.DiGraph()
    for label, instance in nodes.items():
        made.add_node(label, instance=instance)
    made.add_edges_from(edges)
    return tpot.GraphPipeline(graph=made)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_pipeline(Passthrough(), LogisticRegression()), LogisticRegression()),
        (make_pipeline(make_union(Skip(), Passthrough()), LogisticRegression()), LogisticRegression()),
        (make_union(StandardScaler(), PCA()), make_union(PCA(), StandardScaler())),
        (make_union(make_union(PCA(), StandardScaler()), Passthrough()),
         make_union(Passthrough(), StandardScaler(), PCA())),
        (make_pipeline(make_pipeline(PCA(), StandardScaler()), LogisticRegression()),
         make_pipeline(PCA(), StandardScaler(), LogisticRegression())),
        (LogisticRegression(C=1.0, random_state=3), LogisticRegression()),
        (LogisticRegression(C=np.float64(0.25)), LogisticRegression(C=0.25)),
        (ExtraTreesClassifier(n_jobs=4), ExtraTreesClassifier()),
        (graph(root=LogisticRegression()), LogisticRegression()),
        (graph(("b", "x"), ("b", "y"), b=LogisticRegression(), x=PCA(), y=MinMaxScaler()),
         graph(("a", "u"), ("a", "v"), u=MinMaxScaler(), v=PCA(), a=LogisticRegression())),
        (graph(("b", "x"), ("b", "y"), b=LogisticRegression(), x=PCA(), y=PCA()),
         graph(("b", "x"), b=LogisticRegression(), x=PCA())),
    ],
)  # fmt: skip
def test_equivalent_pipelines_are_known_by_one_text(one, other):
    assert known_as(one) == known_as(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LogisticRegression(C=1.0), LogisticRegression(C=2.0)),
        (make_pipeline(PCA(), StandardScaler()), make_pipeline(StandardScaler(), PCA())),
        (make_union(PCA(), Passthrough()), PCA()),
        (graph(("b", "x"), ("x", "y"), b=LogisticRegression(), x=PCA(), y=MinMaxScaler()),
         graph(("b", "x"), ("b", "y"), b=LogisticRegression(), x=PCA(), y=MinMaxScaler())),
    ],
)  # fmt: skip
def test_different_pipelines_are_told_apart(one, other):
    assert known_as(one) != known_as(other)


def test_the_text_reads_in_the_order_of_the_data():
    pipeline = make_pipeline(make_union(PCA(n_components=0.5), Passthrough()), LogisticRegression(C=2.0))
    assert known_as(pipeline) == "[PCA(n_components=0.5) + Passthrough()] > LogisticRegression(C=2.0)"


def test_everything_is_seeded_and_single_threaded_however_deep():
    inner = SelectFromModel(ExtraTreesClassifier(n_jobs=-1))
    made = canonical(graph(("b", "x"), b=XGBClassifier(n_jobs=-1), x=inner), seed=5)
    instances = [made.graph.nodes[node]["instance"] for node in made.graph.nodes]
    parameters = [instance.get_params() for instance in instances]
    assert all(5 in (each.get("random_state"), each.get("estimator__random_state")) for each in parameters)
    assert all(1 in (each.get("n_jobs"), each.get("estimator__n_jobs")) for each in parameters)


def test_the_canonical_form_of_a_graph_computes_the_same():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 2, 60)
    original = graph(("b", "x"), ("b", "y"), b=LogisticRegression(), x=PCA(), y=MinMaxScaler())
    expected = clone(original).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(canonical(original, 0).fit(X, y).predict_proba(X), expected, atol=1e-4)


DRAW = """
import warnings; warnings.simplefilter("ignore")
import numpy as np
from experiments.search.canonical import text
from experiments.search.space import search_space
from tests.search.conftest import make_problem

rng = np.random.default_rng(0)
for name in ("linear", "graph"):
    space = search_space(name, make_problem(), seed=1)
    for _ in range(15):
        first, second = space.random(rng), space.random(rng)
        child = space.mutated(space.crossed(first, second, rng), rng)
        print(text(space.estimator(child)))
"""


def test_drawing_and_text_do_not_depend_on_the_hash_seed():
    root = Path(__file__).parents[2]
    drawn = [
        subprocess.Popen(
            [sys.executable, "-c", DRAW], cwd=root, env={"PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, text=True
        )
        for seed in ("1", "2")
    ]
    first, second = (process.communicate()[0].splitlines() for process in drawn)
    assert len(first) == 30
    assert first == second

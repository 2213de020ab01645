"""Pipelines in one short line for people."""

from __future__ import annotations

import networkx as nx
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from experiments.reports.pipeline_text import short_text, shortened, wrapped
from experiments.search.tpot_repairs import tpot


def test_steps_stand_in_the_order_in_which_data_passes_them():
    assert short_text(make_pipeline(StandardScaler(), PCA(), LogisticRegression())) == (
        "StandardScaler → PCA → LogisticRegression"
    )


def test_branches_stand_beside_each_other():
    pipeline = make_pipeline(make_union(PCA(), tpot.builtin_modules.Passthrough()), LogisticRegression())
    assert short_text(pipeline) == "(PCA + Passthrough) → LogisticRegression"


def test_a_wrapped_estimator_is_named():
    assert short_text(RFE(RandomForestClassifier())) == "RFE(RandomForestClassifier)"


def test_a_graph_is_told_from_its_inputs_to_its_root():
    graph = nx.DiGraph()
    for name, estimator in {"root": LogisticRegression(), "a": PCA(), "b": MinMaxScaler()}.items():
        graph.add_node(name, instance=estimator)
    graph.add_edges_from([("root", "a"), ("root", "b")])
    assert short_text(tpot.GraphPipeline(graph)) == "(PCA + MinMaxScaler) → LogisticRegression"


def test_a_long_text_ends_in_an_ellipsis():
    assert shortened("one two three", 8) == "one two…"
    assert len(short_text(make_pipeline(*(PCA() for _ in range(100))))) == 120


def test_hover_texts_are_wrapped_and_hold_no_html_of_their_own():
    assert wrapped("one <two> & three", length=10) == "one &lt;two&gt;<br>&amp; three"
    assert wrapped("x" * 1000, length=10, lines=3).endswith("<br>…")

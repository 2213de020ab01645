"""Nodes that keep failing."""

from __future__ import annotations

import pytest
from sklearn.decomposition import PCA, FastICA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from experiments.search.events import Evaluation, Measures, Outcome
from experiments.search.reliability import Reliability, node_names

PIPELINE = make_pipeline(StandardScaler(), make_union(PCA(), FastICA()), LogisticRegression())


def evaluation(outcome: Outcome, cause: str = "") -> Evaluation:
    return Evaluation(0, 0, "p", PIPELINE, outcome, cause, None, (), Measures(1.0), 0.1, "w", (), "random")


def test_all_nodes_of_a_pipeline_are_found():
    assert node_names(PIPELINE) >= {"StandardScaler", "PCA", "FastICA", "LogisticRegression"}


def test_a_node_that_was_never_seen_is_trusted():
    assert Reliability().of(PIPELINE) == 1.0


def test_a_failure_counts_against_the_node_that_is_named():
    reliability = Reliability()
    for _ in range(7):
        reliability.learn(evaluation("invalid", "FastICA: ValueError: no"))
    assert reliability.of(PIPELINE) == pytest.approx(0.3)
    assert reliability.of(make_pipeline(StandardScaler(), PCA(), LogisticRegression())) == 1.0


def test_a_limit_that_was_hit_counts_against_all_and_success_for_all():
    reliability = Reliability()
    reliability.learn(evaluation("timeout", "longer than 10 seconds"))
    assert reliability.of(LogisticRegression()) == 0.75
    for _ in range(16):
        reliability.learn(evaluation("dropped"))
    assert reliability.of(LogisticRegression()) == 0.95

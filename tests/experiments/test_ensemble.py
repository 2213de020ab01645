"""Greedy ensemble selection: what it chooses, what it is worth, and the estimator that comes of it."""

from __future__ import annotations

import subprocess
import sys

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import VotingClassifier
from sklearn.feature_selection import SelectPercentile
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from experiments.ensemble import Member, greedy, vote
from experiments.reports.pipeline_code import Fitting, pipeline_code
from experiments.search.tpot_repairs import tpot
from models.prediction_scorer import PredictionScorer
from models.published import publishable

ROWS = 300
FOLDS = (100, 100, 100)


@pytest.fixture
def y():
    """Numbers to predict."""
    return np.random.default_rng(0).normal(size=ROWS)


@pytest.fixture
def scorer(y):
    """By the squared error, greater is better."""
    return PredictionScorer("neg_mean_squared_error", "regression", y, FOLDS)


def column(values):
    return np.asarray(values, dtype=np.float32).reshape(-1, 1)


def test_errors_that_cancel_are_chosen_together(y, scorer):
    candidates = {"above": column(y + 1), "below": column(y - 1), "good alone": column(y + 0.5)}
    ensemble = greedy(candidates, scorer)
    weights = {member.pipeline: member.weight for member in ensemble.members}
    assert weights.get("above", 0) + weights.get("good alone", 0) / 2 == pytest.approx(weights["below"])
    assert ensemble.score == pytest.approx(0.0, abs=1e-3)
    assert ensemble.single_score == pytest.approx(-0.25, abs=1e-5)
    assert sum(weights.values()) == pytest.approx(1.0)


def test_a_candidate_that_nothing_improves_stays_alone(y, scorer):
    ensemble = greedy({"right": column(y), "wrong": column(-y)}, scorer)
    assert ensemble.members == (Member("right", 1, 1.0),)
    assert ensemble.score == ensemble.single_score


def test_of_pipelines_that_predict_the_same_the_simpler_is_a_candidate(y, scorer):
    """Otherwise twins would each get some of the votes, and predicting would take twice the time."""
    twins = {"a longer text": column(y + 1), "a text": column(y + 1), "other": column(y - 3)}
    ensemble = greedy(twins, scorer)
    assert [member.pipeline for member in ensemble.members] == ["a text", "other"]
    assert ensemble.candidates == 2


def test_weights_are_shares_of_the_votes_by_falling_weight(y, scorer):
    ensemble = greedy({"above": column(y + 1), "below": column(y - 3)}, scorer)
    assert [member.pipeline for member in ensemble.members] == ["above", "below"]
    assert ensemble.members[0].weight == pytest.approx(0.75)


def test_the_order_of_the_candidates_says_nothing(y, scorer):
    draw = np.random.default_rng(1)
    candidates = {f"pipeline {number}": column(y + draw.normal(size=ROWS)) for number in range(8)}
    assert greedy(candidates, scorer) == greedy(dict(reversed(candidates.items())), scorer)


def test_rounds_bound_the_votes(y, scorer):
    draw = np.random.default_rng(1)
    candidates = {f"pipeline {number}": column(y + draw.normal(size=ROWS)) for number in range(20)}
    assert sum(member.votes for member in greedy(candidates, scorer, rounds=3).members) <= 3


def test_the_published_score_is_free_of_the_choices_optimism():
    """Of candidates that guess, the choice finds some that guessed well; on new rows that is worth nothing."""
    draw = np.random.default_rng(3)
    y = np.tile([0, 1], ROWS // 2)
    guesses = draw.uniform(size=(40, ROWS)).astype(np.float32)
    candidates = {f"guess {number}": np.column_stack([1 - p, p]) for number, p in enumerate(guesses)}
    ensemble = greedy(candidates, PredictionScorer("roc_auc", "classification", y, FOLDS, 2))
    assert ensemble.chosen_score > 0.58
    assert ensemble.score == pytest.approx(0.5, abs=0.05)
    assert ensemble.score == pytest.approx(np.mean(ensemble.fold_scores))


def test_each_folds_score_is_of_a_choice_that_did_not_see_it(y):
    """Where one candidate is right in the first fold only, the choice for that fold does not know."""
    lucky = np.where(np.arange(ROWS) < 100, y, 10.0)
    candidates = {"lucky": column(lucky), "steady": column(y + 1)}
    ensemble = greedy(candidates, PredictionScorer("neg_mean_squared_error", "regression", y, FOLDS))
    assert ensemble.fold_scores[0] == pytest.approx(-1.0, abs=1e-4)


def test_classifiers_without_probabilities_take_no_part():
    y = np.tile([0, 1], ROWS // 2)
    scorer = PredictionScorer("accuracy", "classification", y, FOLDS, 2)
    labels = column(y)
    unsure = np.full((ROWS, 2), 0.5, dtype=np.float32)
    assert [member.pipeline for member in greedy({"labels": labels, "unsure": unsure}, scorer).members] == ["unsure"]
    assert greedy({"labels": labels}, scorer) is None


def test_a_single_fold_can_tell_no_honest_score(y):
    assert greedy({"a": column(y)}, PredictionScorer("r2", "regression", y, [ROWS])) is None


def test_without_time_there_is_still_an_ensemble(y, scorer):
    draw = np.random.default_rng(1)
    candidates = {f"pipeline {number}": column(y + draw.normal(size=ROWS)) for number in range(8)}
    hurried = greedy(candidates, scorer, seconds=0.0)
    assert not hurried.complete
    assert hurried.members
    assert greedy(candidates, scorer).complete


def test_members_can_all_be_fitted_in_time(y, scorer):
    draw = np.random.default_rng(1)
    candidates = {f"pipeline {number}": column(y + draw.normal(size=ROWS)) for number in range(20)}
    seconds = {name: 1.0 + number for number, name in enumerate(candidates)}
    ensemble = greedy(candidates, scorer, fit_seconds=seconds, fit_limit=15.0)
    assert 1 < len(ensemble.members) < len(greedy(candidates, scorer).members)
    assert sum(seconds[member.pipeline] for member in ensemble.members) <= 15.0
    assert ensemble.candidates == 15


def test_nothing_that_can_be_fitted_in_time_is_no_ensemble(y, scorer):
    assert greedy({"slow": column(y)}, scorer, fit_seconds={"slow": 9.0}, fit_limit=5.0) is None


def test_a_large_table_is_thinned_for_the_choice_but_not_for_the_score(monkeypatch, y, scorer):
    monkeypatch.setattr("experiments.ensemble.CHOICE_ROWS", 60)
    candidates = {"above": column(y + 1), "below": column(y - 1)}
    ensemble = greedy(candidates, scorer)
    assert [member.votes for member in ensemble.members] == [1, 1]
    assert ensemble.chosen_score == pytest.approx(0.0, abs=1e-9)


@pytest.fixture(scope="module")
def classes():
    """A small table of three classes with labels of a person's own."""
    X, y = make_classification(150, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=1)
    table = pd.DataFrame(X, columns=list("abcde"))
    return table, np.array(["red", "green", "blue"])[y]


def graph():
    """A pipeline as the space ``graph`` has them."""
    made = nx.DiGraph()
    made.add_node("GaussianNB_01", instance=GaussianNB())
    made.add_node("MinMaxScaler_01", instance=MinMaxScaler())
    made.add_node("SelectPercentile_01", instance=SelectPercentile(percentile=60))
    made.add_edges_from([("GaussianNB_01", "MinMaxScaler_01"), ("GaussianNB_01", "SelectPercentile_01")])
    return tpot.GraphPipeline(made)


def three_classifiers():
    return [
        (make_pipeline(StandardScaler(), LogisticRegression(C=0.1)), 3),
        (DecisionTreeClassifier(max_depth=3, random_state=1), 2),
        (graph(), 1),
    ]


def test_a_vote_predicts_the_weighted_mean_of_its_members_probabilities(classes):
    X, labels = classes
    members = three_classifiers()
    fitted = publishable(StandardScaler(), vote(members, "classification"), X, labels, "classification")
    parts = [
        publishable(StandardScaler(), estimator, X, labels, "classification").predict_proba(X)
        for estimator, _ in members
    ]
    expected = np.average(parts, axis=0, weights=[3, 2, 1])
    np.testing.assert_allclose(fitted.predict_proba(X), expected)
    assert list(fitted.predict(X)) == list(fitted.classes_[expected.argmax(axis=1)])
    assert set(fitted.classes_) == {"red", "green", "blue"}


def test_a_vote_on_numbers_predicts_their_weighted_mean():
    X, y = make_regression(100, n_features=4, noise=5.0, random_state=1)
    table = pd.DataFrame(X, columns=list("abcd"))
    members = [(Ridge(), 3), (DecisionTreeRegressor(max_depth=3, random_state=1), 1)]
    fitted = publishable(StandardScaler(), vote(members, "regression"), table, y, "regression")
    parts = [publishable(StandardScaler(), each, table, y, "regression").predict(table) for each, _ in members]
    np.testing.assert_allclose(fitted.predict(table), np.average(parts, axis=0, weights=[3, 1]))


def test_a_vote_of_one_is_the_member_itself():
    (member, votes), *_ = three_classifiers()
    made = vote([(member, votes)], "classification")
    assert made is not member
    assert repr(made) == repr(member)


def test_the_choices_score_is_what_the_vote_comes_to_on_the_folds(classes):
    """The same rows, learnt from and predicted by the vote itself."""
    X, labels = classes
    y = np.unique(labels, return_inverse=True)[1]
    tests = np.array_split(np.random.default_rng(0).permutation(len(y)), 3)
    trains = [np.setdiff1d(np.arange(len(y)), test) for test in tests]
    pipelines = {str(number): estimator for number, (estimator, _) in enumerate(three_classifiers())}

    def out_of_fold(estimator):
        parts = zip(trains, tests, strict=True)
        return np.concatenate([estimator.fit(X.iloc[a], y[a]).predict_proba(X.iloc[b]) for a, b in parts])

    scorer = PredictionScorer("neg_log_loss", "classification", y[np.concatenate(tests)], [50] * 3, 3)
    ensemble = greedy({name: out_of_fold(estimator) for name, estimator in pipelines.items()}, scorer)
    made = vote([(pipelines[member.pipeline], member.votes) for member in ensemble.members], "classification")
    assert isinstance(made, VotingClassifier)
    assert scorer.fold_scores(out_of_fold(made)).mean() == pytest.approx(ensemble.chosen_score)


def test_a_published_vote_can_be_written_as_code(classes, tmp_path):
    X, labels = classes
    fitted = publishable(StandardScaler(), vote(three_classifiers(), "classification"), X, labels, "classification")
    path = tmp_path / "table.csv"
    X.assign(colour=labels).to_csv(path, index=False)
    script = tmp_path / "best_pipeline.py"
    script.write_text(pipeline_code(fitted, Fitting(path, "colour", "str"), metric="accuracy"))
    ended = subprocess.run([sys.executable, script, path], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["colour", *fitted.predict(X)]

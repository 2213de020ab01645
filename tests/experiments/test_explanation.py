"""What a run tells of the models that it publishes."""

from __future__ import annotations

import time

import pytest
from sklearn.linear_model import LogisticRegression

from config.settings import Settings
from experiments.closing import Closed
from experiments.data.finding import Finding
from experiments.ensemble import Ensemble, Member
from experiments.ensembling import FittedEnsemble
from experiments.explanation import Background, Outcome, card_seconds, explain
from experiments.preparation import prepare
from experiments.search.events import Evaluation, Finished, Measures
from models.drift.profile import Profile
from models.evidence import HoldoutRows, Split
from models.published import publishable
from models.registry import Published, packed

FINDING = Finding("duplicates", None, "2 rows are the same")


def evaluation(number: int, *fold_scores: float) -> Evaluation:
    score = sum(fold_scores) / len(fold_scores)
    return Evaluation(
        number, 0, f"pipeline {number}", LogisticRegression(), "valid", "", score, fold_scores, Measures(1.0), 0.1,
        "local-0", (), "random",
    )  # fmt: skip


@pytest.fixture(scope="module")
def evaluations() -> tuple[Evaluation, ...]:
    return evaluation(0, 0.9, 0.95, 0.97), evaluation(1, 0.96, 0.9, 0.9)


@pytest.fixture(scope="module")
def background(evaluations) -> Background:
    settings = Settings(data="penguins", cv_folds=3)
    finished = Finished("generations", 2, evaluations, evaluations[:1], evaluations, {}, 0, 1.0)
    return Background(prepare(settings), settings, finished, (FINDING,), "0123", "http://localhost:8080/a-task")


@pytest.fixture(scope="module")
def closed(background) -> Closed:
    rows = background.prepared.development
    fitted = publishable(background.prepared.columns(), LogisticRegression(max_iter=5000), rows.X, rows.y, rows.task)
    return Closed(fitted, packed(fitted), 0.98, (0.95, 1.0), 0.1, 20.0)


@pytest.fixture(scope="module")
def best(closed, background, evaluations) -> Outcome:
    return Outcome.of_best(closed, published("AutoML/penguins"), evaluations[0], 0.94, background)


@pytest.fixture(scope="module")
def told(background, best, closed):
    members = (Member("pipeline 0", 2, 2 / 3), Member("pipeline 1", 1, 1 / 3))
    choice = Ensemble(members, 0.93, (0.9, 0.94, 0.95), 0.96, 0.94, 2)
    second = Outcome.of_ensemble(FittedEnsemble(choice, closed), published("AutoML/penguins ensemble"), "accuracy")
    return explain(background, best, second, time.monotonic() + 5.0)


def published(name: str) -> Published:
    return Published("beef" * 8, name, "http://localhost:8080/a-model", "http://localhost:8081/a-file", "5" * 64)


def content(told, artifact: str) -> bytes:
    return next(file.content for file in told.files if file.artifact == artifact)


def test_the_score_over_the_folds_has_an_interval_and_an_optimism(told, best):
    assert told.values["cv accuracy low"] < best.cross.score < told.values["cv accuracy high"]
    assert told.values["optimism accuracy"] == best.cross.optimism >= 0


def test_the_rows_by_which_a_later_model_is_compared_stay(told, background):
    prepared = background.prepared
    assert len(HoldoutRows.from_parquet(content(told, "holdout"))) == len(prepared.holdout.y)
    assert len(Split.from_parquet(content(told, "split")).hashes) == len(prepared.table.y)


def test_what_was_learnt_from_is_counted_for_whoever_watches_for_drift(told, background):
    profile = Profile.from_json(told.records["training_profile"])
    assert profile.rows == len(background.prepared.development.y)
    assert told.records["table_findings"] == {"findings": [FINDING.as_json()]}


def test_the_model_and_its_ensemble_have_a_card_each(told):
    card, other = content(told, "model_card.md").decode(), content(told, "model_card_ensemble.md").decode()
    for text in (card, other):
        assert "http://localhost:8080/a-task" in text
        assert FINDING.line in text
    assert "the best of 2 pipelines" in card
    assert "a weighted vote of 2 pipelines" in other
    assert content(told, "model_card.html").startswith(b"<!doctype html>")
    assert {title for title, _, _ in told.figures} == {"Model card"}


def test_a_baseline_says_that_it_is_one(background, closed):
    fallback = Outcome.of_best(closed, published("AutoML/penguins"), None, 0.9, background, "ENABLE_AUTOML is false")
    told = explain(background, fallback, None, time.monotonic())
    assert "ENABLE_AUTOML is false" in content(told, "model_card.md").decode()
    assert told.values == {}


@pytest.mark.parametrize(("time_left", "seconds"), [(20, 0.8), (100, 2.0), (3600, 10.0)])
def test_a_card_takes_little_of_the_runs_time(time_left, seconds):
    assert card_seconds(time_left) == pytest.approx(seconds)

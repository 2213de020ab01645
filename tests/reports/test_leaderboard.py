"""Leaderboard, Pareto front, summary and individuals as tables and strict JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.reports.leaderboard import (
    evaluated_individuals,
    evaluation_summary,
    json_safe,
    leaderboard_json,
    leaderboard_rows,
    pareto_front_json,
    rows_from_json,
    valid_share,
)
from experiments.search.events import Measures
from experiments.search.objectives import Objectives


def strict(content):
    """The content after a way through JSON as every reader understands it."""
    return json.loads(json.dumps(content, allow_nan=False))


def test_rows_are_ranked_as_given_and_know_the_front(small_search):
    rows = leaderboard_rows(small_search.finished.leaderboard, small_search.finished.front)
    assert [row.rank for row in rows] == [1, 2, 3]
    assert [row.number for row in rows] == [0, 1, 3]
    assert [row.on_front for row in rows] == [True, True, False]
    assert rows[0].deviation == pytest.approx(0.01)
    assert rows[0].pipeline == "(PCA + Passthrough) → RandomForestClassifier"


def test_rows_are_at_most_as_many_as_asked_for(evaluation):
    assert len(leaderboard_rows([evaluation(number) for number in range(150)], [])) == 100
    assert len(leaderboard_rows([evaluation(number) for number in range(150)], [], count=5)) == 5


def test_a_single_fold_has_no_deviation(evaluation):
    assert leaderboard_rows([evaluation(fold_scores=(0.5,))], [])[0].deviation == 0.0


def test_leaderboard_json_holds_what_is_needed_to_read_the_rows_back(small_search):
    finished = small_search.finished
    content = strict(leaderboard_json(finished.leaderboard, finished.front, "accuracy"))
    assert content["metric"] == "accuracy"
    assert rows_from_json(content) == leaderboard_rows(finished.leaderboard, finished.front)
    assert content["rows"][2]["parents"] == [0, 1]
    assert content["rows"][0]["fold_scores"] == [0.85, 0.86, 0.87]
    assert content["rows"][0]["canonical"] == finished.leaderboard[0].pipeline


def test_pareto_front_json_says_which_way_is_better(small_search):
    content = strict(pareto_front_json(small_search.finished.front, "r2"))
    assert content["objectives"] == [
        {"name": "r2", "greater_is_better": True},
        {"name": "complexity", "greater_is_better": False},
    ]
    assert [point["complexity"] for point in content["front"]] == [900.0, 12.0]


def test_pareto_front_json_lists_the_objectives_of_the_search(small_search):
    content = strict(pareto_front_json(small_search.finished.front, "r2", Objectives(("inference_ms", "size_kb"))))
    assert [objective["name"] for objective in content["objectives"]] == ["r2", "inference_ms", "size_kb"]


def test_rows_know_the_costs_that_were_measured(evaluation):
    measured = evaluation(measures=Measures(12.0, inference_ms=3.5))
    (row,) = leaderboard_rows([measured], [])
    assert (row.inference_ms, row.size_kb) == (3.5, None)


def test_rows_of_an_older_leaderboard_are_read_back_too(small_search):
    content = strict(leaderboard_json(small_search.finished.leaderboard, small_search.finished.front, "accuracy"))
    for row in content["rows"]:
        del row["inference_ms"], row["size_kb"]
    assert rows_from_json(content)[0].inference_ms is None


def test_what_was_dropped_counts_as_valid(evaluation, dropped, small_search):
    failed = small_search.finished.evaluations[2]
    assert valid_share([evaluation(0), dropped(1), dropped(2), failed]) == pytest.approx(0.75)
    assert valid_share([]) == 0.0


def test_summary_tells_what_was_dropped_reused_and_abandoned(small_search, evaluation, dropped):
    finished = replace(
        small_search.finished,
        evaluations=(evaluation(0, seconds=2.0), evaluation(1, seconds=5.0, reused=True), dropped(2, seconds=0.5)),
        utilisation=0.93,
        abandoned_seconds=1.25,
        reason="early stop",
    )
    summary = strict(evaluation_summary(finished, metric="accuracy"))
    assert (summary["dropped"], summary["reused"], summary["reason"]) == (1, 1, "early stop")
    assert (summary["compute_seconds"], summary["reused_seconds"]) == (2.5, 5.0)
    assert (summary["utilisation"], summary["abandoned_seconds"]) == (0.93, 1.25)
    assert summary["notes"] == []


def test_summary_says_that_a_run_with_timeouts_may_not_repeat(small_search):
    (note,) = strict(evaluation_summary(small_search.finished, metric="accuracy"))["notes"]
    assert note.startswith("1 evaluation ran into the time limit after 60 s")
    assert "another run with the same seed may differ" in note


def test_summary_counts_what_happened(small_search):
    summary = strict(
        evaluation_summary(
            small_search.finished, metric="accuracy", workers=2, spent_seconds={"data": 0.5, "search": 6.5}
        )
    )
    assert summary["evaluations"] == 5
    assert summary["outcomes"] == {"valid": 3, "invalid": 1, "timeout": 1}
    assert summary["valid_share"] == pytest.approx(0.6)
    assert {"cause": "longer than 60 s", "count": 1, "seconds": 60.0} in summary["causes"]
    assert (summary["generations"], summary["reason"], summary["retried"], summary["workers"]) == (
        2, "generations", 1, 2,
    )  # fmt: skip
    assert summary["best"]["number"] == 0
    assert summary["seconds"] == 6.5
    assert summary["spent_seconds"] == {"data": 0.5, "search": 6.5}
    assert summary["fallback"] == ""


def test_summary_of_a_search_in_which_nothing_was_valid(small_search):
    empty = replace(
        small_search.finished, evaluations=(), front=(), leaderboard=(), failures={}, generations=0, spent_seconds=0.0
    )
    summary = strict(evaluation_summary(empty, metric="accuracy", fallback="AutoML is switched off"))
    assert summary["best"] is None
    assert summary["valid_share"] == 0.0
    assert summary["fallback"] == "AutoML is switched off"


def test_every_individual_has_a_row_that_parquet_keeps(small_search, tmp_path):
    frame = evaluated_individuals(small_search.finished.evaluations)
    path = tmp_path / "individuals.parquet"
    frame.to_parquet(path)
    read = pd.read_parquet(path)
    assert list(read["number"]) == [0, 1, 2, 3, 4]
    assert list(read.loc[3, "parents"]) == [0, 1]
    assert list(read.loc[0, "fold_scores"]) == [0.85, 0.86, 0.87]
    assert math.isnan(read.loc[2, "score"])
    assert read.loc[4, "outcome"] == "timeout"
    assert read["score"].dtype == "float64"


def test_individuals_tell_first_look_measures_and_reuse(evaluation, dropped):
    frame = evaluated_individuals(
        [
            evaluation(0, first_look=0.7, reused=True, measures=Measures(12.0, inference_ms=3.5, size_kb=8.0)),
            dropped(1, measures=Measures(5.0)),
        ]
    )
    assert list(frame["reused"]) == [True, False]
    assert list(frame["outcome"]) == ["valid", "dropped"]
    first, second = (frame.loc[number, ["first_look", "complexity", "inference_ms", "size_kb"]] for number in (0, 1))
    assert list(first) == [0.7, 12.0, 3.5, 8.0]
    assert second["complexity"] == 5.0
    assert second.drop("complexity").isna().all()
    assert math.isnan(frame.loc[1, "score"])


def test_no_individuals_are_an_empty_table_with_the_same_columns(small_search):
    assert list(evaluated_individuals([])) == list(evaluated_individuals(small_search.finished.evaluations))


def test_json_safe_leaves_nothing_that_strict_json_refuses():
    value = {"a": np.float64("nan"), "b": (np.int64(3), float("inf")), 5: [np.True_]}
    assert strict(json_safe(value)) == {"a": None, "b": [3, None], "5": [True]}

"""What a terminal shows, and what a file gets instead."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from experiments.reports.leaderboard import leaderboard_rows
from experiments.reports.terminal import GenerationLine, ResultSummary, TerminalView

LINE = GenerationLine(3, 0.8123, None, 240, 0.985, 6.5, 42.0)


@pytest.fixture
def result(small_search) -> ResultSummary:
    """A run that went well."""
    return ResultSummary(
        task_id="0123abcd",
        task_url="http://localhost:8080/projects/p/experiments/0123abcd/output/log",
        model_id="beef",
        model_name="AutoML/german_credit",
        metric="accuracy",
        cv_score=0.76,
        holdout_score=0.74,
        generations=2,
        evaluations=5,
        valid_share=0.6,
        seconds=61.4,
        leaderboard=tuple(leaderboard_rows(small_search.finished.leaderboard, small_search.finished.front)),
        cv_interval=(0.72, 0.8),
        optimism=0.01,
        role="challenger",
    )


def plain() -> tuple[Console, io.StringIO]:
    """A console on a file."""
    file = io.StringIO()
    return Console(file=file, force_terminal=False, width=80), file


def terminal() -> tuple[Console, io.StringIO]:
    """A console on a terminal."""
    file = io.StringIO()
    return Console(file=file, force_terminal=True, width=100, color_system=None), file


def test_a_generation_is_one_line():
    assert LINE.text("accuracy") == (
        "generation   3  best accuracy  0.8123  mean       –    240 evaluations   98% valid    6.5/s     42 s"
    )


def test_a_generation_tells_what_was_dropped_and_reused_where_anything_was():
    assert (
        replace(LINE, dropped=31, reused=12).text("accuracy") == f"{LINE.text('accuracy')}  31 dropped early, 12 reused"
    )
    assert replace(LINE, reused=12).text("accuracy") == f"{LINE.text('accuracy')}  12 reused"


def test_a_line_can_be_made_of_a_searchs_event(small_search):
    line = GenerationLine.of(small_search.generations[1])
    assert (line.number, line.best, line.evaluations, line.spent_seconds) == (1, 0.86, 5, 6.0)
    line = GenerationLine.of(replace(small_search.generations[1], dropped=2, reused=1))
    assert (line.dropped, line.reused) == (2, 1)


def test_a_file_gets_plain_lines_and_no_bar(small_search):
    console, file = plain()
    with TerminalView(console, 60.0, "accuracy") as view:
        view.begin()
        view.show_waiting("waiting for the agent")
        view.show_waiting("waiting for the agent")
        view.show_generation(small_search.generations[0])
        view.show_generation(LINE)
    lines = file.getvalue().splitlines()
    assert lines == [
        "waiting for the agent",
        GenerationLine.of(small_search.generations[0]).text("accuracy"),
        LINE.text("accuracy"),
    ]


def test_a_terminal_gets_a_bar_on_the_time_budget():
    console, file = terminal()
    with TerminalView(console, 120.0, "accuracy") as view:
        view.begin()
        view.show_generation(LINE)
        view.show_waiting("the agent [is] busy")
    shown = file.getvalue()
    assert "of 2 min 00 s" in shown
    assert LINE.text("accuracy") in shown
    assert "the agent [is] busy" in shown


def test_the_result_names_scores_model_and_links(result):
    console, file = plain()
    TerminalView(console, 60.0, "accuracy").show_result(result)
    shown = file.getvalue()
    for text in ("0.7400", "0.7600", "AutoML/german_credit", "beef", result.task_id, result.task_url, "1 min 01 s"):
        assert text in shown
    assert "StandardScaler → LogisticRegression" in shown


def test_the_result_tells_what_was_dropped_and_reused_where_anything_was(result):
    console, file = plain()
    TerminalView(console, 60.0, "accuracy").show_result(replace(result, dropped=2, reused=1))
    assert "5 evaluations (2 dropped early, 1 reused), 60% valid" in file.getvalue()
    console, file = plain()
    TerminalView(console, 60.0, "accuracy").show_result(result)
    assert "5 evaluations, 60% valid" in file.getvalue()


def test_at_most_five_rows_are_shown(result):
    console, file = plain()
    rows = tuple(replace(result.leaderboard[0], rank=rank) for rank in range(1, 8))
    TerminalView(console, 60.0, "accuracy").show_result(replace(result, leaderboard=rows))
    assert file.getvalue().count("RandomForestClassifier") == 5


def test_a_fallback_says_why(result):
    console, file = plain()
    fallback = replace(result, fallback_reason="no pipeline was valid [in 60 s]", leaderboard=(), cv_score=None)
    TerminalView(console, 60.0, "accuracy").show_result(fallback)
    assert "no pipeline was valid [in 60 s]" in file.getvalue()


def test_a_challenger_says_how_it_may_become_champion(result):
    for role, is_told in (("challenger", True), ("champion", False)):
        console, file = plain()
        TerminalView(console, 60.0, "accuracy").show_result(replace(result, role=role))
        assert ("clearml-automl models promote beef" in file.getvalue()) == is_told


def test_a_result_without_a_model_shows_none(result):
    console, file = plain()
    TerminalView(console, 60.0, "accuracy").show_result(replace(result, model_id=None, model_name=None))
    assert "model" not in file.getvalue()


def test_json_has_exactly_the_keys_of_the_contract(result):
    assert result.as_json() == {
        "task_id": "0123abcd",
        "model_id": "beef",
        "metric": "accuracy",
        "cv_score": 0.76,
        "holdout_score": 0.74,
        "generations": 2,
        "evaluations": 5,
        "valid_share": 0.6,
        "seconds": 61.4,
        "url": result.task_url,
        "cv_interval": (0.72, 0.8),
        "optimism": 0.01,
        "holdout_interval": None,
        "role": "challenger",
    }

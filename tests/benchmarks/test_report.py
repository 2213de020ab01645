"""The arithmetic of the search benchmark, and the report that is made of it."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from tests.benchmarks.search.report import against_tpot, everything, report_of, scores, time_use, wanted
from tests.benchmarks.search.results import Cell, Measurement
from tests.benchmarks.search.standings import (
    average_ranks,
    budget_ratio,
    holdout_scores,
    median,
    pairs,
    ranks,
    seconds_to_level,
    table_medians,
    tables_won,
    time_ratio,
    time_to_reach,
)


def measured(contender, table="abalone", seed=0, single=0.5, ensemble=None, **more):
    """A measurement; without a score it is one that failed."""
    holdout = {} if single is None else {"single": single} | ({} if ensemble is None else {"ensemble": ensemble})
    given = {
        "budget": 60.0, "version": "1", "metric": "r2", "status": "failed" if single is None else "done",
        "holdout": holdout, "fit_seconds": 60.0, "cpu_seconds": 90.0,
    }  # fmt: skip
    return Measurement(table=table, seed=seed, contender=contender, **given | more)


def column(section, name):
    """First column -> the named one."""
    place = list(section.columns).index(name)
    return {row[0]: row[place] for row in section.rows}


def test_ranks_count_from_the_best():
    assert ranks({"a": 0.9, "b": 0.7, "c": 0.8}) == {"a": 1, "c": 2, "b": 3}


def test_equal_scores_share_the_mean_of_their_places():
    assert ranks({"a": 0.9, "b": 0.8, "c": 0.8, "d": 0.1}) == {"a": 1, "b": 2.5, "c": 2.5, "d": 4}


def test_who_has_no_score_is_last_even_behind_a_negative_one():
    assert ranks({"a": None, "b": -5.0, "c": None}) == {"b": 1, "a": 2.5, "c": 2.5}


def test_average_ranks_are_of_rounds_in_which_all_were_measured():
    cells = {
        Cell("abalone", 0, 60): {"a": 1.0, "b": 0.0},
        Cell("abalone", 1, 60): {"a": 0.0, "b": 1.0},
        Cell("hr", 0, 60): {"a": 1.0, "b": None},
        Cell("hr", 1, 60): {"a": 1.0},
    }
    standing, count = average_ranks(cells, ("a", "b"))
    assert count == 3
    assert standing == {"a": pytest.approx(4 / 3), "b": pytest.approx(5 / 3)}
    assert average_ranks(cells, ("a", "nobody")) == ({}, 0)


def test_a_median_passes_over_what_is_missing_and_keeps_what_is_infinite():
    assert median([3.0, None, 1.0]) == 2.0
    assert median([1.0, math.inf, math.inf]) == math.inf
    assert median([None]) is None


def test_a_table_that_was_failed_once_has_no_median():
    cells = {Cell("hr", 0, 60): {"a": 1.0, "b": 1.0}, Cell("hr", 1, 60): {"a": 2.0, "b": None}}
    assert table_medians(cells, "a") == {"hr": 1.5}
    assert table_medians(cells, "b") == {}


def test_an_ensemble_is_an_entrant_of_its_own():
    cells = holdout_scores([measured("ours", single=0.5, ensemble=0.6), measured("tpot", single=None)])
    assert cells == {Cell("abalone", 0, 60.0): {"ours": 0.5, "ours ensemble": 0.6, "tpot": None}}
    assert holdout_scores([measured("ours")]) == {Cell("abalone", 0, 60.0): {"ours": 0.5}}


def test_who_comes_to_nothing_has_lost_with_the_ensemble_too():
    nothing = {Cell("abalone", 0, 60.0): {"ours": None, "ours ensemble": None}}
    assert holdout_scores([measured("ours", single=None)]) == nothing
    broken = holdout_scores([measured("ours", error="ensemble: no probabilities")])
    assert broken == {Cell("abalone", 0, 60.0): {"ours": 0.5, "ours ensemble": None}}


def test_a_table_is_won_by_a_better_or_equal_median():
    cells = {
        Cell("better", 0, 60): {"a": 0.9, "b": 0.1},
        Cell("equal", 0, 60): {"a": 0.5, "b": 0.5},
        Cell("worse", 0, 60): {"a": 0.1, "b": 0.2},
        Cell("alone", 0, 60): {"a": 0.1},
        Cell("other failed", 0, 60): {"a": 0.1, "b": None},
        Cell("both failed", 0, 60): {"a": None, "b": None},
    }
    assert tables_won(cells, "a", "b") == (3, 5)


def test_one_bad_seed_does_not_lose_a_table():
    cells = {Cell("hr", seed, 60): {"a": score, "b": 0.5} for seed, score in enumerate([0.9, 0.8, None])}
    assert tables_won(cells, "a", "b") == (1, 1)


def test_the_time_to_a_score_is_that_of_the_first_step_that_reaches_it():
    trajectory = [(1.0, 0.5), (2.0, 0.7), (9.0, 0.8)]
    assert time_to_reach(trajectory, 0.6) == 2.0
    assert time_to_reach(trajectory, 0.7) == 2.0
    assert time_to_reach(trajectory, 0.9) == math.inf


def test_the_ratio_is_of_the_time_at_which_they_first_had_their_last_score():
    ours = measured("ours", trajectory=[(5.0, 0.4), (10.0, 0.6)])
    tpot = measured("tpot", trajectory=[(20.0, 0.2), (40.0, 0.5)], cv_score=0.5)
    assert seconds_to_level(ours, tpot) == 10.0
    assert time_ratio(ours, tpot) == 0.25
    assert budget_ratio(ours, tpot) == pytest.approx(1 / 6)
    assert time_ratio(measured("ours", trajectory=[(5.0, 0.4)]), tpot) == math.inf


def test_there_is_no_ratio_to_a_search_that_came_to_nothing():
    ours = measured("ours", trajectory=[(5.0, 0.4)])
    assert time_ratio(ours, measured("tpot", single=None)) is None
    assert budget_ratio(ours, measured("tpot", single=None)) is None


def test_pairs_are_of_the_same_round():
    found = pairs([measured("ours", seed=0), measured("tpot", seed=1), measured("tpot", seed=0)], "ours", "tpot")
    assert [(ours.seed, tpot.seed) for ours, tpot in found] == [(0, 0)]


def test_worker_use_and_overrun_are_of_the_fit():
    measurement = measured("ours", fit_seconds=75.0, cpu_seconds=120.0)
    assert measurement.worker_use == 0.8
    assert measurement.overrun_seconds == 15.0
    assert measured("ours", fit_seconds=50.0).overrun_seconds == 0.0
    assert measured("ours", fit_seconds=None).worker_use is None


@pytest.fixture
def measurements():
    """Two tables, one seed; FLAML failed on one of them."""
    return [
        measured("ours", single=0.7, ensemble=0.9, trajectory=[(6.0, 0.6)], cv_score=0.6, valid=98, evaluations=100),
        measured("tpot", single=0.5, trajectory=[(30.0, 0.6)], cv_score=0.6, valid=10, evaluations=20),
        measured("flaml", single=0.8), measured("autogluon", single=0.85), measured("boosting", single=0.4),
        measured("ours", "hr", single=0.3, ensemble=0.3, trajectory=[(6.0, 0.1)], cv_score=0.1, valid=9, evaluations=9),
        measured("tpot", "hr", single=0.4, trajectory=[(30.0, 0.6)], cv_score=0.6, valid=1, evaluations=4),
        measured("flaml", "hr", single=None, error="ValueError: no | good"),
        measured("autogluon", "hr", single=0.2, fit_seconds=66.0), measured("boosting", "hr", single=0.1),
    ]  # fmt: skip


def test_the_report_says_what_is_wanted_and_by_how_much_it_falls_short(measurements):
    reached = {row[:2]: row[2:] for row in wanted(measurements).rows}
    assert ("inf", "no, by inf") in reached.values()  # the median of 0.2 and never
    assert list(column(wanted(measurements), "measured").values())[1:3] == ["1 of 2", "1 of 2"]
    # 3 and 2 of five; the ensemble 1 and 2
    assert reached["ours: average rank, 2 rounds", "ahead of flaml (3.50)"] == ("2.50", "yes")
    assert reached["ours: average rank, 2 rounds", "level with autogluon (2.00)"] == ("2.50", "no, by 0.50")


def test_the_report_shows_medians_and_ranks(measurements):
    section = scores(measurements)
    assert column(section, "ours ensemble")["abalone (r2)"] == "0.9000"
    assert column(section, "flaml")["hr (r2)"] == "–"
    assert column(section, "ours")["average rank of 5 with ours ensemble, 2 rounds"] == "–"


def test_the_report_compares_times_with_stock_tpot(measurements):
    assert column(against_tpot(measurements), "of TPOT's time") == {
        "abalone": "0.20", "hr": "inf", "median of all": "inf"
    }  # fmt: skip


def test_the_report_says_how_time_was_used(measurements):
    section = time_use(measurements)
    assert column(section, "worst overrun, s")["autogluon"] == "6.0"
    assert column(section, "came to nothing")["flaml"] == "1"
    assert column(section, "valid")["ours"] == "54"


def test_the_report_shows_every_measurement(measurements):
    section = everything(measurements)
    assert column(section, "TPOT's last score after, s")["abalone 0 ours"] == "6.0"
    assert column(section, "TPOT's last score after, s")["abalone 0 tpot"] == "–"
    assert column(section, "valid / all")["abalone 0 ours"] == "98 / 100"
    assert column(section, "worker use")["abalone 0 flaml"] == "75%"
    assert len(section.rows) == len(measurements)


def test_every_section_is_a_whole_table_in_markdown_and_on_a_terminal(measurements):
    report = report_of(measurements)
    lines = report.markdown().splitlines()
    assert sum(line.startswith("## ") for line in lines) == len(report.sections) == 6
    assert r"ValueError: no \| good" in report.markdown()
    shown = io.StringIO()
    report.show(Console(file=shown, width=200))
    assert "60 s: what is wanted" in shown.getvalue()


def test_mixed_versions_and_a_busy_machine_are_named(measurements):
    mixed = report_of([*measurements, measured("ours", seed=1, version="2", busy=0.5)])
    assert "Versions are mixed" in mixed.sections[-1].note
    assert "before 1 of these" in mixed.sections[-1].note
    assert report_of(measurements).sections[-1].note == ""


def test_nothing_measured_is_a_report_too():
    assert report_of([]).markdown().startswith("# ")

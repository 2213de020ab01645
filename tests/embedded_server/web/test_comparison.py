"""Two to ten experiments beside each other."""

from __future__ import annotations

import re

import pytest

from embedded_server.web.comparison_holdout import wilson_interval
from embedded_server.web.comparison_settings import parallel_coordinates


def compared(site, *tasks, more=""):
    return site.twin(f"/compare.json?ids={','.join(tasks)}{more}")


def front(score, title="complexity (smaller is simpler)", **axis):
    trace = {
        "name": "Pareto front",
        "x": [1, 3],
        "y": [score, score + 0.1],
        "text": ["a", "b"],
        "mode": "lines+markers",
    }
    layout = {"xaxis": {"title": {"text": title}, **axis}, "yaxis": {"title": {"text": "accuracy"}}}
    return {"data": [{"name": "dominated", "x": [5], "y": [0.1]}, trace], "layout": layout}


def board(*rows):
    headings = ["rank", "accuracy", "± over folds", "pipeline"]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return {"data": [{"type": "table", "header": {"values": headings}, "cells": {"values": columns}}], "layout": {}}


@pytest.fixture
def two(site):
    """Two experiments that differ in one setting."""
    return (
        site.experiment("first", Search={"seed": "1", "space": "linear"}, Data={"data": "penguins"}),
        site.experiment("second", Search={"seed": "2", "space": "linear"}, Data={"data": "penguins"}),
    )


def test_the_address_holds_the_selection_and_its_order(site, two):
    first, second = two
    assert compared(site, second, first)["selection"] == [second, first]
    assert compared(site, second, first)["address"] == f"/compare?ids={second},{first}"
    assert "second" in site.page(f"/compare?ids={second},{first}")


def test_an_experiment_is_taken_out_by_its_link(site, two):
    text = site.page(f"/compare?ids={','.join(two)}")
    links = re.findall(r'href="(/compare\?ids=[^"]*)" aria-label="Take (\w+) out"', text)
    assert links == [(f"/compare?ids={two[1]}", "first"), (f"/compare?ids={two[0]}", "second")]


@pytest.mark.parametrize("words", ["id", "exactly", "part"])
def test_an_experiment_is_added_by_its_id_or_name(site, two, words):
    name = site.unique("Zebra")
    third = site.experiment(name)
    wanted = {"id": third, "exactly": name, "part": name[:-2].lower()}[words]
    answer = site.browser.get(f"{site.web}/compare/add", params={"ids": ",".join(two), "add": wanted})
    assert answer.url == f"{site.web}/compare?ids={','.join([*two, third])}"


def test_what_cannot_be_added_is_said(site, two):
    answer = site.browser.get(f"{site.web}/compare/add", params={"ids": ",".join(two), "add": "<nothing like it>"})
    assert "whose name holds, &#39;&lt;nothing like it&gt;&#39;" in answer.text


def test_an_experiment_is_not_added_twice(site, two):
    answer = site.browser.get(f"{site.web}/compare/add", params={"ids": ",".join(two), "add": two[0]})
    assert "unknown=" in answer.url


def test_fewer_than_two_and_what_is_gone_are_said(site, two):
    assert "Choose at least two" in site.page("/compare")
    assert "Choose at least two" in site.page(f"/compare?ids={two[0]}")
    assert any(site.unknown in note for note in compared(site, *two, site.unknown)["notes"])


def test_more_than_ten_are_cut_short(site):
    tasks = [site.experiment() for _ in range(11)]
    found = compared(site, *tasks)
    assert found["selection"] == tasks[:10]
    assert "first 10 of 11" in found["notes"][0]
    assert found["offered"] == []


def test_experiments_of_one_name_can_be_told_apart(site):
    name = site.unique("twin")
    tasks = [site.experiment(name), site.experiment(name)]
    assert [one["label"] for one in compared(site, *tasks)["experiments"]] == [f"{name} ({task[:8]})" for task in tasks]


def test_scalars_lie_over_each_other_by_title_and_series(site, two):
    first, second = two
    site.report(first, "Search", "best accuracy", 0.5, 0.6)
    site.report(second, "Search", "best accuracy", 0.7)
    site.report(second, "Another", "loss", 3.0)
    groups = compared(site, *two)["scalars"]
    assert [group["title"] for group in groups] == ["Search", "Another"]  # the scores come first
    (chart,) = groups[0]["charts"]
    assert chart["curves"] == [
        {"experiment": first, "x": [0, 1], "y": [0.5, 0.6]},
        {"experiment": second, "x": [0], "y": [0.7]},
    ]
    assert groups[1]["charts"][0]["last"] == [None, 3.0]


def test_long_curves_are_thinned(site, two):
    events = [
        {"type": "training_stats_scalar", "task": two[0], "metric": "long", "variant": "one", "iter": i, "value": i}
        for i in range(5000)
    ]
    site.store.events.add([{**event, "timestamp": 1} for event in events])
    (chart,) = compared(site, *two)["scalars"][0]["charts"]
    assert 500 <= len(chart["curves"][0]["x"]) <= 1000


def test_values_without_an_iteration_stand_beside_each_other(site, two):
    site.report_value(two[1], "evaluations", 48)
    assert compared(site, *two)["single_values"] == [{"name": "evaluations", "values": [None, 48]}]


def test_hyperparameters_that_differ_are_marked(site, two):
    found = compared(site, *two)["settings"]
    assert [(section["name"], section["differences"]) for section in found] == [("Data", 0), ("Search", 1)]
    assert found[1]["rows"] == [
        {"name": "seed", "values": ["1", "2"], "differs": True},
        {"name": "space", "values": ["linear", "linear"], "differs": False},
    ]


def test_a_hyperparameter_that_one_lacks_differs(site, two):
    third = site.experiment("third", Search={"seed": "1", "space": "linear", "more": ""})
    rows = compared(site, two[0], third)["settings"][-1]["rows"]
    assert {"name": "more", "values": [None, ""], "differs": True} in rows


def test_the_switch_only_differences_is_part_of_the_address(site, two):
    found = compared(site, *two, more="&only=differences")
    assert found["only_differences"]
    assert found["experiments"][0]["address_without"] == f"/compare?ids={two[1]}&only=differences"
    assert re.search(r'id="only-differences" checked', site.page(f"/compare?ids={','.join(two)}&only=differences"))


def test_parallel_coordinates_lead_from_settings_to_scores(site, two):
    site.report_value(two[0], "hold-out accuracy", 0.8)
    site.report_value(two[1], "hold-out accuracy", 0.9)
    axes = compared(site, *two)["parallel"]["axes"]
    assert [(axis["name"], axis["kind"], axis["places"]) for axis in axes] == [
        ("Search/seed", "setting", [0.0, 1.0]),
        ("hold-out accuracy", "score", [0.0, 1.0]),
    ]
    assert axes[0]["ticks"][0] == {"place": 0.0, "text": "1"}


def task_with(seed, score, **more):
    parameters = {name: {"value": value} for name, value in {"seed": seed, **more}.items()}
    summary = {"metric": "Search", "variant": "best r2", "value": score, "iter": 3}
    return {"id": str(seed), "hyperparams": {"Search": parameters}, "last_metrics": {"a": {"b": summary}}}


def test_words_and_missing_values_have_a_place_on_an_axis():
    tasks = [task_with("1", 0.1, space="tree"), task_with("2", 0.2, space="linear"), task_with("3", 0.3)]
    seed, space, best = parallel_coordinates(tasks)["axes"]
    assert seed["places"] == [0.0, 0.5, 1.0]
    assert space["places"] == [1.0, 0.0, None]
    assert [tick["text"] for tick in space["ticks"]] == ["linear", "tree"]
    assert best["name"] == "best r2"


def test_there_are_no_parallel_coordinates_where_nothing_differs_or_nothing_is_scored():
    assert parallel_coordinates([task_with("1", 0.1), task_with("1", 0.2)])["axes"] == []
    unscored = [{"id": "a", "hyperparams": {"S": {"x": {"value": value}}}} for value in "12"]
    assert parallel_coordinates(unscored)["axes"] == []


def test_pareto_fronts_lie_in_one_chart(site, two):
    site.report_plot(two[0], "Pareto front", front(0.2), iteration=0)
    site.report_plot(two[0], "Pareto front", front(0.5), iteration=7)
    site.report_plot(two[1], "Pareto front", front(0.6, "complexity (smaller is simpler, logarithmic)", type="log"))
    (group,) = compared(site, *two)["fronts"]
    assert (group["x_title"], group["logarithmic"]) == ("complexity (smaller is simpler)", True)
    assert [one["y"] for one in group["experiments"]] == [[0.5, 0.6], [0.6, 0.7]]  # the latest of each


def test_fronts_of_other_axes_have_a_chart_of_their_own(site, two):
    site.report_plot(two[0], "Pareto front", front(0.5))
    site.report_plot(two[1], "Pareto front", front(0.5, "ms per 1,000 rows (smaller is faster)"))
    assert len(compared(site, *two)["fronts"]) == 2


def test_leaderboards_stand_beside_each_other(site, two):
    site.report_plot(two[0], "Leaderboard", board(["1", "0.9000", "0.0100", "a tree"], ["2", "0.8", "0", "b"]))
    (found,) = compared(site, *two)["leaderboards"]
    assert found["headings"][1:] == ["accuracy", "± over folds", "pipeline"]
    assert found["rows"][0] == ["1", "0.9000", "0.0100", "a tree"]
    assert (found["experiment"], found["total"]) == (two[0], 2)


def test_a_broken_plot_is_no_plot(site, two):
    site.report_plot(two[0], "Leaderboard", {"data": [{"type": "table", "cells": {}}]})
    site.report_plot(two[0], "Pareto front", {"data": "nothing"})
    site.ok("events.add", type="plot", task=two[1], metric="Pareto front", variant="x", iter=0, plot_str="no JSON")
    found = compared(site, *two)
    assert (found["leaderboards"], found["fronts"]) == ([], [])


def holdout(site, task):
    other = site.experiment()
    return {metric["metric"]: metric["rows"] for metric in compared(site, task, other)["holdout"]}


def test_an_accuracy_has_an_interval_by_its_number_of_rows(site):
    task = site.experiment(Data={"holdout_share": "0.2"})
    entry = {"key": "rows", "type": "int", "value": "1000"}
    model = site.model(task=task, metadata=[entry])
    site.ok("tasks.add_or_update_model", task=task, type="output", name="best", model=model)
    site.report_value(task, "hold-out accuracy", 0.8)
    (row,) = holdout(site, task)["accuracy"]
    assert (row["low"], row["high"]) == pytest.approx((0.7391, 0.8495), abs=1e-4)
    assert row["interval"] == "Wilson, of 200 hold-out rows"


def test_an_interval_that_the_run_reports_is_taken(site):
    task = site.experiment()
    for name, value in {"": 0.9, " low": 0.85, " high": 0.93}.items():
        site.report_value(task, f"hold-out roc_auc{name}", value)
    (row,) = holdout(site, task)["roc_auc"]
    assert (row["value"], row["low"], row["high"]) == (0.9, 0.85, 0.93)


def test_without_an_interval_the_page_says_what_is_known(site):
    task = site.experiment(Data={"holdout_share": "0.2", "group_column": "patient"})
    site.report_value(task, "hold-out accuracy", 0.8)
    site.report_value(task, "cv accuracy", 0.81)
    site.report_plot(task, "Leaderboard", board(["1", "0.9000", "0.0100", "a"], ["2", "0.8100", "0.0345", "b"]))
    (row,) = holdout(site, task)["accuracy"]
    assert (row["low"], row["interval"]) == (None, "the run reports none")
    assert (row["cv"], row["deviation"]) == (0.81, 0.0345)  # of the pipeline that was published, not of the first


def test_an_ensemble_stands_beside_its_pipeline(site):
    task = site.experiment()
    site.report_value(task, "hold-out r2", 0.5)
    site.report_value(task, "hold-out r2 ensemble", 0.6)
    assert [(row["model"], row["value"]) for row in holdout(site, task)["r2"]] == [("pipeline", 0.5), ("ensemble", 0.6)]


def test_wilsons_interval_stays_within_0_and_1():
    assert wilson_interval(1.0, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert wilson_interval(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_nothing_that_an_experiment_says_becomes_markup(site):
    evil = "<script>alert(1)</script>\"'"
    tasks = [site.experiment(evil, Search={evil: value}) for value in (evil, "2")]
    site.report(tasks[0], evil, evil, 1.0)
    site.report_plot(tasks[0], "Leaderboard", board(["1", "1", "0", "&lt;script>"]))
    text = site.page(f"/compare?ids={','.join(tasks)}")
    assert "<script>alert" not in text

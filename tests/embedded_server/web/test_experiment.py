"""One experiment: its tabs, and what its charts, its console and its artifacts ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_server.web import experiment_console, experiment_scalars
from embedded_server.web.experiment import TABS, tab_of
from embedded_server.web.experiment_console import plain
from embedded_server.web.experiment_overview import budget
from tests.embedded_server.web.conftest import Site

FIGURE = {"data": [{"type": "scatter", "x": [1, 2], "y": [3, 4]}], "layout": {}}
TABLE = {"data": [{"type": "table", "header": {"values": ["rank", "pipeline"]}, "cells": {"values": [[1], ["PCA"]]}}]}


def shown(site: Site, task: str, tab: str = "") -> Any:
    return site.twin(f"/tasks/{task}{tab and f'/{tab}'}.json")["shown"]


def say(site: Site, task: str, *messages: str, level: str = "info") -> None:
    for message in messages:
        site.ok("events.add", type="log", task=task, msg=message, level=level)


@pytest.mark.parametrize(
    "path",
    [
        "/projects/*/experiments/{}/output/log",
        "/projects/x/experiments/{}/artifacts/output-model",
        "/pipelines/x/experiments/{}",
        "/datasets/simple/x/experiments/{}",
        "/tasks/{}",
        "/tasks/{}/console",
    ],
)
def test_links_of_the_sdk_open_the_experiment(site: Site, path: str) -> None:
    task = site.experiment()
    text = site.page(path.format(task))
    assert task in text
    assert site.twin(path.format(task) + ".json")["task"]["id"] == task


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("", ""),
        ("output/log", "console"),
        ("info-output/log", "console"),
        ("info-output/metrics/scalar", "scalars"),
        ("info-output/metrics/plots", "plots"),
        ("info-output/debugImages", "images"),
        ("hyper-params/hyper-param/Args", "configuration"),
        ("artifacts/other/model", "artifacts"),
        ("execution", "info"),
        ("general/", "info"),
        ("something/new", ""),
    ],
)
def test_links_of_the_sdk_open_the_right_tab(path: str, tab: str) -> None:
    assert tab_of(path) == tab


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_a_draft_says_that_there_is_nothing_yet(site: Site, tab: str) -> None:
    task = site.task()
    assert "<h1>" in site.page(f"/tasks/{task}/{tab}")
    assert site.twin(f"/tasks/{task}/{tab}.json" if tab else f"/tasks/{task}.json")["tab"] == tab


def test_what_is_gone_is_404(site: Site) -> None:
    for path in ("/tasks/nothing", "/projects/*/experiments/nothing/output/log", "/no/such/page"):
        answer = site.browser.get(site.web + path)
        assert answer.status_code == 404
        assert "Nothing here" in answer.text
        assert site.browser.get(f"{site.web}{path}.json").json()["error"]


# overview


def test_the_overview_tells_how_far_a_search_is(site: Site) -> None:
    task = site.experiment(Search={"generations": "40"}, Budget={"time_left": "600"})
    site.report(task, "Search", "best accuracy", 0.7, 0.8)
    site.report(task, "Search", "evaluations", 64, 128)
    site.report(task, "Budget", "spent seconds", 10, 150)
    site.report_plot(task, "Leaderboard", TABLE)
    site.report_plot(task, "Pareto front", FIGURE)
    found = shown(site, task)
    assert (found["best"]["value"], found["generation"], found["generations"]) == (0.8, 1, "40")
    assert found["budget"]["seconds"] == 600
    assert 150 <= found["budget"]["spent"] < 450
    assert found["leaderboard"] == {"headings": ["rank", "pipeline"], "rows": [["1", "PCA"]]}
    text = site.page(f"/tasks/{task}")
    for word in ("Scores by generation", "Pareto front", "PCA", "<progress", "0.8", "of 40"):
        assert word in text


def test_the_overview_tells_what_a_run_published(site: Site) -> None:
    task = site.experiment()
    model = site.model(task=task, name="prices", ready=True, tags=["champion"])
    found = shown(site, task)["models"]
    assert [(one["id"], one["name"], one["is_published"], one["tags"]) for one in found] == [
        (model, "prices", True, ["champion"])
    ]
    assert "What it published" in site.page(f"/tasks/{task}")


def test_a_budget_that_is_spent_is_full_and_one_that_is_no_number_is_none() -> None:
    def given(time_left: str) -> dict[str, Any]:
        return {"status": "completed", "hyperparams": {"Budget": {"time_left": {"value": time_left}}}}

    spent = {("Budget", "spent seconds"): {"value": 30.0}, ("Summary", "overrun seconds"): {"value": 10.0}}
    assert budget(given("20"), spent) == {"seconds": 20.0, "spent": 30.0, "share": 1.0, "left": 0.0, "overrun": 10.0}
    assert budget(given("soon"), spent) is None
    assert budget({}, {}) is None
    assert (budget(given("0"), {}) or {})["share"] == 1.0


def test_a_failure_says_why(site: Site) -> None:
    task = site.experiment()
    site.ok(
        "tasks.failed", task=task, status_reason="the table has no target", status_message="the table has no target"
    )
    assert "the table has no target" in site.page(f"/tasks/{task}")


# scalars


def test_only_what_is_new_is_fetched(site: Site) -> None:
    task = site.experiment()
    site.report(task, "loss", "train", 3.0, 2.0)
    site.report_value(task, "alone", 1.0)  # belongs to no iteration: no curve
    (curve,) = site.twin(f"/tasks/{task}/curves")["curves"]
    assert (curve["x"], curve["y"], curve["is_whole"], curve["last"]) == ([0, 1], [3.0, 2.0], True, 1)
    site._event(task, "training_stats_scalar", "loss", "train", 2, value=1.0)
    (new,) = site.twin(f"/tasks/{task}/curves?after={curve['id']}:{curve['last']}")["curves"]
    assert (new["x"], new["y"], new["is_whole"]) == ([1, 2], [2.0, 1.0], False)
    assert site.twin(f"/tasks/{task}/curves?titles=other")["curves"] == []


def test_curves_come_over_time_as_well(site: Site) -> None:
    task = site.experiment()
    site.report(task, "loss", "train", 3.0, 2.0)
    (curve,) = site.twin(f"/tasks/{task}/curves?axis=timestamp")["curves"]
    assert curve["x"][0] > 1e12  # milliseconds
    assert curve["y"] == [3.0, 2.0]


def test_long_curves_are_sampled_at_the_server(site: Site) -> None:
    task = site.experiment()
    requests = [
        {
            "type": "training_stats_scalar",
            "task": task,
            "metric": "m",
            "variant": "v",
            "iter": i,
            "value": float(i),
            "timestamp": i,
        }
        for i in range(3000)
    ]
    site.store.events.add(requests)
    (curve,) = site.twin(f"/tasks/{task}/curves?samples=100")["curves"]
    assert 90 <= len(curve["x"]) <= 101
    assert curve["y"] == sorted(curve["y"])
    # one who has been away for long gets the whole curve again rather than thousands of points
    (again,) = site.twin(f"/tasks/{task}/curves?samples=100&after={curve['id']}:0")["curves"]
    assert again["is_whole"]
    assert len(again["x"]) <= 101


@pytest.mark.parametrize("after", ["x", "1", "1:x", ":", "-1:2", "1:2:3"])
def test_a_page_that_asks_for_nonsense_gets_everything(site: Site, after: str) -> None:
    task = site.experiment()
    site.report(task, "loss", "train", 3.0)
    assert site.twin(f"/tasks/{task}/curves?after={after}")["curves"][0]["is_whole"]


def test_reading_the_new_points_of_a_curve_uses_its_key(site: Site) -> None:
    statement = (
        "SELECT iteration, value FROM scalars WHERE series = 1 AND iteration >= 5 ORDER BY iteration, timestamp LIMIT 9"
    )
    with site.store.documents.database.snapshot() as connection:
        plan = " ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
    assert "SEARCH scalars USING PRIMARY KEY" in plan
    assert "TEMP B-TREE" not in plan
    assert experiment_scalars.SAMPLES <= experiment_scalars.MOST_SAMPLES


# plots


def test_plots_are_listed_with_their_iterations_and_fetched_one_by_one(site: Site) -> None:
    task = site.experiment()
    site.report_plot(task, "Zebra", FIGURE)
    for iteration in (3, 1, 2):
        site.report_plot(task, "Pareto front", FIGURE, iteration)
    site.report_plot(task, "Leaderboard", TABLE)
    found = shown(site, task, "plots")
    assert [(one["title"], one["iterations"]) for one in found] == [
        ("Pareto front", [1, 2, 3]), ("Leaderboard", [0]), ("Zebra", [0]),
    ]  # fmt: skip
    assert site.twin(f"/tasks/{task}/plots/{found[0]['id']}/2") == FIGURE
    assert site.twin(f"/tasks/{task}/plots/{found[1]['id']}/0")["table"]["rows"] == [["1", "PCA"]]


def test_what_json_has_no_word_for_is_left_out(site: Site) -> None:
    task = site.experiment()
    text = '{"data": [{"type": "table", "header": {"values": ["\\ud800"]}, "cells": {"values": [[NaN, 1]]}}]}'
    site._event(task, "plot", "Leaderboard", "best", 0, plot_str=text)
    site.report(task, "Search", "best accuracy", 0.5)
    site.store.events.add(
        [{"type": "training_stats_scalar", "task": task, "metric": "Search", "variant": "loss", "iter": iteration,
          "timestamp": iteration, "value": value} for iteration, value in enumerate((1.0, float("inf"), 2.0))]
    )  # fmt: skip
    (plot,) = shown(site, task, "plots")
    assert site.twin(f"/tasks/{task}/plots/{plot['id']}/0")["table"]["rows"] == [[""], ["1"]]
    loss = next(one for one in site.twin(f"/tasks/{task}/curves")["curves"] if one["series"] == "loss")
    assert loss["y"] == [1.0, None, 2.0]
    assert "Leaderboard" in site.page(f"/tasks/{task}")


def test_a_plot_of_another_experiment_is_not_there(site: Site) -> None:
    task, other = site.experiment(), site.experiment()
    site.report_plot(task, "Zebra", FIGURE)
    (plot,) = shown(site, task, "plots")
    for path in (
        f"{other}/plots/{plot['id']}/0",
        f"{task}/plots/{plot['id']}/1",
        f"{task}/plots/x/y",
        f"{task}/plots/9/--1",
    ):
        assert site.browser.get(f"{site.web}/tasks/{path}").status_code == 404


def test_debug_images_have_a_tab_where_there_are_some(site: Site) -> None:
    task = site.experiment()
    assert "Debug images" not in site.page(f"/tasks/{task}")
    url = "http://127.0.0.1:1/image.png"
    site._event(task, "training_debug_image", "faces", "first", 4, url=url)
    assert "Debug images" in site.page(f"/tasks/{task}")
    assert shown(site, task, "images")[0]["pictures"] == [{"iteration": 4, "link": url}]


# configuration


def test_the_configuration_is_told_by_section(site: Site) -> None:
    task = site.experiment(Search={"seed": "7"}, Data={"data": "x.csv"}, Zoo={"animal": "1"})
    found = shown(site, task, "configuration")
    assert [section["name"] for section in found["sections"]] == ["Data", "Search", "Zoo"]
    assert found["sections"][1]["parameters"][0] | {"type": ""} == {
        "name": "seed", "value": "7", "type": "", "description": "",
    }  # fmt: skip


# artifacts


def stored(site: Site, path: str, content: bytes) -> None:
    with site.store.files.incoming() as incoming:
        incoming.open(path)
        incoming.write(content)
        incoming.keep()


def test_artifacts_are_read_and_downloaded_here(site: Site) -> None:
    task = site.experiment()
    stored(site, f"{task}/a b/rows.json", json.dumps({"rows": [1]}).encode())
    uri = f"http://somewhere.example:8081/{task}/a%20b/rows.json"
    site.ok(
        "tasks.add_or_update_artifacts", task=task,
        artifacts=[{"key": "rows", "type": "dict", "uri": uri, "hash": "ab" * 32, "content_size": 11}],
    )  # fmt: skip
    (found,) = shown(site, task, "artifacts")
    assert (found["link"], found["hash"], found["size"], found["is_here"]) == (
        f"/files/{task}/a%20b/rows.json", "ab" * 32, 11, True,
    )  # fmt: skip
    assert site.twin(found["content"]) == {"text": '{"rows": [1]}', "is_whole": True}
    answer = site.browser.get(site.web + found["link"])
    assert answer.json() == {"rows": [1]}
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_what_lies_elsewhere_is_a_link_only_where_a_browser_can_follow(site: Site) -> None:
    task = site.experiment()
    uris = ["https://storage.example/a", "s3://bucket/b", "javascript:alert(1)", "file:///etc/passwd", "http://[bad"]
    artifacts = [{"key": f"{place}", "type": "custom", "uri": uri} for place, uri in enumerate(uris)]
    site.ok("tasks.add_or_update_artifacts", task=task, artifacts=artifacts)
    found = {one["key"]: one["link"] for one in shown(site, task, "artifacts")}
    assert [found[str(place)] for place in range(4)] == ["https://storage.example/a", None, None, None]
    assert site.browser.get(f"{site.web}/tasks/{task}/artifact-text?key=0").status_code == 404


def test_no_path_leads_out_of_the_file_store(site: Site) -> None:
    for path in ("..%2f..%2fcredentials.json", "%2e%2e/credentials.json", "/etc/passwd", "..\\credentials.json"):
        answer = site.browser.get(f"{site.web}/files/{path}")
        assert answer.status_code == 404
        assert "secret_key" not in answer.text


# console


def test_the_console_follows(site: Site) -> None:
    task = site.experiment()
    say(site, task, "one", "two")
    found = shown(site, task, "console")
    assert [line["text"] for line in found["lines"]] == ["one", "two"]
    say(site, task, "three")
    new = site.twin(f"/tasks/{task}/lines?after={found['last']}")
    assert [line["text"] for line in new["lines"]] == ["three"]
    assert new["is_live"] is True
    assert site.twin(f"/tasks/{task}/lines?after={new['last']}")["lines"] == []


def test_the_console_goes_back_to_what_lies_before(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment_console, "LINES", 2)
    task = site.experiment()
    say(site, task, "one", "two", "three", "four", "five")
    found = shown(site, task, "console")
    assert ([line["text"] for line in found["lines"]], found["has_earlier"]) == (["four", "five"], True)
    before = site.twin(f"/tasks/{task}/lines?before={found['lines'][0]['id']}")
    assert ([line["text"] for line in before["lines"]], before["has_earlier"]) == (["two", "three"], True)
    first = site.twin(f"/tasks/{task}/lines?before={before['lines'][0]['id']}")
    assert ([line["text"] for line in first["lines"]], first["has_earlier"]) == (["one"], False)


def test_the_whole_console_is_searched_and_downloaded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment_console, "LINES", 1)
    monkeypatch.setattr(experiment_console, "_CHUNK", 2)
    task = site.experiment()
    say(site, task, "a Needle", "hay", "hay", "hay", "another needle", level="error")
    assert [line["text"] for line in site.twin(f"/tasks/{task}/lines?q=needle")["lines"]] == [
        "a Needle",
        "another needle",
    ]
    answer = site.browser.get(f"{site.web}/tasks/{task}/console.txt")
    lines = answer.text.splitlines()
    assert len(lines) == 5
    assert lines[0].endswith("error a Needle")
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("\x1b[31mred\x1b[0m\n", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        (" 10%\r 20%\r100%\n", "100%"),
        ("one\r\ntwo\n", "one\ntwo"),
        ("plain", "plain"),
    ],
)
def test_the_console_does_not_obey_what_a_terminal_would(message: str, text: str) -> None:
    assert plain(message) == text


def test_the_console_is_read_by_its_index(site: Site) -> None:
    statement = (
        "SELECT id FROM log_lines WHERE owner = 'x'"
        " AND (timestamp, id) < (SELECT timestamp, id FROM log_lines WHERE id = 5)"
        " ORDER BY timestamp DESC, id DESC LIMIT 9"
    )
    with site.store.documents.database.snapshot() as connection:
        plan = " ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
    assert "log_lines_by_time" in plan
    assert "TEMP B-TREE" not in plan


# info


def test_the_info_tells_where_it_comes_from(site: Site) -> None:
    parent = site.experiment("the parent")
    task = site.task(
        parent=parent,
        comment="why",
        script={"entry_point": "run.py", "requirements": {"pip": "numpy"}, "diff": "+ a line"},
    )
    found = shown(site, task, "info")
    assert found["parent"]["name"] == "the parent"
    assert found["requirements"] == [{"name": "pip", "text": "numpy"}]
    assert ({"name": "Entry point", "value": "run.py"} in found["script"], found["comment"]) == (True, "why")
    assert shown(site, parent, "info")["children"][0]["link"].endswith(task)

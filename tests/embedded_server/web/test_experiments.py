"""The table of experiments: what a line tells, narrowing down, sorting, paging, columns."""

from __future__ import annotations

from typing import Any

import pytest

from embedded_server.web.columns import DEFAULT, MOST_OFFERED, chosen, offered
from embedded_server.web.experiment_query import SORTS
from tests.embedded_server.web.conftest import Site


def rows(site: Site, project: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.twin(f"/projects/{project}/experiments.json{query}")["rows"]
    return found


def names(site: Site, project: str, query: str = "") -> list[str]:
    return [row["name"] for row in rows(site, project, query)]


def scored(site: Site, project: str, name: str, best: float, holdout: float | None = None) -> str:
    task = site.task("in_progress", name=name, project=project)
    site.report(task, "Search", "best accuracy", best - 0.1, best)
    if holdout is not None:
        site.report_value(task, "hold-out accuracy", holdout)
        site.report_value(task, "hold-out accuracy ensemble", 1.0)
    return task


def test_a_line_tells_what_a_search_has_reached(site: Site) -> None:
    project = site.project()
    hyperparams = {"Data": {"data": {"section": "Data", "name": "data", "value": "/tables/houses.csv"}}}
    task = site.task("created", name="a search", project=project, tags=["paper"], hyperparams=hyperparams)
    site.ok("tasks.started", task=task)
    site.report(task, "Search", "best accuracy", 0.75, 0.8125)
    site.report_value(task, "hold-out accuracy", 0.5)
    (row,) = rows(site, project)
    assert row["best"] == {"metric": "accuracy", "value": 0.8125}
    assert row["holdout"] == {"metric": "accuracy", "value": 0.5}
    assert (row["id"], row["status"], row["tags"], row["table"]) == (task, "in_progress", ["paper"], "houses")
    assert row["duration"] >= 0
    assert row["link"] == f"/projects/{project}/experiments/{task}"
    text = site.page(f"/projects/{project}/experiments")
    for word in ("a search", "running", "0.8125", "accuracy", "houses", "paper", row["link"]):
        assert word in text


def test_a_task_that_is_no_search_has_a_line_as_well(site: Site) -> None:
    project = site.project()
    task = site.task(project=project)
    broken = {"a": 3, "b": {"c": None, "d": {"metric": "Search", "variant": "best x", "value": "high"}}}
    document = site.store.documents.get("tasks", task) or {}
    site.store.documents.put("tasks", {**document, "last_metrics": broken})
    (row,) = rows(site, project)
    assert (row["best"], row["holdout"], row["table"], row["duration"], row["started"]) == (None, None, "", None, None)
    assert row["name"] in site.page(f"/projects/{project}/experiments")


def test_a_project_shows_what_lies_below_it(site: Site) -> None:
    name = site.unique("above")
    below = site.project(f"{name}/between/below")
    task = site.task(project=below)
    tree = site.twin("/index.json")["projects"]
    above = next(each for each in tree if each["name"] == name)
    assert (above["count"], above["depth"]) == (1, 0)
    page = site.twin(f"{above['address']}.json")
    assert [row["id"] for row in page["rows"]] == [task]
    assert [word for word, _ in site.twin(f"/projects/{below}/experiments.json")["breadcrumb"]] == [
        name,
        "between",
        "below",
    ]
    assert next(each for each in page["projects"] if each["name"] == name)["is_chosen"]


def test_an_unknown_project_is_404(site: Site) -> None:
    assert site.browser.get(f"{site.web}/projects/nothing/experiments").status_code == 404
    assert site.browser.get(f"{site.web}/projects/nothing/experiments.json").json()["error"]


def test_words_statuses_and_tags_narrow_it_down(site: Site) -> None:
    project = site.project()
    site.task("in_progress", name="Forest of red", project=project, tags=["night", "eu"])
    site.task("created", name="forest of blue", project=project, tags=["night"], comment="a RED herring")
    odd = site.task("failed", name="percent % and 'quotes'", project=project)
    assert len(names(site, project, "?q=forest+red")) == 2
    assert names(site, project, "?q=%25+'quotes'") == ["percent % and 'quotes'"]
    assert names(site, project, f"?q={odd[:12].upper()}") == ["percent % and 'quotes'"]
    assert names(site, project, "?status=created") == ["forest of blue"]
    assert len(names(site, project, "?status=created,failed")) == 2
    assert len(names(site, project, "?tag=night")) == 2
    assert names(site, project, "?tag=night&tag=eu") == ["Forest of red"]
    assert names(site, project, "?q=nothing") == []
    assert "Nothing matches" in site.page(f"/projects/{project}/experiments?q=nothing")


def test_what_it_can_be_narrowed_down_by_is_counted(site: Site) -> None:
    project = site.project()
    site.task("created", project=project, tags=["b", "a"])
    site.task("failed", project=project, tags=["a"])
    found = site.twin(f"/projects/{project}/experiments.json?status=failed")
    assert found["statuses"] == [{"name": "created", "count": 1}, {"name": "failed", "count": 1}]
    assert found["tags"] == [{"name": "a", "count": 2}, {"name": "b", "count": 1}]


def test_the_archived_ones_are_shown_on_demand(site: Site) -> None:
    project = site.project()
    archived = site.task(name="put away", project=project)
    site.ok("tasks.archive", tasks=[archived])
    site.task(name="still here", project=project)
    assert names(site, project) == ["still here"]
    assert names(site, project, "?archived=yes") == ["put away"]


def test_what_the_sdk_hides_is_hidden(site: Site) -> None:
    project = site.project()
    site.task(project=project, system_tags=["hidden"])
    assert rows(site, project) == []


@pytest.mark.parametrize("key", [*SORTS, "metric:Search/best accuracy", "param:Search/seed"])
def test_every_column_sorts_both_ways(site: Site, key: str) -> None:
    project = site.project()
    scored(site, project, "the first", 0.5, 0.4)
    site.task(name="without anything", project=project)
    scored(site, project, "the second", 0.9, 0.3)
    up, down = names(site, project, f"?sort={key}"), names(site, project, f"?sort=-{key}")
    assert sorted(up) == sorted(down)
    assert len(up) == 3
    if key in ("best", "metric:Search/best accuracy"):
        assert up == ["the first", "the second", "without anything"]
        assert down == ["the second", "the first", "without anything"]
    if key == "holdout":
        assert down == ["the first", "the second", "without anything"]


def test_hyperparameters_that_are_numbers_sort_as_numbers(site: Site) -> None:
    project = site.project()
    for value in ("10", "9", "many", "-1"):
        section = {"seed": {"section": "Search", "name": "seed", "value": value}}
        site.task(name=f"seed {value}", project=project, hyperparams={"Search": section})
    assert names(site, project, "?sort=param:Search/seed") == ["seed -1", "seed 9", "seed 10", "seed many"]


@pytest.mark.parametrize("sort", ["nothing", "-", "param:", "metric:x", 'param:a"b/c', "param:a/b'c", "name;DROP"])
def test_an_unknown_order_is_the_usual_one(site: Site, sort: str) -> None:
    project = site.project()
    for name in ("one", "two"):
        site.task(name=name, project=project)
    assert (
        site.browser.get(f"{site.web}/projects/{project}/experiments.json", params={"sort": sort}).json()["total"] == 2
    )
    assert names(site, project, "?sort=nothing") == names(site, project) == ["two", "one"]


def test_long_lists_come_in_pages(site: Site) -> None:
    project = site.project()
    tasks = {site.task(project=project) for _ in range(5)}
    pages = [rows(site, project, f"?rows=2&page={number}") for number in range(3)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {row["id"] for page in pages for row in page} == tasks
    for number in ("-1", "x", "9" * 30, "²"):
        assert site.twin(f"/projects/{project}/experiments.json?rows=2&page={number}")["page"] in (0, 2)
    text = site.page(f"/projects/{project}/experiments?rows=2&page=1&sort=name")
    assert f"/projects/{project}/experiments?rows=2&amp;sort=name&amp;page=2" in text


def test_scalars_and_hyperparameters_can_be_columns(site: Site) -> None:
    project = site.project()
    task = site.experiment("with settings", Search={"seed": "7"})
    site.ok("tasks.update", task=task, project=project)
    site.report(task, "Pool", "workers", 2, 3)
    found = site.twin(f"/projects/{project}/experiments.json?columns=param:Search/seed,metric:Pool/workers")
    assert [column["key"] for column in found["columns"]] == ["name", "param:Search/seed", "metric:Pool/workers"]
    assert found["rows"][0]["extra"] == {"param:Search/seed": "7", "metric:Pool/workers": 3}
    assert {"param:Search/seed", "metric:Pool/workers"} <= {column["key"] for column in found["offered_columns"]}


def test_columns_that_do_not_exist_are_left_out() -> None:
    assert [column.key for column in chosen(["nothing", "best", "param:x", ""])] == ["name", "best"]
    assert tuple(column.key for column in chosen([])) == DEFAULT
    many = [f"param:Search/{number}" for number in range(MOST_OFFERED * 2)]
    assert len(offered(chosen([]), many)) < MOST_OFFERED * 2


def test_a_page_says_whether_anything_can_change_by_itself(site: Site) -> None:
    project = site.project()
    site.task("in_progress", project=project)
    assert site.twin(f"/projects/{project}/experiments.json")["is_live"] is True


def test_the_rows_of_a_page_are_read_by_their_number(site: Site) -> None:
    statement = "SELECT number, body FROM documents WHERE number IN (SELECT value FROM json_each('[1]'))"
    with site.store.documents.database.snapshot() as connection:
        plan = " ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
    assert "SEARCH documents USING INTEGER PRIMARY KEY" in plan
    assert "SCAN documents" not in plan

"""What a page knows of the request that asks for it."""

from __future__ import annotations

import sqlite3
from urllib.parse import quote

import pytest
from starlette.requests import Request

from embedded_server.web import project_tree
from embedded_server.web.page import ROOT_TWIN, Visit, page
from tests.embedded_server.web.conftest import Site


def visit(query: str, site: Site) -> Visit:
    scope = {"type": "http", "path": "/here", "query_string": query.encode(), "headers": [], "path_params": {"id": "x"}}
    identity = site.store.accounts.identity(site.store.accounts.users()[0]["id"])
    assert identity is not None
    return Visit(Request(scope), identity, site.store)


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("0", 0), ("-1", 3), ("x", 3), ("", 3), ("1.5", 3), ("\u00b2", 3)]
)
def test_a_number_in_the_query_is_natural_or_the_default(site: Site, text: str, number: int) -> None:
    assert visit(f"n={quote(text)}", site).asked_number("n", 3) == number
    assert visit("n=" + "9" * 30, site).asked_number("n", 3, most=10) == 10


def test_several_values_come_repeated_or_with_commas(site: Site) -> None:
    assert visit("a=1,2&a=3&a=,1&b=4", site).asked_list("a") == ["1", "2", "3"]
    assert visit("", site).asked_list("a") == []


def test_the_address_keeps_what_is_not_changed(site: Site) -> None:
    here = visit("tag=a%20b&tag=c&page=2&sort=name", site)
    assert here.address(page=3) == "/here?tag=a+b&tag=c&sort=name&page=3"
    assert here.address(page=None, tag=None, sort=None) == "/here"


def test_every_page_has_a_twin() -> None:
    assert [route.path for route in page("/", "experiments.html", lambda _: {})] == [ROOT_TWIN, "/"]
    assert [route.path for route in page("/models/{id}", "model.html", lambda _: {})] == [
        "/models/{id}.json",
        "/models/{id}",
    ]


def test_a_twin_holds_what_its_page_shows(site: Site) -> None:
    task = site.experiment("told twice")
    for path, twin in (("/?q=told+twice", "/index.json?q=told+twice"), (f"/tasks/{task}", f"/tasks/{task}.json")):
        assert "told twice" in site.page(path)
        assert "told twice" in str(site.twin(twin))


def test_a_database_that_does_not_answer_is_told_in_a_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(project_tree, "visible", locked)
    answer = site.browser.get(f"{site.web}/index.json")
    assert (answer.status_code, "database is locked" in answer.json()["error"]) == (503, True)

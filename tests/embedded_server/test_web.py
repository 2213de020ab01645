"""The pages of the web port."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from tests.embedded_server.server_process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("web") / "data")
    yield server
    server.stop()


@pytest.fixture
def browser(server: ServerProcess) -> requests.Session:
    """A browser that has followed a login link."""
    browser = requests.Session()
    link = requests.post(f"{server.address['web']}/login-link", auth=server.key_pair).json()["link"]
    assert browser.get(link).status_code == 200
    return browser


def run(server: ServerProcess, **fields: object) -> str:
    task = server.ok("tasks.create", **{"name": "a search", "type": "training", **fields})["id"]
    server.ok("tasks.started", task=task)
    return str(task)


def test_without_a_login_nothing_is_shown(server: ServerProcess) -> None:
    for path in ("/", "/tasks.json", f"/projects/*/experiments/{run(server)}", "/settings"):
        answer = requests.get(server.address["web"] + path)
        assert answer.status_code == 401
        assert "a search" not in answer.text


def test_login_link_needs_the_key_pair(server: ServerProcess, browser: requests.Session) -> None:
    assert requests.post(f"{server.address['web']}/login-link").status_code == 401
    assert browser.post(f"{server.address['web']}/login-link").status_code == 401  # a cookie is not enough


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(server: ServerProcess) -> None:
    link = requests.post(f"{server.address['web']}/login-link", auth=server.key_pair).json()["link"]
    cookie = requests.get(link, allow_redirects=False).headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_task_list(server: ServerProcess, browser: requests.Session) -> None:
    project = server.ok("projects.create", name="the project")["id"]
    task = run(server, project=project)
    server.ok(
        "events.add", type="training_stats_scalar", task=task, metric="Search", variant="best accuracy", value=0.8125,
        iter=3,
    )  # fmt: skip
    text = browser.get(server.address["web"]).text
    link = f"/projects/{project}/experiments/{task}"
    for word in ("a search", "the project", "in progress", "0.8125", "accuracy", link):
        assert word in text
    row = browser.get(f"{server.address['web']}/tasks.json").json()["tasks"][0]
    assert (row["id"], row["best"]) == (task, {"metric": "accuracy", "value": 0.8125})


@pytest.mark.parametrize(
    "path",
    [
        "/projects/*/experiments/{}/output/log",
        "/projects/x/experiments/{}/artifacts/output-model",
        "/pipelines/x/experiments/{}",
        "/datasets/simple/x/experiments/{}",
        "/tasks/{}",
    ],
)
def test_links_of_the_sdk_open_the_task(server: ServerProcess, browser: requests.Session, path: str) -> None:
    hyperparams = {"Data": {"target": {"section": "Data", "name": "target", "value": "price"}}}
    task = run(server, hyperparams=hyperparams)
    server.ok("events.add", type="log", task=task, msg="hello from the console")
    artifact = {"key": "best", "type": "custom", "uri": "http://127.0.0.1:1/best.py"}
    server.ok("tasks.add_or_update_artifacts", task=task, artifacts=[artifact])
    text = browser.get(server.address["web"] + path.format(task)).text
    for word in (task, "target", "price", "hello from the console", "http://127.0.0.1:1/best.py"):
        assert word in text


def test_link_of_a_model_opens_it(server: ServerProcess, browser: requests.Session) -> None:
    model = server.ok("models.create", name="a model", uri="http://127.0.0.1:1/m", ready=False)["id"]
    assert "a model" in browser.get(f"{server.address['web']}/projects/*/models/{model}/general").text


def test_what_is_gone_is_404(server: ServerProcess, browser: requests.Session) -> None:
    for path in ("/projects/*/experiments/nothing", "/projects/*/models/nothing", "/dashboard", "/login/x"):
        assert browser.get(server.address["web"] + path).status_code == 404


def test_nothing_that_a_task_says_becomes_markup(server: ServerProcess, browser: requests.Session) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x>"
    task = run(server, name=evil, tags=[evil])
    server.ok("events.add", type="log", task=task, msg=evil)
    artifact = {"key": evil, "type": evil, "uri": "javascript:alert(1)"}
    server.ok("tasks.add_or_update_artifacts", task=task, artifacts=[artifact])
    for path in ("/", f"/tasks/{task}"):
        answer = browser.get(server.address["web"] + path)
        assert "<script" not in answer.text
        assert "<img" not in answer.text
        assert "javascript:" not in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy


def test_pages_are_self_contained(server: ServerProcess, browser: requests.Session) -> None:
    text = browser.get(server.address["web"]).text
    assert re.findall(r'(?:src|href)="(?:https?:)?//', text) == []
    style = requests.get(f"{server.address['web']}/style.css")
    assert style.headers["Content-Type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in style.text


def test_long_lists_come_in_pages(server: ServerProcess, browser: requests.Session) -> None:
    for number in range(51):
        server.ok("tasks.create", name=f"number {number}", type="training")
    first = browser.get(f"{server.address['web']}/tasks.json").json()
    second = browser.get(f"{server.address['web']}/tasks.json?page=1").json()
    assert len(first["tasks"]) == 50
    assert second["tasks"]
    assert not {one["id"] for one in first["tasks"]} & {one["id"] for one in second["tasks"]}
    for page in ("-1", "x", "9" * 30):
        assert browser.get(f"{server.address['web']}/?page={page}").status_code == 200

"""What every answer tells a browser, and what is refused when another site asks."""

from __future__ import annotations

import re

import pytest
import requests
from starlette.datastructures import Headers

from embedded_server.web.safety import may_change
from tests.embedded_server.web.conftest import SAME_ORIGIN, Site

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.mark.parametrize(
    "path", ["/", "/index.json", "/login", "/no/such/page", "/tasks/nothing", "/static/x/style.css"]
)
def test_every_answer_keeps_scripts_and_frames_of_others_out(site: Site, path: str) -> None:
    headers = site.browser.get(site.web + path, timeout=20).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_on_a_page_is_inline_or_from_elsewhere(site: Site) -> None:
    task = site.experiment()
    for path in (
        "/",
        "/login",
        f"/tasks/{task}",
        f"/tasks/{task}/console",
        f"/tasks/{task}/plots",
        f"/tasks/{task}/info",
    ):
        text = site.page(path)
        assert re.findall(r'(?:src|href)="(?:https?:)?//', text) == []
        assert re.findall(r"<script(?! (?:type=\"module\" )?src=)", text) == []
        assert re.findall(r'<style|\sstyle="|\son\w+="', text) == []


def test_nothing_that_a_task_says_becomes_markup(site: Site) -> None:
    task = site.task(
        "in_progress", name=EVIL, tags=[EVIL], comment=EVIL,
        hyperparams={EVIL: {EVIL: {"section": EVIL, "name": EVIL, "value": EVIL}}},
        configuration={EVIL: {"name": EVIL, "value": f"</textarea>{EVIL}", "type": EVIL}},
    )  # fmt: skip
    site.ok("events.add", type="log", task=task, msg=EVIL)
    site.report(task, EVIL, EVIL, 1.0)
    site.report_plot(task, EVIL, {"data": [], "layout": {}})
    artifact = {"key": EVIL, "type": EVIL, "uri": "javascript:alert(1)", "type_data": {"preview": EVIL}}
    site.ok("tasks.add_or_update_artifacts", task=task, artifacts=[artifact])
    tabs = ("", "/scalars", "/plots", "/configuration", "/artifacts", "/console", "/info")
    for path in ("/", *(f"/tasks/{task}{tab}" for tab in tabs)):
        text = site.page(path)
        assert "<script>" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),  # another port of this machine
        ({"sec-fetch-site": "cross-site", "authorization": "Basic x"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://127.0.0.1:8080", "host": "127.0.0.1:8080"}, True),
        ({"origin": "http://127.0.0.1:3000", "host": "127.0.0.1:8080"}, False),
        ({"origin": "null", "host": "127.0.0.1:8080"}, False),
        ({"origin": "", "host": ""}, False),
        ({}, False),
        ({"authorization": "Bearer x"}, True),  # no browser: browsers say where they come from
    ],
)
def test_only_our_own_pages_and_programs_may_change_something(headers: dict[str, str], expected: bool) -> None:
    assert may_change(Headers(headers)) is expected


def test_a_change_that_another_site_sends_is_refused(site: Site) -> None:
    task = site.experiment()
    body = {"action": "delete", "ids": [task]}
    for elsewhere in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        answer = site.browser.post(f"{site.web}/actions", json=body, headers=elsewhere, timeout=20)
        assert answer.status_code == 403
    without = requests.post(f"{site.web}/actions", json=body, cookies=site.browser.cookies, timeout=20)
    assert without.status_code == 403
    assert site.get_task(task)["status"] == "in_progress"
    assert requests.post(f"{site.web}/actions", json=body, headers=SAME_ORIGIN, timeout=20).status_code == 401

"""Getting in and out: by a link that works once, or by a key pair."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from pipelines.connection import Connection
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.end_to_end

#: a browser logs an answer 401 on its console
REFUSED = "401"


def test_a_link_lets_one_browser_in_once(open_page: OpenPage, login_link: Callable[[], str]) -> None:
    link = login_link()
    first = open_page(link, is_logged_in=False)
    expect(first.get_by_role("heading", level=1)).to_contain_text("Experiments")
    second = open_page(link, is_logged_in=False, forgiven=REFUSED)
    expect(second.get_by_role("alert")).to_contain_text("does not work any more")


def test_scripts_cannot_read_the_cookie(open_page: OpenPage, login_link: Callable[[], str]) -> None:
    page = open_page(login_link(), is_logged_in=False)
    assert page.context.cookies()
    assert page.evaluate("document.cookie") == ""


def test_a_key_pair_leads_to_the_page_that_was_asked_for(open_page: OpenPage, server: Connection) -> None:
    page = open_page("/models?search=none", is_logged_in=False, forgiven=REFUSED)
    page.get_by_label("Access key").fill(server.access_key)
    page.get_by_label("Secret key").fill(server.secret_key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.web}/models?search=none")
    cookie = page.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def test_a_wrong_key_pair_is_refused_beside_the_form(open_page: OpenPage, server: Connection) -> None:
    page = open_page("/login", is_logged_in=False, forgiven=REFUSED)
    page.get_by_label("Access key").fill(server.access_key)
    page.get_by_label("Secret key").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    expect(page.get_by_label("Access key")).to_be_visible()
    assert page.context.cookies() == []


def test_logging_out_closes_the_pages(open_page: OpenPage, login_link: Callable[[], str]) -> None:
    page = open_page(login_link(), is_logged_in=False, forgiven=REFUSED)
    page.get_by_role("button", name=re.compile("Log out")).click()
    expect(page.get_by_label("Access key")).to_be_visible()
    page.goto("/")
    expect(page.get_by_label("Access key")).to_be_visible()

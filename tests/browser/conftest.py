"""A real browser before a real server: Debian's Chromium, driven by Playwright, logged in, and watched."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from experiments.reports.tracking import configure_sdk
from pipelines.connection import Connection
from tests.browser.content import Content, make_content
from tests.browser.watch import Watch

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 20_000  # milliseconds that a condition in a page is waited for
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
USUAL = {"viewport": WIDE, "locale": "en-GB", "reduced_motion": "reduce"}

OpenContext = Callable[..., BrowserContext]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium of this machine; without one there is nothing to test with."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("no Chromium on the PATH; tests/browser/install-chromium.sh installs it, as 'make test' does")
    return found


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """A browser a module: Playwright's event loop counts as running in this thread, which others could not use."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--disable-gpu"])
        expect.set_options(timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def content(chromium_path: str, running_stack) -> Content:
    """The real run and what belongs to it, made once."""
    configure_sdk()
    return make_content(running_stack)


@pytest.fixture(scope="session")
def server(clearml_server: Connection) -> Connection:
    """Where the pages and the API are."""
    return clearml_server


@pytest.fixture(scope="session")
def login_link(server: Connection) -> Callable[[], str]:
    """Makes links that log one browser in, once."""

    def make() -> str:
        answer = requests.post(f"{server.web}/login-link", auth=(server.access_key, server.secret_key), timeout=10)
        return str(answer.json()["link"])

    return make


@pytest.fixture(scope="session")
def cookies(server: Connection, login_link: Callable[[], str]) -> list[dict[str, Any]]:
    """The cookies of a browser that has followed a login link."""
    answer = requests.get(login_link(), allow_redirects=False, timeout=10)
    return [
        {"name": cookie.name, "value": cookie.value, "url": server.web, "httpOnly": True, "sameSite": "Strict"}
        for cookie in answer.cookies
    ]


@pytest.fixture(scope="module")
def open_context(browser: Browser, server: Connection, cookies: list[dict[str, Any]]) -> OpenContext:
    """Opens browsers of their own, which know nothing of each other: ``open_context(color_scheme="dark")``."""

    def open_one(*, is_logged_in: bool = True, **options: Any) -> BrowserContext:
        context = browser.new_context(base_url=server.web, **{**USUAL, **options})
        context.set_default_timeout(PATIENCE)
        if is_logged_in:
            context.add_cookies(cookies)
        return context

    return open_one


@pytest.fixture
def open_page(server: Connection, open_context: OpenContext) -> Iterator[OpenPage]:
    """Opens pages, each in a browser of its own where none is given: ``open_page("/models", color_scheme="dark")``.

    At the test's end each must have been without fault, but for what is ``forgiven``.
    """
    opened: list[tuple[Page | BrowserContext, Watch]] = []

    def open_one(
        address: str = "", *, context: BrowserContext | None = None, forgiven: str | None = None, **options: Any
    ) -> Page:
        own = context or open_context(**options)
        page = own.new_page()
        opened.append((page if context else own, Watch(page, str(urlsplit(server.web).hostname), forgiven)))
        if address:
            page.goto(address)
        return page

    yield open_one
    for page_or_browser, _ in opened:
        page_or_browser.close()
    for _, watch in opened:
        watch.check()


@pytest.fixture(scope="module")
def usual_browser(open_context: OpenContext) -> Iterator[BrowserContext]:
    """A wide, light browser that is logged in; shared, so that it reads plotly once."""
    context = open_context()
    yield context
    context.close()


@pytest.fixture
def page(open_page: OpenPage, usual_browser: BrowserContext) -> Page:
    """A page of the usual browser; what leaves something behind in a browser needs one of its own (`open_page`)."""
    return open_page(context=usual_browser)


def asked(page: Page) -> dict[str, list[str]]:
    """What a page's address says after its question mark."""
    return parse_qs(urlsplit(page.url).query)


def await_charts(page: Page) -> None:
    """Waits until every chart is drawn."""
    page.wait_for_load_state()
    if page.locator("#scalars, [data-curves-all]").count():  # a script makes these once it has the curves
        page.locator("figure").first.wait_for()
    figures = page.locator("figure:visible")
    for number in range(figures.count()):
        await_chart(figures.nth(number))


def await_chart(figure: Locator) -> None:
    """Waits until one chart is drawn; out of sight it would not be."""
    figure.scroll_into_view_if_needed()
    figure.locator(".main-svg, table").first.wait_for(state="attached")


def lightness_of_ground(page: Page) -> int:
    """How light the page's ground is, from 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in re.findall(r"\d+", colour)[:3])

"""A model's card in a real browser: drawn on the model's page, alone, and from the disk; a hostile one does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, expect

from models.card.figure import Chart, Series
from models.card.page import page as card_page
from models.card.section import Section
from tests.embedded_server.server_process import ServerProcess

pytestmark = pytest.mark.end_to_end

HOSTILE = (
    b"<!doctype html><title>card</title><script>top.document.title = 'it ran'; top.location = '/login'</script>"
    b"<body onload=\"top.document.title = 'it ran'\"><h1>Hostile card</h1>"
    b"<img src='/models' onerror=\"top.document.title = 'it ran'\"><form action='/logout' method='post'></form>"
)
TABLE = "| a | b |\n| --- | ---: |\n| 1 | 2 |"
CHART = Chart("ROC", "of a", "false", "true", (Series("a", (0.0, 1.0), (0.0, 1.0)),), (0.0, 1.0))


@pytest.fixture(scope="module")
def server(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("cards") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def logged_in(browser: Browser, server: ServerProcess) -> Iterator[BrowserContext]:
    context = browser.new_context(color_scheme="dark")
    link = requests.post(f"{server.address['web']}/login-link", auth=server.key_pair, timeout=10).json()["link"]
    context.new_page().goto(link)
    yield context
    context.close()


def card() -> str:
    return card_page("Model card: a <model>", "Predicts `x`.", [Section("Curves", TABLE, (CHART,))])


def model_with(server: ServerProcess, name: str, content: bytes) -> str:
    """A model whose experiment holds a card."""
    uri = f"{server.address['files']}/{name}/model_card.html"
    server.http.post(server.address["files"], files={f"{name}/model_card.html": content}).raise_for_status()
    task = server.ok("tasks.create", name=name, type="training")["id"]
    artifacts = [{"key": "model_card.html", "type": "custom", "uri": uri}]
    server.ok("tasks.add_or_update_artifacts", task=task, artifacts=artifacts)
    return str(server.ok("models.create", name=name, uri="https://storage.example/m", task=task)["id"])


def test_a_card_is_drawn_whole_on_the_page_of_its_model_and_alone(
    server: ServerProcess, logged_in: BrowserContext
) -> None:
    model = model_with(server, "good", card().encode())
    page = logged_in.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{server.address['web']}/models/{model}")
    page.get_by_role("link", name="Model card").click()
    framed = page.frame_locator("iframe")
    expect(framed.get_by_role("heading", level=1)).to_have_text("Model card: a <model>")
    expect(framed.get_by_role("img")).to_be_visible()
    expect(framed.locator("body")).to_have_css("background-color", "rgb(26, 30, 44)")  # its own style, in the dark
    page.goto(f"{server.address['web']}/models/{model}/card")
    expect(page.get_by_role("img")).to_be_visible()
    assert complaints == []


def test_a_hostile_card_does_nothing(server: ServerProcess, logged_in: BrowserContext) -> None:
    model = model_with(server, "bad", HOSTILE)
    address = f"{server.address['web']}/models/{model}"
    page = logged_in.new_page()
    page.goto(address)
    page.locator("#card").scroll_into_view_if_needed()
    expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Hostile card")
    assert page.url == address
    assert page.title() != "it ran"
    page.goto(f"{address}/card")
    expect(page.get_by_role("heading")).to_have_text("Hostile card")
    assert page.title() == "card"


def test_a_card_is_read_from_the_disk_without_a_network(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "model_card.html"
    path.write_text(card(), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(path.as_uri())
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.locator("td.number")).to_have_css("text-align", "right")
    assert complaints == []
    context.close()

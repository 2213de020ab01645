"""One experiment: its search, its settings, its artifacts and its console."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from clearml import Task
from playwright.sync_api import Page, expect

from pipelines.launching import api_client, ensure_queue
from tests.browser.conftest import await_charts
from tests.browser.content import GENERATIONS, Content, start, waiting_in

pytestmark = pytest.mark.end_to_end

QUEUE = "nobody serves it: an edited clone waits"


@pytest.fixture
def search(page: Page, content: Content) -> Page:
    """The overview of the real run."""
    page.goto(f"/projects/{content.project}/experiments/{content.run}")
    return page


@pytest.fixture
def running(content: Content) -> Iterator[Task]:
    """A task that counts as running."""
    task = start(content.run, "penguins, talking")
    yield task
    task.delete(delete_artifacts_and_models=False)


@pytest.fixture
def queue() -> Iterator[str]:
    """A queue that no agent serves; what a test puts into it goes with it."""
    queue_id = ensure_queue(QUEUE)
    yield QUEUE
    client = api_client()
    if waiting := waiting_in(QUEUE):
        client.tasks.delete_many(ids=waiting, force=True)
    client.queues.delete(queue=queue_id, force=True)


def test_a_search_is_told_at_a_glance(search: Page) -> None:
    await_charts(search)
    for word in ("Best accuracy", "Hold-out accuracy", "Generation", "Evaluations"):
        expect(search.locator("dl.figures dt", has_text=word).first).to_be_visible()
    for part in ("Scores by generation", "Pareto front", "Failures", "Lineage"):
        expect(search.get_by_role("region", name=part, exact=True).locator(".main-svg").first).to_be_visible()
    leaders = search.get_by_role("region", name="Leaderboard").first.locator("tbody tr")
    assert 1 <= leaders.count() <= 10
    expect(search.get_by_role("region", name="Models")).to_contain_text("Looked at/penguins")


def test_the_pareto_front_slides_over_generations(page: Page, content: Content) -> None:
    page.goto(f"/projects/{content.project}/experiments/{content.told_again[0]}")
    card = page.get_by_role("region", name="Pareto front", exact=True)
    card.scroll_into_view_if_needed()
    shown = card.locator("[data-iteration]")
    expect(shown).to_have_text(f"iteration {GENERATIONS - 1}")
    card.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    expect(shown).to_have_text(f"iteration {GENERATIONS - 2}")
    page.keyboard.press("Home")
    expect(shown).to_have_text("iteration 0")
    expect(card.locator(".main-svg").first).to_be_visible()


@pytest.mark.parametrize(
    ("rest", "tab"),
    [("output/log", "Console"), ("info-output/metrics/scalar", "Scalars"), ("info-output/metrics/plots", "Plots"),
     ("hyper-params/hyper-param/Search", "Configuration"), ("artifacts/output-model", "Artifacts"),
     ("execution", "Info")],
)  # fmt: skip
def test_the_links_that_the_sdk_prints_open_their_tab(page: Page, content: Content, rest: str, tab: str) -> None:
    page.goto(f"/projects/{content.project}/experiments/{content.run}/{rest}")
    tabs = page.get_by_role("navigation", name="Parts of the experiment")
    expect(tabs.locator("[aria-current=page]")).to_have_text(tab)


def test_an_edited_clone_is_put_into_a_queue(page: Page, content: Content, queue: str) -> None:
    page.goto(f"/projects/{content.project}/experiments/{content.run}/configuration")
    page.get_by_label("Search: seed").fill("7")
    page.get_by_label("Budget: time_left").fill("33")
    expect(page.get_by_text("2 changed")).to_be_visible()
    page.get_by_role("button", name="Run a clone").click()
    question = page.get_by_role("dialog")
    question.get_by_label("Name").fill("penguins, edited in the browser")
    question.get_by_label("Queue").select_option(label=queue)
    question.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("penguins, edited in the browser")
    (task_id,) = waiting_in(queue)
    edited = Task.get_task(task_id=task_id).get_parameters()
    assert (edited["Search/seed"], edited["Budget/time_left"]) == ("7", "33")
    original = Task.get_task(task_id=content.run).get_parameters()
    assert original["Search/seed"] == "42"
    assert edited.keys() == original.keys()


def test_artifacts_are_read_and_downloaded(page: Page, content: Content) -> None:
    page.goto(f"/projects/{content.project}/experiments/{content.run}/artifacts")
    leaderboard = page.locator("details", has=page.get_by_role("heading", name="leaderboard.json"))
    leaderboard.locator("summary h2").click()
    expect(leaderboard.locator("[data-preview]")).to_contain_text('"rows"')
    with page.expect_download() as download:
        page.get_by_role("link", name="Download leaderboard.json").click()
    assert json.loads(download.value.path().read_text(encoding="utf-8"))["rows"]


def test_the_console_follows_what_is_reported(page: Page, content: Content, running: Task) -> None:
    page.goto(f"/projects/{content.project}/experiments/{running.id}/output/log")
    lines = page.get_by_role("log")
    expect(lines).to_be_visible()
    running.get_logger().report_text("the first line", print_console=False)
    running.flush(wait_for_uploads=True)
    expect(lines).to_contain_text("the first line")
    running.get_logger().report_text("<b>the second</b> line", print_console=False)
    running.flush(wait_for_uploads=True)
    expect(lines).to_contain_text("<b>the second</b> line")  # text, not markup
    page.get_by_label("Search all lines").fill("SECOND")
    expect(lines.locator(".line")).to_have_count(1)


def test_a_run_is_aborted_on_its_own_page(page: Page, content: Content, running: Task) -> None:
    page.goto(f"/projects/{content.project}/experiments/{running.id}")
    page.get_by_role("button", name="Abort").click()
    page.get_by_role("dialog").get_by_role("button", name="Abort").click()
    expect(page.locator("header.experiment .status")).to_have_text(re.compile("stopped|aborted"))
    assert running.get_status() == "stopped"

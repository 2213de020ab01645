"""The table of experiments: narrowing down, sorting, choosing columns and rows, and doing something with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from clearml import Task
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, asked, lightness_of_ground
from tests.browser.content import Content, start

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def table(page: Page, content: Content) -> Page:
    """The table of the content's project."""
    page.goto(f"/projects/{content.project}/experiments")
    return page


@pytest.fixture
def running(content: Content) -> Iterator[Task]:
    """A task that counts as running."""
    task = start(content.run, "penguins, still running")
    yield task
    task.delete(delete_artifacts_and_models=False)


def row(page: Page, task_id: str) -> Locator:
    return page.locator(f'tr[data-key="{task_id}"]')


def choose(page: Page, *task_ids: str) -> None:
    for task_id in task_ids:
        row(page, task_id).get_by_role("checkbox").check()


def names(page: Page) -> list[str]:
    return page.locator("tbody a.name").all_inner_texts()


def test_a_finished_run_tells_what_it_reached(table: Page, content: Content) -> None:
    run = row(table, content.run)
    for column, pattern in {
        "status": "completed", "best": r"0\.\d+\s*accuracy", "holdout": r"\d(\.\d+)?\s*accuracy", "table": "penguins",
        "duration": r"\d+ (s|min)", "started": "just now|minute", "worker": r"\w",
    }.items():  # fmt: skip
        expect(run.locator(f'[data-key="{column}"]')).to_have_text(re.compile(pattern))


def test_words_and_statuses_narrow_the_table_down_in_the_address(table: Page, content: Content) -> None:
    table.get_by_role("searchbox").fill("told again")
    expect(table.locator("tbody tr")).to_have_count(len(content.told_again))
    assert asked(table) == {"q": ["told again"]}
    table.reload()
    expect(table.locator("tbody tr")).to_have_count(len(content.told_again))
    table.goto("?status=failed")
    expect(table.get_by_text("Nothing matches")).to_be_visible()
    table.get_by_role("link", name="Show all").click()
    expect(row(table, content.run)).to_be_visible()


def test_a_click_on_a_heading_sorts(table: Page, content: Content) -> None:
    table.get_by_role("link", name="Best score").click()
    expect(table.locator("th[data-key=best]")).to_have_attribute("aria-sort", "descending")
    expect(table.locator("tbody tr").first).to_have_attribute("data-key", content.run)
    assert asked(table)["sort"] == ["-best"]


def test_chosen_columns_are_there_the_next_time(open_page: OpenPage, content: Content) -> None:
    table = open_page(f"/projects/{content.project}/experiments")
    heading = table.locator("th[data-key=worker]")
    expect(heading).to_be_visible()
    table.get_by_text("Columns", exact=True).click()
    table.get_by_role("checkbox", name="Worker", exact=True).uncheck()
    expect(heading).to_be_hidden()
    table.goto("/")
    expect(table.locator("tbody tr").first).to_be_visible()
    expect(heading).to_be_hidden()


def test_what_runs_is_followed_without_a_reload(table: Page, running: Task) -> None:
    table.evaluate("window.isTheSamePage = true")
    expect(row(table, running.id).locator(".status")).to_have_text("running")
    running.get_logger().report_scalar("Search", "best accuracy", 0.4321, 7)
    running.flush(wait_for_uploads=True)
    expect(row(table, running.id).locator("[data-key=best]")).to_contain_text("0.4321")
    assert table.evaluate("window.isTheSamePage")


def test_a_running_experiment_is_aborted_after_a_question(table: Page, running: Task) -> None:
    choose(table, running.id)
    table.get_by_role("button", name="Abort").click()
    question = table.get_by_role("dialog", name=re.compile("Abort"))
    question.get_by_role("button", name="Cancel").click()
    assert running.get_status() == "in_progress"
    table.get_by_role("button", name="Abort").click()
    question.get_by_role("button", name="Abort").click()
    expect(row(table, running.id).locator(".status")).to_have_text(re.compile("stopped|aborted"))
    assert running.get_status() == "stopped"


def test_what_is_archived_is_out_of_the_way_and_can_be_deleted(table: Page, content: Content) -> None:
    draft = Task.clone(content.run, name="penguins, a mistake")
    table.reload()
    choose(table, draft.id)
    table.get_by_role("button", name="Archive").click()
    table.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(row(table, draft.id)).to_be_hidden()
    table.get_by_role("checkbox", name="Archived").check()
    choose(table, draft.id)
    table.get_by_role("button", name="Delete").click()
    table.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(table, draft.id)).to_be_hidden()
    assert Task.query_tasks(task_name="penguins, a mistake") == []


def test_the_keyboard_alone_reaches_a_comparison(table: Page, content: Content) -> None:
    expect(row(table, content.run)).to_be_visible()
    for key in ("j", "x", "j", "x"):
        table.keyboard.press(key)
    expect(table.get_by_role("checkbox", name=re.compile("^Choose penguins"), checked=True)).to_have_count(2)
    table.keyboard.press("c")
    expect(table).to_have_url(re.compile("/compare\\?ids="))


def test_tab_and_enter_alone_open_an_experiment(table: Page) -> None:
    focused = table.locator(":focus")
    table.keyboard.press("Tab")
    expect(focused).to_have_text("Skip to the content")
    table.keyboard.press("Enter")
    name = table.locator("a.name").first
    for _ in range(60):
        table.keyboard.press("Tab")
        if name.evaluate("element => element === document.activeElement"):
            break
    expect(name).to_be_focused()
    table.keyboard.press("Enter")
    expect(table).to_have_url(re.compile("/experiments/"))


def test_the_theme_is_switched_and_kept(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    assert lightness_of_ground(page) > 200
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    assert lightness_of_ground(page) < 60


def test_the_theme_is_the_systems_at_first(open_page: OpenPage) -> None:
    assert lightness_of_ground(open_page("/", color_scheme="dark")) < 60

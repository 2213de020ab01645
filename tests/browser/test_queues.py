"""Queues, workers and the pool: who waits, in which order, and who works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from pipelines.agent import worker_name
from pipelines.launching import api_client, ensure_queue
from tests.browser.content import Content, fill_queue, waiting_in

pytestmark = pytest.mark.end_to_end

QUEUE = "nobody serves it, but people look at it"
NAMES = ("waits first", "waits second", "waits third")


@pytest.fixture
def waiting(content: Content) -> Iterator[list[str]]:
    """Ids of three tasks that wait in `QUEUE`."""
    ids = fill_queue(QUEUE, content.run, NAMES)
    yield ids
    client = api_client()
    client.tasks.delete_many(ids=ids, force=True)
    client.queues.delete(queue=ensure_queue(QUEUE), force=True)


@pytest.fixture
def queue(page: Page, waiting: list[str]) -> Locator:
    """The queue on its page."""
    page.goto("/queues")
    return page.locator(f'[data-queue][data-name="{QUEUE}"]')


def test_what_waits_is_listed_in_its_order(queue: Locator) -> None:
    expect(queue.locator("[data-task] a")).to_have_text(NAMES)


def test_the_order_is_changed_by_buttons_and_by_keys(queue: Locator, waiting: list[str]) -> None:
    first, second, third = waiting
    links = queue.locator("[data-task] a")
    queue.get_by_role("button", name=f"Move {NAMES[2]} to the front").click()
    expect(links).to_have_text([NAMES[2], NAMES[0], NAMES[1]])
    assert waiting_in(QUEUE) == [third, first, second]
    links.filter(has_text=NAMES[2]).press("Alt+ArrowDown")
    expect(links).to_have_text([NAMES[0], NAMES[2], NAMES[1]])
    assert waiting_in(QUEUE) == [first, third, second]


def test_a_row_is_dragged_to_its_place(queue: Locator, waiting: list[str]) -> None:
    first, second, third = waiting
    rows = queue.locator("[data-task]")
    rows.nth(0).drag_to(rows.nth(2), target_position={"x": 200, "y": 30})
    expect(queue.locator("[data-task] a")).to_have_text([NAMES[1], NAMES[2], NAMES[0]])
    assert waiting_in(QUEUE) == [second, third, first]


def test_one_is_taken_out_and_gets_its_status_back(queue: Locator, page: Page, waiting: list[str]) -> None:
    queue.get_by_role("button", name=f"Take {NAMES[1]} out").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    expect(queue.locator("[data-task] a")).to_have_text([NAMES[0], NAMES[2]])
    assert waiting_in(QUEUE) == [waiting[0], waiting[2]]
    assert str(api_client().tasks.get_by_id(task=waiting[1]).status) == "created"


def test_what_comes_into_a_queue_appears_by_itself(queue: Locator, content: Content) -> None:
    more = fill_queue(QUEUE, content.run, ["comes later"])
    expect(queue.locator("[data-task] a")).to_have_text([*NAMES, "comes later"])
    api_client().tasks.delete_many(ids=more, force=True)


def test_the_agent_and_the_pools_workers_are_there(page: Page, content: Content, running_stack) -> None:
    page.goto("/workers")
    expect(page.locator("#workers")).to_contain_text(worker_name(running_stack.settings.queue))
    pool = page.locator("#pool tbody tr")
    expect(pool).to_have_count(running_stack.settings.n_jobs)
    expect(pool.first).to_contain_text("MB")

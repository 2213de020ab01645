"""Experiments beside each other: chosen in the table, kept in the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, asked, await_chart
from tests.browser.content import Content

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def comparison(page: Page, content: Content) -> Page:
    """All finished experiments of the content."""
    page.goto(f"/compare?ids={','.join(content.comparable)}")
    return page


def test_what_is_chosen_in_the_table_is_compared(page: Page, content: Content, open_page: OpenPage) -> None:
    page.goto(f"/projects/{content.project}/experiments")
    for task_id in (content.run, content.told_again[0]):
        page.locator(f'tr[data-key="{task_id}"]').get_by_role("checkbox").check()
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile("/compare"))
    assert set(asked(page)["ids"][0].split(",")) == {content.run, content.told_again[0]}
    colleague = open_page(page.url)
    compared = colleague.get_by_role("list", name="Experiments that are compared").get_by_role("listitem")
    expect(compared).to_have_count(2)


def test_scalars_and_fronts_of_all_lie_in_one_chart(comparison: Page, content: Content) -> None:
    for chart in (
        comparison.locator('[data-chart=scalar][data-title=Search][data-series="best accuracy"]'),
        comparison.locator("[data-chart=front]").first,
    ):
        await_chart(chart)
        expect(chart.locator(".scatterlayer .trace")).to_have_count(len(content.comparable))


def test_parallel_coordinates_lead_from_settings_to_scores(comparison: Page, content: Content) -> None:
    chart = comparison.locator("[data-chart=parallel]")
    await_chart(chart)
    expect(chart).to_contain_text("seed")
    expect(chart).to_contain_text("accuracy")
    expect(chart.locator(".scatterlayer .trace")).to_have_count(len(content.comparable))


def test_hyperparameters_that_differ_are_marked_and_can_stand_alone(comparison: Page) -> None:
    different = comparison.locator("tr.differs")
    expect(different.filter(has_text="seed")).to_be_visible()
    same = comparison.locator("tr.same").filter(has_text="target_column")
    expect(same).to_be_visible()
    comparison.get_by_label("only differences").check()
    expect(same).to_be_hidden()
    expect(different.filter(has_text="seed")).to_be_visible()
    expect(comparison).to_have_url(re.compile("only=differences"))


def test_holdout_scores_come_with_their_uncertainty_and_leaderboards_beside_each_other(
    comparison: Page, content: Content
) -> None:
    holdout = comparison.get_by_role("region", name="Hold-out scores").get_by_role("row")
    expect(holdout).to_have_count(1 + len(content.comparable))
    expect(holdout.nth(1)).to_contain_text(re.compile(r"0\.\d+ to [01](\.\d+)?"))
    boards = comparison.get_by_role("region", name="Leaderboards").get_by_role("table")
    expect(boards).to_have_count(len(content.comparable))


def test_one_is_taken_out_and_put_back_by_name(comparison: Page, content: Content) -> None:
    compared = comparison.get_by_role("list", name="Experiments that are compared")
    comparison.get_by_role("link", name="Take penguins, told again 1 out").click()
    expect(compared).not_to_contain_text("told again 1")
    assert content.told_again[0] not in asked(comparison)["ids"][0]
    comparison.get_by_label("Experiment to add").fill("told again 1")
    comparison.get_by_role("button", name="Add").click()
    expect(comparison).to_have_url(re.compile(content.told_again[0]))
    expect(compared).to_contain_text("told again 1")

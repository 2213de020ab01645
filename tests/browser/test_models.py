"""The registry: names with their versions, and one model with where it comes from."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from pipelines.launching import api_client
from tests.browser.content import Content

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def registry(page: Page, content: Content) -> Page:
    """The registry."""
    page.goto("/models?search=looked")
    return page


@pytest.fixture
def draft(content: Content) -> str:
    """A second version, not yet published."""
    client = api_client()
    published = client.models.get_by_id(model=content.model)
    made = client.models.create(
        name=published.name, uri=published.uri, task=content.told_again[0], project=content.project, ready=False,
        tags=["tpot", "challenger"],
    ).id  # fmt: skip
    yield made
    client.models.delete(model=made, force=True)


def test_a_name_has_its_versions_with_their_scores(draft: str, registry: Page, content: Content) -> None:
    versions = registry.get_by_role("region", name="Looked at/penguins").locator("tbody tr")
    expect(versions).to_have_count(2)
    published = registry.locator(f'tr[data-key="{content.model}"]')
    expect(published).to_contain_text("challenger")
    expect(published).to_contain_text("published")
    expect(published).to_contain_text(re.compile(r"accuracy\s*[01](\.\d+)?"))
    expect(published.get_by_role("link", name="penguins, a real run")).to_be_visible()


def test_a_model_leads_to_its_experiment_and_its_file(registry: Page, content: Content) -> None:
    registry.get_by_role("heading", name="Looked at/penguins").get_by_role("link").click()
    expect(registry).to_have_url(re.compile(f"/models/{content.model}$"))
    with registry.expect_download() as download:
        registry.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename == "model.joblib"
    assert download.value.path().stat().st_size > 1000
    registry.get_by_role("region", name="Where it comes from").get_by_role("link", name="a real run").click()
    expect(registry.get_by_role("heading", level=1)).to_contain_text("penguins, a real run")


def test_a_draft_is_published_and_made_champion(page: Page, draft: str) -> None:
    page.goto(f"/models/{draft}")
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("published")
    page.get_by_label("New tag").fill("champion")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("champion")
    model = api_client().models.get_by_id(model=draft)
    assert model.ready
    assert "champion" in model.tags

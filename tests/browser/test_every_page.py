"""What holds of every page, wide and light as well as narrow and dark: no fault, no hindrance, nothing cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.browser.accessibility import grave_faults
from tests.browser.conftest import NARROW, PATIENCE, OpenPage, await_charts, lightness_of_ground
from tests.browser.content import Content

pytestmark = pytest.mark.end_to_end

EXPERIMENT = "/projects/{project}/experiments/{run}"
PAGES = {
    "all experiments": "/",
    "experiments of a project": "/projects/{project}/experiments?columns=name,status,best,param:Search/seed",
    "no experiment": "/?q=there+is+no+such+experiment",
    "an experiment": EXPERIMENT,
    "its scalars": f"{EXPERIMENT}/info-output/metrics/scalar",
    "its plots": f"{EXPERIMENT}/info-output/metrics/plots",
    "its configuration": f"{EXPERIMENT}/hyper-params/hyper-param/Search",
    "its artifacts": f"{EXPERIMENT}/artifacts/output-model",
    "its console": f"{EXPERIMENT}/output/log",
    "its origin": f"{EXPERIMENT}/execution",
    "a comparison": "/compare?ids={comparable}",
    "an empty comparison": "/compare",
    "models": "/models",
    "a model": "/models/{model}",
    "queues and workers": "/queues",
    "a new experiment": "/new",
    "log in": "/login",
    "a page that there is not": "/no/such/page",
}
PULSE = 50  # milliseconds between two looks
#: what sticks out of the page at its right, and does not lie in a box that scrolls by itself
STICKING_OUT = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
        .filter((element) => element.getBoundingClientRect().right > width + 1)
        .map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(open_page: OpenPage, usual_browser: BrowserContext, content: Content, name: str) -> None:
    is_there = name != "a page that there is not"
    page = open_page(context=usual_browser, forgiven=None if is_there else "status of 404")
    comparable = ",".join(content.comparable)
    address = PAGES[name].format(project=content.project, run=content.run, model=content.model, comparable=comparable)
    page.emulate_media(color_scheme="light")
    answer = page.goto(address)
    assert isinstance(answer, Response)
    assert answer.status == (200 if is_there else 404)
    await_charts(page)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert sticking_out(page) == []
    assert grave_faults(page) == []
    assert lightness_of_ground(page) > 200

    page.set_viewport_size(NARROW)
    page.emulate_media(color_scheme="dark")
    assert sticking_out(page) == []
    assert grave_faults(page) == []
    assert lightness_of_ground(page) < 60


def sticking_out(page: Page) -> list[str]:
    """What sticks out at the right, once the page has had the time to arrange itself."""
    found: list[str] = page.evaluate(STICKING_OUT)
    for _ in range(PATIENCE // PULSE):
        if not found:
            break
        page.wait_for_timeout(PULSE)
        found = page.evaluate(STICKING_OUT)
    return found

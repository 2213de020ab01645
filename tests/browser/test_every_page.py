"""What holds of every page, wide and light as well as narrow and dark: no fault, no hindrance, nothing cut off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Response, expect

from tests.browser.accessibility import grave_faults
from tests.browser.conftest import NARROW, WIDE, OpenContext, OpenPage, await_charts, lightness_of_ground
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
LOOKS: dict[str, dict[str, Any]] = {
    "wide and light": {"viewport": WIDE, "color_scheme": "light"},
    "narrow and dark": {"viewport": NARROW, "color_scheme": "dark", "has_touch": True},
}

#: what sticks out of the page at its right, and does not lie in a box that scrolls by itself
STICKING_OUT = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
        .filter((element) => element.getBoundingClientRect().right > width + 1)
        .map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def contexts(open_context: OpenContext) -> Iterator[dict[str, BrowserContext]]:
    """A browser a look, in which plotly is loaded once."""
    contexts = {look: open_context(**options) for look, options in LOOKS.items()}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(
    open_page: OpenPage, contexts: dict[str, BrowserContext], content: Content, name: str, look: str
) -> None:
    is_there = name != "a page that there is not"
    page = open_page(context=contexts[look], forgiven=None if is_there else "status of 404")
    comparable = ",".join(content.comparable)
    address = PAGES[name].format(project=content.project, run=content.run, model=content.model, comparable=comparable)
    answer = page.goto(address)
    assert isinstance(answer, Response)
    assert answer.status == (200 if is_there else 404)
    await_charts(page)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert page.evaluate(STICKING_OUT) == []
    assert grave_faults(page) == []
    assert (lightness_of_ground(page) < 60) is (LOOKS[look]["color_scheme"] == "dark")

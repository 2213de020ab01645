"""Accessibility faults of a page, found by axe."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
#: the inside of a chart is plotly's, has thousands of elements, and is told by the label of its figure
CONTEXT = {"exclude": [[".svg-container"]]}


def grave_faults(page: Page) -> list[str]:
    """A line a grave fault of the page as it stands: which rule, where, and why."""
    violations = Axe().run(page, CONTEXT).response["violations"]
    return [
        f"{violation['id']} at {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]

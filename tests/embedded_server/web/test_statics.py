"""Style sheets and scripts, at addresses that change with their content."""

from __future__ import annotations

import re

import requests

from embedded_server.web import statics
from tests.embedded_server.web.conftest import Site


def test_browsers_may_keep_a_file_for_ever(site: Site) -> None:
    for name, kind in (
        ("style.css", "text/css"),
        ("charts.js", "text/javascript"),
        ("plotly.min.js", "text/javascript"),
    ):
        answer = requests.get(site.web + statics.address(name), timeout=20)  # whoever asks
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert "immutable" in answer.headers["Cache-Control"]


def test_under_an_older_address_the_present_file_is_not_kept(site: Site) -> None:
    answer = requests.get(f"{site.web}/static/0123456789ab/style.css", timeout=20)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_nothing_else_is_served(site: Site) -> None:
    for name in ("nothing.css", "..%2Fpage.py", ".hidden", "%2e%2e/page.py", "plotly%2Eextra"):
        assert requests.get(f"{site.web}/static/x/{name}", timeout=20).status_code in (401, 404)


def test_scripts_import_only_what_there_is() -> None:
    for script in statics.FOLDER.glob("*.js"):
        for name in re.findall(r"""(?:from|import\(|import) ?"\./([^"]+)\"""", script.read_text(encoding="utf-8")):
            assert statics.find(name), f"{script.name} imports {name}"


def test_pages_ask_only_for_what_there_is() -> None:
    for page in (statics.FOLDER.parent / "pages").glob("*.html"):
        for name in re.findall(r"static\('([^']+)'\)", page.read_text(encoding="utf-8")):
            assert statics.find(name), f"{page.name} asks for {name}"

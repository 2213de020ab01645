"""Getting in and out of the pages."""

from __future__ import annotations

import pytest
import requests

from embedded_server.web.session import LARGEST_FORM, local
from tests.embedded_server.web.conftest import SAME_ORIGIN, Site


def link(site: Site) -> str:
    """A fresh login link."""
    return str(requests.post(f"{site.web}/login-link", auth=site.key_pair, timeout=20).json()["link"])


def log_in(site: Site, access_key: str, secret_key: str, **more: str) -> requests.Response:
    form = {"access_key": access_key, "secret_key": secret_key, **more}
    return requests.post(
        f"{site.web}/login", data=form, headers=SAME_ORIGIN, allow_redirects=False, timeout=20
    )  # fmt: skip


def test_without_a_login_nothing_is_shown(site: Site) -> None:
    task = site.experiment("a secret search")
    for path in (
        "/",
        "/index.json",
        f"/tasks/{task}",
        f"/tasks/{task}.json",
        f"/tasks/{task}/curves",
        "/settings",
        "/files/x",
    ):
        answer = requests.get(site.web + path, timeout=20)
        assert answer.status_code == 401, path
        assert "a secret search" not in answer.text


def test_a_link_works_once(site: Site) -> None:
    address = link(site)
    first = requests.get(address, allow_redirects=False, timeout=20)
    assert (first.status_code, first.headers["Location"]) == (303, "/")
    assert "clearml_token" not in str(requests.get(address, timeout=20).cookies)


def test_a_link_needs_the_key_pair(site: Site) -> None:
    assert requests.post(f"{site.web}/login-link", headers=SAME_ORIGIN, timeout=20).status_code == 401
    assert site.browser.post(f"{site.web}/login-link", timeout=20).status_code == 401  # a cookie is not enough


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    cookie = requests.get(link(site), allow_redirects=False, timeout=20).headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_key_pair_leads_where_the_person_wanted_to_go(site: Site) -> None:
    form = requests.get(f"{site.web}/models?search=x", timeout=20)
    assert form.status_code == 401
    assert 'value="/models?search=x"' in form.text
    answer = log_in(site, *site.key_pair, next="/models?search=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/models?search=x")
    assert requests.get(f"{site.web}/", cookies=answer.cookies, timeout=20).status_code == 200


def test_a_wrong_key_pair_is_refused_beside_the_form(site: Site) -> None:
    for pair in ((site.key_pair[0], "wrong"), ("", ""), ("a:b", "c"), ("\x00", "é")):
        answer = log_in(site, *pair)
        assert answer.status_code == 401
        assert "not known" in answer.text
        assert not answer.cookies


def test_a_form_that_is_too_long_is_refused(site: Site) -> None:
    assert log_in(site, "x" * LARGEST_FORM, "y").status_code == 413


def test_logging_out_takes_the_cookie_back(site: Site) -> None:
    browser = requests.Session()
    browser.get(link(site), timeout=20)
    assert browser.get(f"{site.web}/", timeout=20).status_code == 200
    browser.post(f"{site.web}/logout", headers=SAME_ORIGIN, timeout=20)
    assert browser.get(f"{site.web}/", timeout=20).status_code == 401
    browser.close()


def test_a_link_on_another_page_still_leads_in(site: Site) -> None:
    # The browser keeps a strict cookie back then; our page loads itself again, and then the browser sends it.
    answer = requests.get(f"{site.web}/compare?ids=a,b", headers={"Sec-Fetch-Site": "cross-site"}, timeout=20)
    assert answer.status_code == 401
    assert 'http-equiv="refresh"' in answer.text


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "", "/login", "/a\nb", "javascript:x"],
)
def test_after_the_login_nobody_is_sent_elsewhere(elsewhere: str) -> None:
    assert local(elsewhere) == "/"
    assert local("/projects/*/experiments?q=a%20b") == "/projects/*/experiments?q=a%20b"

"""A model's card on its page: shown whole, and kept from everything around it."""

from __future__ import annotations

import pytest

from tests.embedded_server.web.conftest import Site

EVIL = b"<!doctype html><script>top.location = 'http://elsewhere.example'</script><h1>Model card</h1>"


def stored(site: Site, path: str, content: bytes) -> str:
    """A file of the file store; its address as an SDK on another machine would have written it."""
    with site.store.files.incoming() as incoming:
        incoming.open(path)
        incoming.write(content)
        incoming.keep()
    return f"http://files.example:8081/{path}"


def with_cards(site: Site, **cards: str) -> str:
    """A task with artifacts: name -> address."""
    task = site.experiment()
    artifacts = [{"key": key, "type": "custom", "uri": uri} for key, uri in cards.items()]
    site.ok("tasks.add_or_update_artifacts", task=task, artifacts=artifacts)
    return task


def seen(site: Site, model: str):
    return site.twin(f"/models/{model}.json")["model"]["card"]


@pytest.fixture(scope="module")
def task(site: Site) -> str:
    place = site.unique("cards")
    return with_cards(
        site,
        **{
            "model_card.html": stored(site, f"{place}/model_card.html", EVIL),
            "model_card.md": stored(site, f"{place}/model_card.md", b"# Model card"),
            "model_card_ensemble.html": stored(site, f"{place}/e/model_card_ensemble.html", b"of the ensemble"),
        },
    )


@pytest.fixture
def model(site: Site, task: str) -> str:
    return site.model(task=task)


def test_the_page_of_a_model_frames_its_card_and_offers_both_files(site: Site, model: str) -> None:
    found = seen(site, model)
    assert found["page"] == f"/models/{model}/card"
    assert found["html"].endswith("/model_card.html")
    assert found["markdown"].endswith("/model_card.md")
    text = site.page(f"/models/{model}")
    (frame,) = [line for line in text.splitlines() if "<iframe" in line]
    assert f'src="/models/{model}/card"' in frame
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert 'href="#card"' in text
    assert site.browser.get(site.web + found["markdown"], timeout=20).content == b"# Model card"


def test_nothing_in_a_card_runs_loads_or_reaches_the_page_around_it(site: Site, model: str) -> None:
    answer = site.browser.get(f"{site.web}/models/{model}/card", timeout=20)
    assert answer.content == EVIL
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    rules = dict(rule.strip().partition(" ")[::2] for rule in answer.headers["Content-Security-Policy"].split(";"))
    assert rules["default-src"] == "'none'"
    assert "script-src" not in rules
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]
    assert rules["frame-ancestors"] == "'self'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_only_a_card_lets_itself_be_framed(site: Site, model: str) -> None:
    policy = site.browser.get(f"{site.web}/models/{model}", timeout=20).headers["Content-Security-Policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_card_is_for_those_who_are_logged_in(site: Site, model: str) -> None:
    import requests

    assert requests.get(f"{site.web}/models/{model}/card", timeout=20).status_code == 401


def test_an_ensemble_has_a_card_of_its_own(site: Site, task: str) -> None:
    ensemble = site.model(task=task, tags=["tpot", "ensemble"])
    assert seen(site, ensemble)["html"].endswith("/e/model_card_ensemble.html")
    assert site.page(f"/models/{ensemble}/card") == "of the ensemble"


def test_both_scores_stand_beside_each_other_with_intervals_and_the_optimism(site: Site) -> None:
    task = site.experiment()
    for name, value in (("cv r2 low", 0.61), ("cv r2 high", 0.83), ("optimism r2", 0.0432)):
        site.report_value(task, name, value)
    scores = {"metric": "r2", "cv_score": 0.72, "holdout_score": 0.6875, "holdout_low": 0.5125, "holdout_high": 0.7625}
    metadata = [{"key": key, "type": "str", "value": str(value)} for key, value in scores.items()]
    model = site.model(task=task, metadata=metadata)
    found = site.twin(f"/models/{model}.json")["model"]
    assert (found["cv_interval"], found["holdout_interval"], found["optimism"]) == (
        [0.61, 0.83], [0.5125, 0.7625], 0.0432,
    )  # fmt: skip
    text = site.page(f"/models/{model}")
    assert "0.5125 to 0.7625" in text
    assert "0.0432" in text
    ensemble = site.model(task=task, metadata=metadata, tags=["ensemble"])
    assert site.twin(f"/models/{ensemble}.json")["model"]["optimism"] is None  # the experiment's is not about it


@pytest.mark.parametrize(
    "uri", ["s3://bucket/model_card.html", "file:///etc/passwd", "javascript:alert(1)", "http://[bad", "http://x/no"]
)
def test_a_card_that_is_not_in_the_file_store_is_none(site: Site, uri: str) -> None:
    model = site.model(task=with_cards(site, **{"model_card.html": uri}))
    assert seen(site, model) is None
    assert "<iframe" not in site.page(f"/models/{model}")
    assert site.browser.get(f"{site.web}/models/{model}/card", timeout=20).status_code == 404


def test_without_a_card_an_experiment_or_a_model_there_is_none(site: Site) -> None:
    for model in (site.model(), site.model(task=site.experiment())):
        assert seen(site, model) is None
        assert site.browser.get(f"{site.web}/models/{model}/card", timeout=20).status_code == 404
    assert site.browser.get(f"{site.web}/models/{'0' * 32}/card", timeout=20).status_code == 404

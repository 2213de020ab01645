"""The registry by name, and one model."""

from __future__ import annotations

import json

import pytest


def entries(**values):
    return [{"key": key, "type": "str", "value": str(value)} for key, value in values.items()]


@pytest.fixture
def name(site):
    return site.unique("AutoML/table")


def listed(site, search):
    return site.twin(f"/models.json?search={search}")["models"]


def seen(site, model):
    return site.twin(f"/models/{model}.json")["model"]


def test_a_name_has_its_versions_the_newest_first(site, name):
    models = [site.model(name=name) for _ in range(3)]
    (found,) = listed(site, name)
    assert [version["id"] for version in found["versions"]] == models[::-1]
    assert [version["version"] for version in found["versions"]] == [3, 2, 1]


def test_the_champion_leads_to_its_page_and_challengers_are_counted(site, name):
    champion = site.model(name=name, tags=["champion"])
    for _ in range(2):
        site.model(name=name, tags=["challenger"])
    (found,) = listed(site, name)
    assert (found["champion"], found["current"], found["challengers"]) == (champion, champion, 2)
    text = site.page(f"/models?search={name}")
    assert text.count('class="role champion"') == 2  # of the name and of the version
    assert text.count('class="role challenger"') == 2


def test_of_two_champions_the_later_promotion_counts(site, name):
    later = site.model(name=name, tags=["champion"], metadata=entries(promotion=10))
    site.model(name=name, tags=["champion"], metadata=entries(promotion=9))
    assert listed(site, name)[0]["champion"] == later


def test_without_a_champion_the_newest_published_version_counts(site, name):
    published = site.model(name=name, ready=True)
    draft = site.model(name=name)
    (found,) = listed(site, name)
    assert (found["champion"], found["current"]) == (None, published)
    assert found["versions"][0]["id"] == draft


def test_metrics_come_from_the_metadata(site, name):
    site.model(name=name, metadata=entries(metric="accuracy", cv_score=0.75, holdout_score=0.8125, rows="many"))
    (version,) = listed(site, name)[0]["versions"]
    assert (version["metric"], version["cv_score"], version["holdout_score"]) == ("accuracy", 0.75, 0.8125)
    assert version["rows"] is None  # which is no number
    assert "0.8125" in site.page(f"/models?search={name}")


@pytest.mark.parametrize("words", ["ScikitThing", "a-tag", "table a-tag", "SCIKIT"])
def test_words_find_names_tags_and_frameworks(site, name, words):
    site.model(name=name, tags=["a-tag"], framework="ScikitThing")
    assert name in [found["name"] for found in listed(site, words)]
    assert listed(site, f"{words} nowhere") == []


def test_archived_models_are_not_listed_but_have_their_page(site, name):
    model = site.model(name=name)
    site.ok("models.archive_many", ids=[model])
    assert listed(site, name) == []
    assert seen(site, model)["archived"]


def test_a_model_leads_to_the_experiment_that_made_it(site, name):
    origin = site.experiment("the origin")
    task = site.ok("tasks.clone", task=origin, new_task_name="the experiment")["id"]
    parameter = {"section": "Data", "name": "data", "value": "penguins"}
    site.ok("tasks.edit_hyper_params", task=task, hyperparams=[parameter])
    project = site.project()
    site.ok("tasks.move", ids=[task], project=project)
    made_by = seen(site, site.model(name=name, task=task))["made_by"]
    assert made_by["link"] == f"/projects/{project}/experiments/{task}"
    assert (made_by["name"], made_by["table"]) == ("the experiment", "penguins")


def test_a_model_leads_to_the_experiments_that_use_it(site, name):
    model, user = site.model(name=name), site.experiment("the user")
    site.ok("tasks.add_or_update_model", task=user, type="input", name="base", model=model)
    assert [one["id"] for one in seen(site, model)["used_by"]] == [user]


def test_the_page_of_a_model_shows_what_it_wants(site, name):
    columns = [{"name": "age", "kind": "numeric", "minimum": 3.0}, {"name": "sex", "kind": "categorical"}]
    model = site.model(name=name, metadata=entries(input_schema=json.dumps({"columns": columns}), sha256="abc"))
    found = seen(site, model)
    assert found["input_schema"] == {"age": "kind: numeric, minimum: 3.0", "sex": "kind: categorical"}
    assert found["metadata"] == {"sha256": "abc"}


@pytest.mark.parametrize("text", ["", "no JSON", "[1, 2]", '{"columns": 3}', '{"columns": [4, {"kind": "x"}]}'])
def test_a_schema_that_is_none_breaks_nothing(site, name, text):
    assert site.page(f"/models/{site.model(name=name, metadata=entries(input_schema=text))}")


def test_links_of_the_sdk_open_the_model(site, name):
    model = site.model(name=name)
    for path in (f"/projects/*/models/{model}", f"/projects/*/models/{model}/general"):
        assert name in site.page(path)
    assert site.twin(f"/projects/*/models/{model}/general.json")["model"]["id"] == model


def test_a_model_that_is_not_there_is_404(site):
    for path in (f"/models/{site.unknown}", f"/models/{site.unknown}.json"):
        assert site.browser.get(site.web + path).status_code == 404


def test_a_stored_file_is_downloaded_here_and_no_other_scheme_is_followed(site, name):
    site.folder.joinpath("files", "content", name).mkdir(parents=True)
    site.folder.joinpath("files", "content", name, "model.joblib").write_bytes(b"weights")
    stored = site.model(name=name, uri=f"http://files.example:8081/{name}/model.joblib")
    link = seen(site, stored)["download"]
    answer = site.browser.get(site.web + link)
    assert answer.content == b"weights"
    assert 'filename="model.joblib"' in answer.headers["Content-Disposition"]
    assert seen(site, site.model(name=name, uri="javascript:alert(1)"))["download"] is None


def test_publishing_leaves_the_experiment_alone(site, name):
    task = site.experiment()
    model = site.model(name=name, task=task)
    assert site.post(f"/models/{model}/publish").status_code == 200
    assert site.get_model(model)["ready"]
    assert site.get_task(task)["status"] == "in_progress"
    refused = site.post(f"/models/{model}/publish")
    assert (refused.status_code, "ready already" in refused.json()["error"]) == (400, True)


def test_tags_are_added_and_taken_off(site, name):
    model = site.model(name=name, tags=["a", "b"])
    assert site.post(f"/models/{model}/tags", add=[" champion "], remove=["a"]).status_code == 200
    assert site.get_model(model)["tags"] == ["b", "champion"]
    for body in ({"add": "x"}, {"add": [""]}, {"remove": [3]}):
        assert site.post(f"/models/{model}/tags", **body).status_code == 400
    assert site.post(f"/models/{site.unknown}/tags", add=["a"]).status_code == 404


def test_another_site_cannot_change_a_model(site, name):
    model = site.model(name=name)
    answer = site.browser.post(f"{site.web}/models/{model}/publish", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert not site.get_model(model)["ready"]

"""What a person does by a button: the API's own actions, so that no rule is written twice."""

from __future__ import annotations

from typing import Any

import pytest

from embedded_server import schemas, services
from embedded_server.calls import ACTIONS
from embedded_server.web.actions import VERBS
from tests.embedded_server.web.conftest import Site


def act(site: Site, action: str, *ids: str, **more: Any) -> dict[str, Any]:
    answer = site.post("/actions", action=action, ids=list(ids), **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_verb_is_an_action_of_the_api() -> None:
    services.load()
    assert {verb.endpoint for verb in VERBS.values()} <= set(ACTIONS)
    assert all(schemas.is_known(verb.endpoint) for verb in VERBS.values())


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("abort", "in_progress", "stopped"),
        ("reset", "completed", "created"),
        ("publish", "completed", "published"),
    ],
)
def test_an_experiment_changes_its_status(site: Site, action: str, before: str, after: str) -> None:
    task = site.task(before)
    assert act(site, action, task) == {"done": [task], "refused": []}
    assert site.get_task(task)["status"] == after


def test_several_are_put_into_a_queue_and_taken_out_again(site: Site) -> None:
    queue, tasks = site.queue(), [site.task(), site.task()]
    assert {"id": queue, "name": site.ok("queues.get_by_id", queue=queue)["queue"]["name"]} in site.twin(
        "/actions/queues"
    )["queues"]
    act(site, "enqueue", *tasks, queue=queue)
    assert site.waiting(queue) == tasks
    act(site, "dequeue", *tasks)
    assert site.waiting(queue) == []


def test_archived_and_brought_back(site: Site) -> None:
    task = site.task()
    act(site, "archive", task)
    assert site.get_task(task)["system_tags"] == ["archived"]
    act(site, "unarchive", task)
    assert site.get_task(task)["system_tags"] == []


def test_what_is_refused_for_one_does_not_stop_the_others(site: Site) -> None:
    done, refused = site.task("completed"), site.task("created")
    answer = act(site, "publish", done, refused)
    assert answer["done"] == [done]
    assert answer["refused"][0]["id"] == refused
    assert "status" in answer["refused"][0]["reason"]


def test_a_finished_experiment_is_deleted(site: Site) -> None:
    task = site.task("completed")
    assert act(site, "delete", task)["done"] == [task]
    assert site.browser.get(f"{site.web}/tasks/{task}").status_code == 404


def test_a_clone_is_a_draft_of_the_same_definition(site: Site) -> None:
    task = site.experiment("the original", Search={"seed": "7"})
    (copy,) = act(site, "clone", task)["done"]
    found = site.get_task(copy)
    assert (found["name"], found["status"], found["parent"]) == ("the original again", "created", task)
    assert found["hyperparams"]["Search"]["seed"]["value"] == "7"


def test_a_clone_is_edited_and_enqueued_in_one_go(site: Site) -> None:
    task, queue = site.experiment("the original", Search={"seed": "7"}), site.queue()
    hyperparams = {"Search": {"seed": {"section": "Search", "name": "seed", "value": "8", "type": ""}}}
    (copy,) = act(site, "clone", task, name="with another seed", hyperparams=hyperparams, queue=queue)["done"]
    found = site.get_task(copy)
    assert (found["name"], found["status"]) == ("with another seed", "queued")
    assert found["hyperparams"]["Search"]["seed"]["value"] == "8"
    assert site.get_task(task)["hyperparams"]["Search"]["seed"]["value"] == "7"


def test_of_a_clone_that_cannot_be_enqueued_nothing_is_left(site: Site) -> None:
    task, name = site.experiment(), site.unique("never")
    answer = site.post("/actions", action="clone", ids=[task], name=name, queue=site.unknown)
    assert answer.status_code == 400
    assert "queue" in answer.json()["error"]
    assert site.ids("tasks", name=name) == []


def test_a_draft_is_configured_and_enqueued_in_one_go(site: Site) -> None:
    task, queue = site.task(), site.queue()
    hyperparams = {"Search": {"seed": {"section": "Search", "name": "seed", "value": "8", "type": ""}}}
    configuration = {"space": {"name": "space", "value": "{}", "type": ""}}
    act(site, "configure", task, hyperparams=hyperparams, configuration=configuration)
    assert site.get_task(task)["status"] == "created"
    act(site, "configure", task, hyperparams=hyperparams, queue=queue)
    found = site.get_task(task)
    assert (found["hyperparams"]["Search"]["seed"]["value"], found["configuration"]["space"]["value"]) == ("8", "{}")
    assert site.waiting(queue) == [task]


def test_what_has_run_keeps_its_configuration(site: Site) -> None:
    task = site.task("completed")
    assert site.post("/actions", action="configure", ids=[task], hyperparams={}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "explode", "ids": ["x"]},
        {"action": "abort"},
        {"action": "abort", "ids": []},
        {"action": "abort", "ids": "x"},
        {"action": "abort", "ids": [1]},
        {"action": ["abort"], "ids": ["x"]},
        {"action": "enqueue", "ids": ["x"], "queue": 3},
        {"action": "clone", "ids": ["nothing"]},
        {"action": "clone", "ids": ["nothing"], "hyperparams": "x"},
    ],
)
def test_nonsense_is_refused_in_words(site: Site, body: dict[str, Any]) -> None:
    answer = site.post("/actions", **body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_what_is_no_json_object_is_refused(site: Site) -> None:
    for content, status in (
        ("{", 400),
        ("[]", 400),
        ("", 400),
        ("[" * 100_000, 400),
        ('"' + "x" * (5 << 20) + '"', 413),
    ):
        assert site.browser.post(f"{site.web}/actions", data=content, timeout=20).status_code == status

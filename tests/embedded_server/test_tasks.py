"""Tasks: made, edited, moved from state to state, cloned, reset, deleted."""

from __future__ import annotations

import json

import pytest

STATUSES = ("created", "queued", "in_progress", "stopped", "closed", "failed", "completed", "published")


def param(section, name, value, **more):
    return {"section": section, "name": name, "value": value, **more}


def artifact(key, **more):
    return {"key": key, "type": "dict", "uri": f"https://storage.example/{key}", **more}


def test_creation_checks_what_it_names(api):
    assert api.refusal("tasks.create", name="ab", type="training") == (400, 800)
    assert api.refusal("tasks.create", name="some", type="training", project=api.unknown) == (400, 16)
    assert api.refusal("tasks.create", name="some", type="training", parent=api.unknown) == (400, 101)
    assert api.ok("tasks.validate", name="some", type="training") == {}


def test_tags_are_stored_sorted_and_once(api):
    assert api.get_task(api.task(tags=["b", "a", "b"]))["tags"] == ["a", "b"]


def test_old_parameters_become_hyperparameters(api):
    task = api.get_task(api.task(execution={"parameters": {"lr": 0.1, "TF_DEFINE/steps": "5"}}))
    assert task["hyperparams"] == {
        "Args": {"lr": param("Args", "lr", "0.1", type="legacy")},
        "TF_DEFINE": {"steps": param("TF_DEFINE", "steps", "5", type="legacy")},
    }
    assert task["execution"]["parameters"] == {}


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "created"])
def test_edit_needs_force_once_the_task_is_not_new(api, status):
    task = api.task(status)
    assert api.refusal("tasks.edit", task=task, comment="c") == (400, 110)
    assert api.ok("tasks.edit", task=task, comment="c", type="of my own", force=True)["updated"] == 1
    assert api.call("tasks.get_by_id", task=task)["data"]["task"]["type"] == "of my own"  # which the SDK does not know


def test_edit_replaces_whole_sections(api):
    task = api.task(runtime={"a": "1"}, hyperparams={"A": {"x": param("A", "x", "1")}}, script={"branch": "b"})
    api.ok("tasks.edit", task=task, hyperparams={"B": {"y": param("B", "y", "2")}}, runtime={}, script={"tag": "t"})
    got = api.get_task(task)
    assert (got["runtime"], sorted(got["hyperparams"]), got["script"]) == ({}, ["B"], {"tag": "t"})


def test_editing_the_execution_keeps_artifacts_that_others_added(api):
    task = api.task()
    api.ok("tasks.add_or_update_artifacts", task=task, artifacts=[artifact("a")])
    api.ok("tasks.edit", task=task, execution={"model_labels": {"cat": 1}})
    execution = api.get_task(task)["execution"]
    assert (len(execution["artifacts"]), execution["model_labels"]) == (1, {"cat": 1})


@pytest.mark.parametrize("status", STATUSES)
def test_hyperparameters_and_configuration_follow_the_status(api, status):
    task = api.task(status)
    params, items = [param("Args", "x", "1")], [{"name": "net", "value": "v"}]
    free = {"created"}
    forced = {"created", "in_progress"}
    for force, possible in ((False, free), (True, forced)):
        for endpoint, request in (
            ("tasks.edit_hyper_params", {"hyperparams": params}),
            ("tasks.delete_hyper_params", {"hyperparams": [{"section": "Args", "name": "x"}]}),
            ("tasks.edit_configuration", {"configuration": items}),
            ("tasks.delete_configuration", {"configuration": ["net"]}),
        ):
            if status in possible:
                api.ok(endpoint, task=task, force=force, **request)
            else:
                assert api.refusal(endpoint, task=task, force=force, **request) == (400, 110)
    api.ok("tasks.edit_hyper_params", task=task, hyperparams=[param("properties", "note", "any time")])
    assert api.get_task(task)["hyperparams"]["properties"]["note"]["value"] == "any time"


def test_hyperparameters_are_deleted_one_by_one_or_by_section(api):
    task = api.task()
    api.ok("tasks.edit_hyper_params", task=task, hyperparams=[param("A", "x", "1"), param("A", "y", "2"),
                                                              param("B", "z", "3")])  # fmt: skip
    api.ok("tasks.delete_hyper_params", task=task, hyperparams=[{"section": "A", "name": "x"}, {"section": "B"}])
    answer = api.ok("tasks.get_hyper_params", tasks=[task])["params"]
    assert answer == [{"task": task, "hyperparams": [param("A", "y", "2")]}]


@pytest.mark.parametrize("status", STATUSES)
def test_artifacts_and_models_come_and_go_only_before_and_during_the_run(api, status):
    task, model = api.task(status), api.model()
    for endpoint, request in (
        ("tasks.add_or_update_artifacts", {"artifacts": [artifact("a")]}),
        ("tasks.delete_artifacts", {"artifacts": [{"key": "a"}]}),
        ("tasks.add_or_update_model", {"name": "net", "type": "output", "model": model}),
        ("tasks.delete_models", {"models": [{"name": "net", "type": "output"}]}),
    ):
        if status in {"created", "in_progress"}:
            api.ok(endpoint, task=task, **request)
        else:
            assert api.refusal(endpoint, task=task, force=True, **request) == (400, 110)


@pytest.mark.parametrize("status", STATUSES)
def test_requirements_can_be_set_in_any_status(api, status):
    task = api.task(status, script={"repository": "r"})
    api.ok("tasks.set_requirements", task=task, requirements={"pip": "numpy"})
    assert api.get_task(task)["script"] == {"repository": "r", "requirements": {"pip": "numpy"}}


def test_a_ping_of_an_unknown_task_is_no_error(api):
    assert api.ok("tasks.ping", task=api.unknown) == {}


def test_closing_is_for_stopped_tasks(api):
    assert api.refusal("tasks.close", task=api.task("in_progress")) == (400, 110)
    task = api.task("stopped")
    assert api.ok("tasks.close", task=task)["fields"]["status"] == "closed"


def test_completed_may_publish_at_once(api):
    task = api.task("in_progress")
    api.ok("tasks.completed", task=task, publish=True)
    assert api.get_task(task)["status"] == "published"


def test_publishing_makes_the_output_models_ready_unless_told_otherwise(api):
    for publish_model, ready in ((None, True), (False, False)):
        task = api.task()
        model = api.model(task=task)
        api.ok("tasks.started", task=task)
        api.ok("tasks.stopped", task=task)
        api.ok("tasks.publish", task=task, publish_model=publish_model)
        assert api.get_model(model)["ready"] is ready


def test_dequeuing_gives_the_status_back_that_the_task_had(api):
    for status in ("created", "stopped", "failed"):
        task, queue = api.task(status), api.queue()
        before = api.get_task(task)
        api.ok("tasks.enqueue", task=task, queue=queue)
        assert api.ok("tasks.dequeue", task=task)["dequeued"] == 1
        after = api.get_task(task)
        assert (after["status"], after.get("completed")) == (status, before.get("completed"))
        assert "queue" not in after["execution"]
        assert api.waiting(queue) == []


def test_dequeuing_what_is_not_queued(api):
    answer = api.ok("tasks.dequeue", task=api.task())
    assert (answer["dequeued"], answer["updated"]) == (1, 0)
    running = api.task("in_progress")
    api.ok("tasks.dequeue", task=running)
    assert api.get_task(running)["status"] == "created"
    assert api.refusal("tasks.dequeue", task=api.task("published")) == (400, 110)


def test_enqueuing_by_a_name_makes_the_queue(api):
    task, name = api.task(), api.unique("queue")
    api.ok("tasks.enqueue", task=task, queue_name=name)
    queue = api.ids("queues", name=f"^{name}$")[0]
    assert api.waiting(queue) == [task]


def test_a_queued_task_moves_to_another_queue(api):
    task, first, second = api.task(), api.queue(), api.queue()
    api.ok("tasks.enqueue", task=task, queue=first)
    assert api.refusal("tasks.enqueue", task=task, queue=first) == (400, 706)
    api.ok("tasks.enqueue", task=task, queue=second)
    assert (api.waiting(first), api.waiting(second)) == ([], [task])
    assert api.get_task(task)["execution"]["queue"] == second


def test_a_queued_task_that_is_stopped_leaves_its_queue(api):
    task, queue = api.task(), api.queue()
    api.ok("tasks.enqueue", task=task, queue=queue)
    api.ok("tasks.stop", task=task)
    assert (api.get_task(task)["status"], api.waiting(queue)) == ("stopped", [])


def test_what_is_done_to_many_is_answered_for_each(api):
    good, bad, queue = api.task(), api.task("published"), api.queue()
    answer = api.ok("tasks.enqueue_many", ids=[good, bad, api.unknown], queue=queue)
    assert [(one["id"], one["queued"]) for one in answer["succeeded"]] == [(good, True)]
    assert {one["id"]: one["error"]["codes"] for one in answer["failed"]} == {bad: [400, 110], api.unknown: [400, 101]}
    assert api.waiting(queue) == [good]
    assert [one["id"] for one in api.ok("tasks.stop_many", ids=[good])["succeeded"]] == [good]
    assert api.ok("tasks.delete_many", ids=[good], force=True)["succeeded"][0]["deleted"] is True
    assert api.refusal("tasks.enqueue_many", ids=[], queue=queue) == (400, 12)


def test_a_clone_takes_overrides(api):
    source, project, parent = api.task(tags=["old"], comment="old"), api.project(), api.task()
    clone = api.ok(
        "tasks.clone", task=source, new_task_name="the clone", new_task_comment="new", new_task_tags=["new"],
        new_task_project=project, new_task_parent=parent, new_task_hyperparams={"A": {"x": param("A", "x", "1")}},
        new_task_container={"image": "i"},
    )["id"]  # fmt: skip
    got = api.get_task(clone)
    assert (got["name"], got["comment"], got["tags"], got["project"], got["parent"], got["container"]) == (
        "the clone", "new", ["new"], project, parent, {"image": "i"},
    )  # fmt: skip
    assert got["hyperparams"]["A"]["x"]["value"] == "1"
    name = api.unique("project")
    answer = api.ok("tasks.clone", task=source, new_project_name=name)
    assert answer["new_project"]["name"] == name


def test_reset_deletes_draft_models_and_refuses_with_a_ready_one(api):
    task = api.task()
    draft, ready = api.model(task=task), api.model(task=task, ready=True)
    assert api.refusal("tasks.reset", task=task) == (400, 123)
    answer = api.ok("tasks.reset", task=task, force=True)
    assert answer["deleted_models"] == 1
    assert api.ids("models", id=[draft, ready]) == [ready]


def test_a_draft_that_another_task_uses_outlives_its_maker(api):
    task = api.task("in_progress")
    used, unused = api.model(task=task), api.model(task=task)
    api.ok("tasks.add_or_update_model", task=api.task(), name="base", type="input", model=used)
    assert api.ok("tasks.delete", task=task, force=True)["deleted_models"] == 1
    assert api.get_model(used)["task"] == f"__DELETED__{task}"
    assert api.refusal("models.get_by_id", model=unused) == (400, 201)


def test_reset_that_clears_all_takes_the_script_and_keeps_the_hyperparameters(api):
    task = api.task(script={"repository": "r"}, hyperparams={"A": {"x": param("A", "x", "1")}},
                    execution={"docker_cmd": "d"})  # fmt: skip
    api.ok("tasks.reset", task=task, clear_all=True)
    got = api.get_task(task)
    assert (got["script"], sorted(got["hyperparams"])) == ({}, ["A"])
    assert "docker_cmd" not in got["execution"]


def test_a_published_task_is_reset_only_by_force(api):
    task = api.task("published")
    assert api.refusal("tasks.reset", task=task) == (400, 110)
    api.ok("tasks.reset", task=task, force=True)
    assert api.get_task(task)["status"] == "created"


def test_deletion_marks_what_named_the_task(api):
    task = api.task()
    child, model = api.task(parent=task), api.model(task=task, ready=True)
    assert api.refusal("tasks.delete", task=task) == (400, 123)
    api.ok("tasks.add_or_update_artifacts", task=task, artifacts=[artifact("out")])
    answer = api.ok("tasks.delete", task=task, force=True, return_file_urls=True)
    assert (answer["deleted"], answer["updated_children"], answer["updated_models"]) == (True, 1, 1)
    assert answer["urls"]["artifact_urls"] == ["https://storage.example/out"]
    assert api.get_task(child)["parent"] == f"__DELETED__{task}"
    assert api.get_model(model)["task"] == f"__DELETED__{task}"


def test_archiving_takes_a_task_out_of_its_queue(api):
    task, queue = api.task(), api.queue()
    api.ok("tasks.enqueue", task=task, queue=queue)
    api.ok("tasks.archive_many", ids=[task])
    got = api.get_task(task)
    assert (got["status"], got["system_tags"], api.waiting(queue)) == ("created", ["archived"], [])


def test_several_updates_in_one_call(api):
    one, two = api.task(), api.task()
    lines = "\n".join(json.dumps({"task": task, "comment": "batch"}) for task in (one, two))
    answer = api.send("/tasks.update_batch", data=lines, headers={"Content-Type": "application/json-lines"})
    assert answer.json()["data"] == {"updated": 2}
    assert [api.get_task(task)["comment"] for task in (one, two)] == ["batch", "batch"]

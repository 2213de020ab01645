"""Models: made, published, deleted."""

from __future__ import annotations


def test_a_model_is_ready_unless_said_otherwise(api):
    model = api.ok("models.create", name="some", uri="https://storage.example/m")["id"]
    assert api.get_model(model)["ready"] is True


def test_creation_checks_what_it_names(api):
    body = {"name": "some", "uri": "u"}
    assert api.refusal("models.create", name="ab", uri="u") == (400, 800)
    assert api.refusal("models.create", name="some") == (400, 12)
    assert api.refusal("models.create", task=api.unknown, **body) == (400, 101)
    assert api.refusal("models.create", parent=api.unknown, **body) == (400, 201)


def test_editing_raises_the_last_iteration_of_the_task(api):
    task = api.task("in_progress")
    model = api.model(task=task)
    api.ok("models.edit", model=model, iteration=7, framework="Keras")
    assert (api.get_model(model)["framework"], api.get_task(task)["last_iteration"]) == ("Keras", 7)
    assert api.ok("models.update", model=model)["updated"] == 0


def test_publishing_a_model_publishes_its_task(api):
    model = api.model(task=(task := api.task("in_progress")))
    assert api.refusal("models.set_ready", model=model) == (400, 110)
    assert api.get_model(model)["ready"] is False
    api.ok("models.set_ready", model=model, force_publish_task=True)
    assert (api.get_model(model)["ready"], api.get_task(task)["status"]) == (True, "published")
    assert api.refusal("models.set_ready", model=model) == (400, 203)


def test_many_are_published_each_for_itself(api):
    good, bad = api.model(), api.model(task=api.task("in_progress"))
    answer = api.ok("models.publish_many", ids=[good, bad])
    assert [one["id"] for one in answer["succeeded"]] == [good]
    assert [one["error"]["codes"] for one in answer["failed"]] == [[400, 110]]
    assert api.ok("models.publish_many", ids=[bad], publish_tasks=False)["failed"] == []


def test_a_model_in_use_is_deleted_only_by_force(api):
    model, task = api.model(uri="https://storage.example/gone"), api.task()
    derived = api.model(parent=model)
    api.ok("tasks.add_or_update_model", task=task, name="base", type="input", model=model)
    assert api.refusal("models.delete", model=model) == (400, 205)
    assert api.ok("models.delete", model=model, force=True)["url"] == "https://storage.example/gone"
    assert api.get_task(task)["models"]["input"][0]["model"] == f"__DELETED__{model}"
    assert api.get_model(derived)["parent"] == f"__DELETED__{model}"


def test_a_model_of_a_published_task_is_deleted_only_by_force(api):
    task = api.task("in_progress")
    model = api.model(task=task)
    api.ok("tasks.completed", task=task, publish=True)
    assert api.refusal("models.delete", model=model) == (400, 206)
    assert api.ok("models.delete_many", ids=[model], force=True)["succeeded"][0]["deleted"] is True


def test_metadata_may_come_as_a_list_or_an_object(api):
    item = {"key": "acc", "type": "float", "value": "0.5"}
    for metadata in ([item], {"acc": item}):
        assert api.get_model(api.model(metadata=metadata))["metadata"] == {"acc": item}
    assert api.refusal("models.create", name="some", uri="u", metadata=[{"key": "acc"}]) == (400, 12)


def test_frameworks(api):
    project = api.project()
    for framework in ("Keras", "Keras", "PyTorch"):
        api.model(project=project, framework=framework)
    assert api.ok("models.get_frameworks", projects=[project])["frameworks"] == ["Keras", "PyTorch"]


def test_update_for_task_is_for_old_versions(api):
    task = api.task("in_progress")
    request = {"task": task, "uri": "https://storage.example/w"}
    assert api.refusal("models.update_for_task", **request) == (301, 1)
    made = api.ok("models.update_for_task", "2.1", **request)
    assert made["created"] is True
    assert api.ok("models.get_by_task_id", "2.1", task=task)["model"]["id"] == made["id"]
    again = api.ok("models.update_for_task", "2.1", **{**request, "uri": "https://storage.example/v"})
    assert (again["created"], again["id"]) == (False, made["id"])
    assert api.get_model(made["id"])["uri"] == "https://storage.example/v"
    assert api.refusal("models.update_for_task", "2.1", **{**request, "task": api.task("completed")}) == (400, 110)


def test_statistics_come_if_asked(api):
    model = api.model(labels={"cat": 1, "dog": 2})
    found = api.ok("models.get_all_ex", id=[model], include_stats=True)["models"][0]
    assert found["stats"] == {"labels_count": 2}

"""Models: made, found, published, deleted."""

from __future__ import annotations

from tests.conformance.expectations import equal
from tests.conformance.server import UNKNOWN, ids


def case_model_create_and_edit(s):
    task, project = s.task(), s.project()
    model = s.model(
        name="first name",
        uri="https://storage.example/m.bin",
        project=project,
        task=task,
        framework="PyTorch",
        labels={"cat": 1},
        tags=["x"],
        comment="c",
        design={"layers": 2},
    )
    got = s.get_model(model)
    equal(
        (got["name"], got["uri"], got["project"], got["task"]),
        ("first name", "https://storage.example/m.bin", project, task),
        "model",
    )
    equal(
        (got["framework"], got["labels"], got["tags"], got["design"], got["ready"]),
        ("PyTorch", {"cat": 1}, ["x"], {"layers": 2}, False),
        "details",
    )
    data = s.ok(
        "models.edit",
        model=model,
        name="second name",
        uri="https://storage.example/n.bin",
        framework="Keras",
        labels={"dog": 2},
    )
    equal(data["updated"], 1, "updated")
    s.ok("models.update", model=model, comment="changed", tags=["y", "z"])
    got = s.get_model(model)
    equal(
        (got["name"], got["uri"], got["framework"], got["labels"]),
        ("second name", "https://storage.example/n.bin", "Keras", {"dog": 2}),
        "edited",
    )
    equal((got["comment"], got["tags"]), ("changed", ["y", "z"]), "updated")
    s.refused("models.create", 400, 12, name="no uri")
    s.refused("models.create", 400, 101, name="bad task", uri="u", task=UNKNOWN)
    s.refused("models.get_by_id", 400, 201, model=UNKNOWN)


def case_model_get_all_filters(s):
    project, task = s.project(), s.task()
    a = s.model(project=project, name="alpha", tags=["x"], framework="Keras", task=task)
    b = s.model(project=project, name="beta", tags=["x", "y"], ready=True, uri="https://storage.example/b")
    c = s.model(project=project, name="gamma", system_tags=["archived"])

    def found(**filters):
        return ids(
            s.ok("models.get_all", project=[project], only_fields=["id"], order_by=["name"], **filters)["models"]
        )

    equal(found(), [a, b, c], "by project")
    equal(found(ready=True), [b], "by ready")
    equal(found(tags=["x", "-y"]), [a], "by tags")
    equal(found(system_tags=["-archived"]), [a, b], "without archived")
    equal(found(framework=["Keras"]), [a], "by framework")
    equal(found(name="^(beta|gamma)$"), [b, c], "by name")
    equal(found(task=[task]), [a], "by task")
    equal(found(uri=["https://storage.example/b"]), [b], "by uri")
    equal(found(page=1, page_size=2), [c], "second page")


def case_set_ready_publishes_the_task_if_asked(s):
    task = s.task("completed")
    quiet, loud = s.model(task=task), s.model(task=task)
    equal(s.ok("models.set_ready", model=quiet, publish_task=False)["updated"], 1, "updated")
    equal((s.get_model(quiet)["ready"], s.status(task)), (True, "completed"), "without publish_task")
    equal(s.ok("models.set_ready", model=loud, publish_task=True)["published_task"]["id"], task, "published task")
    equal((s.get_model(loud)["ready"], s.status(task)), (True, "published"), "with publish_task")
    s.refused("models.set_ready", 400, 201, model=UNKNOWN)


def case_model_delete(s):
    model, task = s.model(uri="https://storage.example/gone"), s.task()
    s.ok("tasks.add_or_update_model", task=task, name="base", type="input", model=model)
    s.refused("models.delete", 400, 205, model=model)
    data = s.ok("models.delete", model=model, force=True)
    equal((data["deleted"], data["url"]), (True, "https://storage.example/gone"), "answer")
    s.refused("models.get_by_id", 400, 201, model=model)
    equal(s.get_task(task)["models"]["input"][0]["model"], f"__DELETED__{model}", "what the task has instead")


def case_model_metadata(s):
    model = s.model()
    s.ok(
        "models.add_or_update_metadata",
        model=model,
        metadata=[{"key": "acc", "type": "float", "value": "0.5"}, {"key": "a.b", "type": "str", "value": "dotted"}],
    )
    s.ok("models.add_or_update_metadata", model=model, metadata=[{"key": "acc", "type": "float", "value": "0.7"}])
    equal(
        {k: v["value"] for k, v in s.get_model(model)["metadata"].items()}, {"acc": "0.7", "a.b": "dotted"}, "metadata"
    )
    s.ok("models.delete_metadata", model=model, keys=["a.b"])
    equal(s.get_model(model)["metadata"], {"acc": {"key": "acc", "type": "float", "value": "0.7"}}, "after deletion")
    s.refused("models.add_or_update_metadata", 400, 12, model=model, metadata=[{"key": "no type"}])


def case_model_archive_and_frameworks(s):
    project = s.project()
    model = s.model(project=project, framework="TensorFlow")
    equal(s.ok("models.get_frameworks", projects=[project])["frameworks"], ["TensorFlow"], "frameworks")
    s.ok("models.archive_many", ids=[model])
    equal(s.get_model(model)["system_tags"], ["archived"], "system_tags")
    s.ok("models.unarchive_many", ids=[model])
    equal(s.get_model(model)["system_tags"], [], "system_tags after unarchive_many")


def case_model_update_for_task(s):
    task = s.task("in_progress")
    data = s.ok("models.update_for_task", _version="2.1", task=task, uri="https://storage.example/w")
    equal(data["created"], True, "created")
    equal([m["model"] for m in s.get_task(task)["models"]["output"]], [data["id"]], "output models of the task")
    equal(s.get_model(data["id"])["task"], task, "task of the model")

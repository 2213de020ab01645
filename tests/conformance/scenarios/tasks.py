"""Tasks that do not run: cloned, queued, found, exported, deleted."""

from __future__ import annotations

from tests.conformance.expectations import check, equal
from tests.conformance.server import unique


def scenario_clone_enqueue_dequeue():
    from clearml import Task
    from clearml.backend_api.session.client import APIClient

    project, queue_name = unique("sdk"), unique("queue")
    source = Task.create(
        project_name=project,
        task_name="source",
        task_type="training",
        script="train.py",
        repo="https://git.example/r.git",
        branch="main",
        packages=["numpy"],
    )
    source.set_parameters({"Args/lr": 0.1, "Args/steps": 3})
    clone = Task.clone(source, name="clone", comment="words", parent=source.id)
    clone.set_parameters_as_dict({"Args": {"lr": 0.5}})
    clone.set_parameter("Args/extra", "x")
    queue = APIClient().queues.create(name=queue_name)
    Task.enqueue(clone, queue_name=queue_name)
    got = Task.get_task(task_id=clone.id)
    equal(
        (got.get_status(), got.name, got.comment, got.parent), ("queued", "clone", "words", source.id), "queued clone"
    )
    equal(got.get_parameters(), {"Args/lr": "0.5", "Args/steps": "3", "Args/extra": "x"}, "parameters of the clone")
    equal(got.data.script.repository, "https://git.example/r.git", "repository of the clone")
    equal([e.task for e in APIClient().queues.get_by_id(queue=queue.id).entries], [clone.id], "queue")
    Task.dequeue(clone)
    equal(Task.get_task(task_id=clone.id).get_status(), "created", "status after dequeue")
    equal(source.get_parameters(), {"Args/lr": "0.1", "Args/steps": "3"}, "parameters of the source")


def scenario_task_queries():
    from clearml import Task

    project = unique("sdk")

    def make(name, **more):
        return Task.create(project_name=project, task_name=name, **more)

    one, two, three = make("alpha one"), make("alpha two", task_type="testing"), make("beta")
    one.add_tags(["red"])
    two.add_tags(["red", "blue"])
    three.add_tags("blue")
    two.mark_started()
    two.mark_completed()

    def found(**kwargs):
        return sorted(t.name for t in Task.get_tasks(project_name=project, **kwargs))

    equal(found(), ["alpha one", "alpha two", "beta"], "by project")
    equal(found(task_name="^alpha"), ["alpha one", "alpha two"], "by name")
    equal(found(tags=["red", "-blue"]), ["alpha one"], "by tags")
    equal(found(task_filter={"status": ["completed"]}), ["alpha two"], "by status")
    equal(found(task_filter={"type": ["testing"]}), ["alpha two"], "by type")
    ordered = Task.query_tasks(project_name=project, task_filter={"order_by": ["-name"]})
    equal(ordered, [three.id, two.id, one.id], "ids in descending order")
    fields = Task.query_tasks(
        project_name=project, task_name="^beta$", additional_return_fields=["name", "tags", "status"]
    )
    equal(
        [(x["name"], x["tags"], str(x["status"])) for x in fields], [("beta", ["blue"], "created")], "returned fields"
    )
    equal(Task.get_task(project_name=project, task_name="beta").id, three.id, "get_task by name")


def scenario_export_import_and_delete():
    from clearml import Task

    task = Task.create(
        project_name=unique("sdk"),
        task_name="exported",
        task_type="inference",
        script="x.py",
        repo="https://git.example/r.git",
    )
    task.set_parameters({"Args/a": 1})
    task.set_comment("words")
    exported = task.export_task()
    equal(
        (exported["name"], exported["comment"], exported["hyperparams"]["Args"]["a"]["value"]),
        ("exported", "words", "1"),
        "export",
    )
    copy = Task.import_task({**exported, "name": "imported"})
    check(copy.id != task.id, "the import has the id of the export")
    equal((copy.name, copy.get_parameters(), str(copy.task_type)), ("imported", {"Args/a": "1"}, "inference"), "import")
    check(copy.delete(delete_artifacts_and_models=True, raise_on_error=True), "delete failed")
    equal(Task.query_tasks(task_filter={"id": [copy.id]}), [], "deleted task")
    equal(Task.get_task(task_id=task.id).name, "exported", "the other task")


def scenario_queues_by_api_client():
    from clearml.backend_api.session.client import APIClient, APIError

    client, name = APIClient(), unique("queue")
    queue = client.queues.create(name=name, tags=["gpu"])
    equal([q.id for q in client.queues.get_all(name=f"^{name}$")], [queue.id], "by name")
    tasks = [client.tasks.create(name=f"queued {i}", type="training").id for i in range(3)]
    for task in tasks:
        client.tasks.enqueue(task=task, queue=queue.id)
    client.queues.move_task_to_front(queue=queue.id, task=tasks[2])
    equal([e.task for e in client.queues.get_by_id(queue=queue.id).entries], [tasks[2], tasks[0], tasks[1]], "order")
    equal(client.queues.get_next_task(queue=queue.id).entry.task, tasks[2], "next task")
    try:
        client.queues.delete(queue=queue.id)
        check(False, "a queue with entries was deleted")
    except APIError as error:
        equal((error.code, error.subcode), (400, 702), "codes of the refusal")
    client.queues.delete(queue=queue.id, force=True)
    equal(list(client.queues.get_all(name=f"^{name}$")), [], "deleted queue")

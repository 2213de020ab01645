"""Tasks: cloned, reset, deleted, archived, moved to another project."""

from __future__ import annotations

from tests.conformance.expectations import check, equal
from tests.conformance.payloads import param, scalar
from tests.conformance.server import UNKNOWN, unique


def case_clone_copies_the_definition_and_not_the_run(s):
    project, parent, model = s.project(), s.task(), s.model()
    task = s.task(
        project=project,
        parent=parent,
        comment="c",
        tags=["t"],
        system_tags=["development", "kept"],
        script={"repository": "r", "requirements": {"pip": "numpy"}},
        container={"image": "i"},
        runtime={"r": "1"},
        hyperparams={"Args": {"x": param("Args", "x", "1")}},
        configuration={"c": {"name": "c", "value": "v"}},
    )
    s.ok("tasks.add_or_update_model", task=task, name="base", type="input", model=model)
    s.ok("tasks.add_or_update_model", task=task, name="out", type="output", model=model)
    s.ok(
        "tasks.add_or_update_artifacts",
        task=task,
        artifacts=[{"key": "in", "type": "t", "mode": "input"}, {"key": "out", "type": "t"}],
    )
    s.ok("tasks.started", task=task)
    s.report(scalar(task, "m", "v", 1.0, 8))
    s.ok("tasks.completed", task=task)

    source, clone = s.get_task(task), s.get_task(s.ok("tasks.clone", task=task)["id"])
    for field in (
        "name",
        "type",
        "project",
        "parent",
        "comment",
        "tags",
        "hyperparams",
        "configuration",
        "script",
        "container",
    ):
        equal(clone[field], source[field], f"copied {field}")
    equal(clone["system_tags"], ["kept"], "system_tags")
    equal(
        (clone["status"], clone["last_iteration"], clone["last_metrics"], clone["runtime"]),
        ("created", 0, {}, {}),
        "run state",
    )
    equal([a["key"] for a in clone["execution"]["artifacts"]], ["in"], "artifacts")
    equal(([m["name"] for m in clone["models"]["input"]], clone["models"]["output"]), (["base"], []), "models")
    for absent in ("started", "completed"):
        check(absent not in clone, f"the clone has {absent}")


def case_reset_forgets_the_run(s):
    task = s.task(runtime={"r": "1"}, hyperparams={"Args": {"x": param("Args", "x", "1")}}, script={"repository": "r"})
    s.ok("tasks.started", task=task)
    s.report(scalar(task, "m", "v", 1.0, 8))
    s.ok(
        "tasks.add_or_update_artifacts",
        task=task,
        artifacts=[{"key": "in", "type": "t", "mode": "input"}, {"key": "out", "type": "t"}],
    )
    s.histogram(task, 1)
    s.ok("tasks.completed", task=task)
    equal(s.ok("tasks.reset", task=task)["updated"], 1, "updated")
    got = s.get_task(task)
    equal(
        (got["status"], got["last_iteration"], got["last_metrics"], got["runtime"]), ("created", 0, {}, {}), "run state"
    )
    equal([a["key"] for a in got["execution"]["artifacts"]], ["in"], "artifacts")
    equal((sorted(got["hyperparams"]), got["script"]["repository"]), (["Args"], "r"), "definition")
    for absent in ("started", "completed"):
        check(absent not in got, f"a reset task has {absent}")
    s.histogram(task, 0)


def case_delete_needs_created_or_force(s):
    task = s.task()
    data = s.ok("tasks.delete", task=task)
    equal((data["deleted"], data["updated_children"]), (True, 0), "answer")
    s.refused("tasks.get_by_id", 400, 101, task=task)
    for status in ("queued", "in_progress", "published"):
        task = s.task(status)
        s.refused("tasks.delete", 400, 123, task=task)
        s.ok("tasks.delete", task=task, force=True)
        equal(s.ok("tasks.get_all", id=[task])["tasks"], [], f"task deleted in status {status}")


def case_archive_and_unarchive(s):
    task = s.task(system_tags=["development"])
    equal(s.ok("tasks.archive", tasks=[task])["archived"], 1, "archived")
    equal(sorted(s.get_task(task)["system_tags"]), ["archived", "development"], "system_tags")
    equal(s.ok("tasks.get_all", id=[task], system_tags=["-archived"])["tasks"], [], "archived task, filtered out")
    data = s.ok("tasks.unarchive_many", ids=[task, UNKNOWN])
    equal([x["id"] for x in data["succeeded"]], [task], "succeeded")
    equal([(x["id"], x["error"]["codes"]) for x in data["failed"]], [(UNKNOWN, [400, 101])], "failed")
    equal(s.get_task(task)["system_tags"], ["development"], "system_tags after unarchive")


def case_move_tasks(s):
    name, task = unique("project"), s.task(project=s.project())
    project = s.ok("tasks.move", ids=[task], project_name=f"{name}/new")["project_id"]
    equal(s.ok("projects.get_by_id", project=project)["project"]["name"], f"{name}/new", "project made by the move")
    equal(s.get_task(task)["project"], project, "project of the task")
    s.refused("tasks.move", 400, 401, ids=[task], project=UNKNOWN)
    s.refused("tasks.move", 400, 11, ids=[task])


def case_ping_changes_last_update(s):
    task = s.task("in_progress")
    before = s.get_task(task)["last_update"]
    s.ok("tasks.ping", task=task)
    check(s.get_task(task)["last_update"] > before, "last_update is as it was")


def case_requirements_are_set_in_any_status(s):
    for status in ("created", "in_progress", "completed"):
        task = s.task(status, script={"repository": "r"})
        s.ok("tasks.set_requirements", task=task, requirements={"pip": "numpy==2\n"})
        script = s.get_task(task)["script"]
        equal(
            (script["requirements"], script["repository"]), ({"pip": "numpy==2\n"}, "r"), f"script in status {status}"
        )


def case_task_types_of_a_project(s):
    project = s.project()
    (
        s.task(project=project, type="training"),
        s.task(project=project, type="controller"),
        s.task(project=project, type="training"),
    )
    equal(sorted(s.ok("tasks.get_types", projects=[project])["types"]), ["controller", "training"], "types")

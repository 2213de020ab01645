"""Projects: a tree of names, statistics, deletion."""

from __future__ import annotations

from tests.conformance.expectations import check, equal
from tests.conformance.server import UNKNOWN, ids, unique


def case_project_create_rules(s):
    name = unique("project")
    project = s.project(name, description="some words", tags=["red"])
    s.refused("projects.create", 400, 801, name=name)
    s.refused("projects.create", 400, 800, name="ab")
    s.refused("projects.create", 400, 11)
    got = s.ok("projects.get_by_id", project=project)["project"]
    equal(
        (got["name"], got["basename"], got["description"], got["tags"]), (name, name, "some words", ["red"]), "project"
    )
    s.refused("projects.get_by_id", 400, 401, project=UNKNOWN)


def case_nested_project_creates_its_parents(s):
    root = unique("project")
    leaf = s.project(f"{root}/middle/leaf")
    found = s.ok("projects.get_all", name=f"^{root}", order_by=["name"])["projects"]
    equal([p["name"] for p in found], [root, f"{root}/middle", f"{root}/middle/leaf"], "names of the family")
    top, middle, bottom = found
    equal(bottom["id"], leaf, "id of the leaf")
    equal(
        (bottom["basename"], bottom["parent"], middle["parent"]),
        ("leaf", middle["id"], top["id"]),
        "leaf and its parents",
    )
    check("parent" not in top, "the root has a parent")
    path = s.ok("projects.get_by_id", project=leaf)["project"]["path"]
    equal(path, [top["id"], middle["id"]], "path of the leaf")


def case_project_get_all_name_is_a_regular_expression(s):
    root = unique("project")
    one, two = s.project(f"{root} one"), s.project(f"{root} two")
    equal(ids(s.ok("projects.get_all", name=f"^{root} one$")["projects"]), [one], "exact name")
    equal(
        ids(s.ok("projects.get_all", name=f"{root} (one|two)", order_by=["-name"])["projects"]),
        [two, one],
        "alternatives",
    )
    equal(s.ok("projects.get_all", name=f"^{root}$")["projects"], [], "a name that no project has")
    s.refused("projects.get_all", 400, 21, name="(")


def case_project_stats_count_tasks_of_the_subtree(s):
    root = unique("project")
    top, sub = s.project(root), s.project(f"{root}/sub")
    s.task(project=top)
    s.task("completed", project=top)
    s.task("queued", project=sub)
    found = s.ok("projects.get_all_ex", id=[top], include_stats=True)["projects"][0]
    active = found["stats"]["active"]
    equal(active["total_tasks"], 3, "total_tasks")
    counts = {status: n for status, n in active["status_count"].items() if n}
    equal(counts, {"created": 1, "completed": 1, "queued": 1}, "status_count")
    equal([p["name"] for p in found["sub_projects"]], [f"{root}/sub"], "sub_projects")


def case_project_update_renames_the_subtree(s):
    old, new = unique("project"), unique("project")
    top, sub = s.project(old), s.project(f"{old}/sub")
    equal(s.ok("projects.update", project=top, name=new, description="changed")["updated"], 1, "updated")
    equal(s.ok("projects.get_by_id", project=sub)["project"]["name"], f"{new}/sub", "name of the child")
    equal(s.ok("projects.get_by_id", project=top)["project"]["description"], "changed", "description")
    s.refused("projects.update", 400, 401, project=UNKNOWN, name="anything")


def case_project_with_tasks_is_deleted_only_by_force(s):
    project = s.project()
    task = s.task(project=project)
    s.refused("projects.delete", 400, 402, project=project)
    data = s.ok("projects.delete", project=project, force=True)
    equal((data["deleted"], data["disassociated_tasks"]), (1, 1), "deleted and disassociated_tasks")
    s.refused("projects.get_by_id", 400, 401, project=project)
    check("project" not in s.get_task(task), "the task still has its project")


def case_tags_of_a_project(s):
    project = s.project()
    s.task(project=project, tags=["one", "two"], system_tags=["sys"])
    equal(s.ok("projects.get_task_tags", projects=[project]), {"tags": ["one", "two"]}, "task tags")
    data = s.ok("projects.get_task_tags", projects=[project], include_system=True)
    equal((data["tags"], data["system_tags"]), (["one", "two"], ["sys"]), "with system tags")

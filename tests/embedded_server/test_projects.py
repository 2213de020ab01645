"""Projects: a tree by name, with tasks and models in it."""

from __future__ import annotations

import pytest


def get(api, project):
    return api.ok("projects.get_by_id", project=project)["project"]


def test_names_have_at_least_three_characters(api):
    for name in ("ab", "  a ", "", "/ab/", " / "):
        assert api.refusal("projects.create", name=name) == (400, 800)
    project = api.project()
    assert api.refusal("projects.update", project=project, name="ab") == (400, 800)


def test_a_name_has_no_empty_parts(api):
    word = api.unique()
    api.project(f"/{word} // below/")
    assert api.ids("projects", name=f"^{word}/below$")


def test_a_nested_project_brings_its_parents(api):
    root = api.unique("root")
    leaf = get(api, api.project(f"{root}/middle/leaf"))
    middle = get(api, leaf["parent"])
    top = get(api, middle["parent"])
    assert (leaf["basename"], middle["name"], top["name"]) == ("leaf", f"{root}/middle", root)
    assert (leaf["path"], middle["path"], top["path"]) == ([top["id"], middle["id"]], [top["id"]], [])
    assert api.project(f"{root}/middle/other") != middle["id"]
    assert api.refusal("projects.create", name=f"{root}/middle") == (400, 801)


def test_a_shallow_search_sees_the_roots(api):
    root = api.unique("root")
    api.project(f"{root}/sub")
    found = api.ok("projects.get_all", name=root, shallow_search=True)["projects"]
    assert [project["name"] for project in found] == [root]


def test_a_new_name_goes_down_the_tree(api):
    old, new = api.unique("old"), api.unique("new")
    leaf = api.project(f"{old}/middle/leaf")
    top = get(api, leaf)["path"][0]
    api.ok("projects.update", project=top, name=new)
    assert get(api, leaf)["name"] == f"{new}/middle/leaf"


def test_update_cannot_move(api):
    root = api.unique("root")
    sub = api.project(f"{root}/sub")
    assert api.refusal("projects.update", project=sub, name=f"{api.unique()}/sub") == (400, 408)
    assert api.refusal("projects.update", project=sub, name="elsewhere") == (400, 408)


def test_moving_takes_the_subtree_along(api):
    source, target = api.unique("source"), api.unique("target")
    leaf = api.project(f"{source}/sub/leaf")
    sub = get(api, leaf)["parent"]
    assert api.ok("projects.move", project=sub, new_location=target)["moved"] == 2
    moved = get(api, leaf)
    assert moved["name"] == f"{target}/sub/leaf"
    assert moved["path"] == [api.ids("projects", name=f"^{target}$")[0], sub]
    api.ok("projects.move", project=sub, new_location="")
    assert "parent" not in get(api, sub)
    assert api.refusal("projects.move", project=sub, new_location="sub/leaf")[0] == 400


def test_merging_moves_everything_and_deletes_the_source(api):
    source, target = api.project(), api.project()
    task, model = api.task(project=source), api.model(project=source)
    sub = api.project(f"{get(api, source)['name']}/sub")
    answer = api.ok("projects.merge", project=source, destination_project=target)
    assert answer == {"moved_entities": 2, "moved_projects": 1}
    assert api.get_task(task)["project"] == api.get_model(model)["project"] == target
    assert get(api, sub)["parent"] == target
    assert api.refusal("projects.get_by_id", project=source) == (400, 401)


def test_contents_stand_in_the_way_of_deletion_unless_archived(api):
    project = api.project()
    task, model = api.task(project=project), api.model(project=project)
    numbers = api.ok("projects.validate_delete", project=project)
    assert (numbers["tasks"], numbers["non_archived_tasks"], numbers["models"]) == (1, 1, 1)
    assert api.refusal("projects.delete", project=project) == (400, 402)
    api.ok("tasks.archive_many", ids=[task])
    assert api.refusal("projects.delete", project=project) == (400, 405)
    api.ok("models.archive_many", ids=[model])
    answer = api.ok("projects.delete", project=project)
    assert (answer["deleted"], answer["disassociated_tasks"]) == (1, 1)
    assert "project" not in api.get_task(task)


def test_contents_are_deleted_if_asked(api):
    project = api.project()
    task, model = api.task(project=project), api.model(project=project)
    answer = api.ok("projects.delete", project=project, force=True, delete_contents=True)
    assert (answer["deleted_tasks"], answer["deleted_models"]) == (1, 1)
    assert api.refusal("tasks.get_by_id", task=task) == (400, 101)
    assert api.refusal("models.get_by_id", model=model) == (400, 201)


def test_statistics_count_the_subtree_by_status(api):
    root = api.unique("root")
    top, sub = api.project(root), api.project(f"{root}/sub")
    api.task(project=top)
    api.task("completed", project=sub)
    api.ok("tasks.archive_many", ids=[api.task(project=sub)])

    def stats(**more):
        return api.ok("projects.get_all_ex", id=[top], include_stats=True, **more)["projects"][0]["stats"]

    active = stats()["active"]
    assert {status: n for status, n in active["status_count"].items() if n} == {"created": 1, "completed": 1}
    assert (active["total_tasks"], active["completed_tasks_24h"]) == (2, 1)
    assert stats()["archived"]["total_tasks"] == 1
    assert list(stats(stats_for_state="active")) == ["active"]
    assert stats(stats_with_children=False)["active"]["total_tasks"] == 1
    assert stats(include_stats_filter={"status": ["completed"]})["active"]["total_tasks"] == 1
    own = api.ok("projects.get_all_ex", id=[top], check_own_contents=True)["projects"][0]
    assert (own["own_tasks"], own["own_models"]) == (1, 0)


def test_projects_of_active_users(api):
    project = api.project()
    user = api.get_task(api.task(project=project))["user"]

    def find(*users):
        return [p["id"] for p in api.ok("projects.get_all_ex", id=[project], active_users=users)["projects"]]

    assert find(user) == [project]
    assert find(api.unknown) == []


def test_parents_are_those_of_active_tasks_unless_others_are_asked_for(api):
    project, used, old = api.project(), api.task(name="used"), api.task(name="old")
    api.task(project=project, parent=used)
    api.ok("tasks.archive", tasks=[api.task(project=project, parent=old)])

    def parents(**more):
        return [one["id"] for one in api.ok("projects.get_task_parents", projects=[project], **more)["parents"]]

    assert parents() == [used]
    assert parents(tasks_state="archived") == [old]
    assert parents(tasks_state=None) == [old, used]
    assert api.refusal("projects.get_task_parents", tasks_state="nonsense") == (400, 12)


def test_what_occurs_in_a_project(api):
    name = api.unique("project")
    project, parent = api.project(name, tags=["p"]), api.task()
    lr = {"section": "Args", "name": "lr", "value": "0.1"}
    api.task(project=project, parent=parent, tags=["b", "a"], system_tags=["s"], hyperparams={"Args": {"lr": lr}})
    api.model(project=project, tags=["m"], metadata=[{"key": "auc", "type": "float", "value": "0.9"}])
    here = {"projects": [project]}
    assert api.ok("projects.get_task_tags", **here) == {"tags": ["a", "b"]}
    assert api.ok("projects.get_task_tags", include_system=True, **here)["system_tags"] == ["s"]
    assert api.ok("projects.get_model_tags", **here) == {"tags": ["m"]}
    assert api.ok("projects.get_project_tags", **here) == {"tags": ["p"]}
    assert [found["id"] for found in api.ok("projects.get_task_parents", **here)["parents"]] == [parent]
    assert api.ok("projects.get_hyper_parameters", project=project) == {
        "parameters": [{"section": "Args", "name": "lr"}], "total": 1, "remaining": 0,
    }  # fmt: skip
    values = api.ok("projects.get_hyperparam_values", section="Args", name="lr", **here)
    assert values == {"total": 1, "values": ["0.1"]}
    assert api.ok("projects.get_model_metadata_keys", project=project)["keys"] == ["auc"]
    assert api.ok("projects.get_model_metadata_values", key="auc", **here)["values"] == ["0.9"]
    assert api.ok("projects.get_unique_metric_variants", project=project) == {"metrics": []}


@pytest.mark.parametrize("endpoint", ["tasks.move", "models.move"])
def test_moving_into_a_project_that_is_missing_makes_it(api, endpoint):
    thing = api.task() if endpoint == "tasks.move" else api.model()
    name = api.unique("project")
    project = api.ok(endpoint, ids=[thing], project_name=f"{name}/sub")["project_id"]
    assert get(api, project)["name"] == f"{name}/sub"
    assert api.refusal(endpoint, ids=[thing], project=api.unknown) == (400, 401)
    assert api.refusal(endpoint, ids=[thing]) == (400, 11)

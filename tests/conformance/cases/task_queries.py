"""Tasks: made, found, and shown in part."""

from __future__ import annotations

from tests.conformance.expectations import check, equal
from tests.conformance.payloads import param
from tests.conformance.server import UNKNOWN, ids, unique


def case_task_create_defaults(s):
    name, project = unique("task"), s.project()
    task = s.get_task(s.ok("tasks.create", name=name, type="training", project=project)["id"])
    user = s.ok("users.get_current_user")["user"]
    equal((task["name"], task["type"], task["project"], task["status"]), (name, "training", project, "created"), "task")
    equal((task["user"], task["company"]), (user["id"], user["company"]["id"]), "owner")
    for field in ("hyperparams", "configuration", "runtime", "container", "last_metrics", "output"):
        equal(task[field], {}, field)
    equal((task["tags"], task["system_tags"], task["last_iteration"]), ([], [], 0), "tags, system_tags, last_iteration")
    equal(task["models"], {"input": [], "output": []}, "models")
    equal((task["execution"]["artifacts"], task["execution"]["parameters"]), ([], {}), "execution")
    check(
        task["created"].endswith("+00:00") and "T" in task["created"], f"created is not ISO 8601 UTC: {task['created']}"
    )
    for absent in ("started", "completed", "published", "parent", "comment"):
        check(absent not in task, f"a new task has {absent}")


def case_task_create_is_validated(s):
    s.refused("tasks.create", 400, 12, name="no type")
    s.refused("tasks.create", 400, 12, name="bad type", type="no such type")
    s.refused("tasks.create", 400, 800, name="ab", type="training")
    s.refused("tasks.create", 400, 16, name="bad project", type="training", project=UNKNOWN)
    s.refused("tasks.get_by_id", 400, 101, task=UNKNOWN)
    s.refused("tasks.get_by_id", 400, 12)


def case_task_get_all_filters(s):
    project, other = s.project(), s.project()
    a = s.task(project=project, name="alpha one")
    b = s.task("completed", project=project, name="alpha two", type="testing")
    c = s.task("failed", project=project, name="beta", type="inference")
    d = s.task(project=other)

    def found(**filters):
        return ids(s.ok("tasks.get_all", only_fields=["id"], order_by=["name"], **filters)["tasks"])

    equal(found(project=[project]), [a, b, c], "by project")
    equal(found(project=[project, other]), [a, b, c, d], "by two projects")
    equal(found(id=[a, d]), [a, d], "by id")
    equal(found(id=[UNKNOWN]), [], "by an unknown id")
    equal(found(project=[project], status=["completed", "failed"]), [b, c], "by status")
    equal(found(project=[project], type=["testing"]), [b], "by type")
    equal(found(project=[project], type=["-testing"]), [a, c], "by excluded type")
    equal(found(project=[project], name="^alpha"), [a, b], "by name")
    s.refused("tasks.get_all", 400, 21, name="[")


def case_task_get_all_by_tags(s):
    project = s.project()
    a = s.task(project=project, name="task aa", tags=["red"])
    b = s.task(project=project, name="task bb", tags=["red", "big"])
    c = s.task(project=project, name="task cc", tags=["big", "old"])
    d = s.task(project=project, name="task dd")

    def found(*tags):
        return ids(
            s.ok("tasks.get_all", project=[project], tags=list(tags), order_by=["name"], only_fields=["id"])["tasks"]
        )

    equal(found("red"), [a, b], "one tag")
    equal(found("red", "old"), [a, b, c], "either tag")
    equal(found("-red"), [c, d], "an excluded tag")
    equal(found("red", "-big"), [a], "a tag and an excluded one")
    equal(found("__$all", "red", "big"), [b], "all tags")


def case_task_get_all_by_patterns(s):
    project, word = s.project(), unique("word")
    a = s.task(project=project, name=f"has {word}", comment="nothing")
    b = s.task(project=project, name="not here", comment=f"see {word} here")
    c = s.task(project=project, name=f"with both {word}", comment=word)

    def found(**filters):
        return ids(s.ok("tasks.get_all", project=[project], only_fields=["id"], order_by=["name"], **filters)["tasks"])

    fields = ["name", "comment"]
    equal(found(_any_={"pattern": word, "fields": fields}), [a, b, c], "any field")
    equal(found(_all_={"pattern": word, "fields": fields}), [c], "all fields")
    equal(found(_any_={"pattern": word + "x", "fields": fields}), [], "no field")
    equal(found(_any_={"pattern": a, "fields": ["id", "name"]}), [a], "an id")


def case_task_get_all_order_and_pages(s):
    project = s.project()
    tasks = [s.task(project=project, name=f"step {i}") for i in range(5)]

    def page(**body):
        return ids(s.ok("tasks.get_all", project=[project], only_fields=["id"], **body)["tasks"])

    equal(page(order_by=["name"]), tasks, "ascending")
    equal(page(order_by=["-name"]), tasks[::-1], "descending")
    equal(page(order_by=["name"], page=0, page_size=2), tasks[:2], "first page")
    equal(page(order_by=["name"], page=2, page_size=2), tasks[4:], "last page")
    equal(page(order_by=["name"], page=3, page_size=2), [], "page behind the last")
    s.refused("tasks.get_all", 400, 14, order_by=["no_such_field"], project=[project])


def case_task_get_all_by_scroll(s):
    project = s.project()
    tasks = [s.task(project=project, name=f"step {i}") for i in range(4)]
    first = s.ok("tasks.get_all", project=[project], only_fields=["id"], order_by=["-name"], size=3, scroll_id=None)
    equal(ids(first["tasks"]), tasks[:0:-1], "first page")
    rest = s.ok(
        "tasks.get_all", project=[project], only_fields=["id"], order_by=["-name"], size=3, scroll_id=first["scroll_id"]
    )
    equal(ids(rest["tasks"]), tasks[:1], "second page")


def case_task_get_all_only_fields(s):
    task = s.task(
        script={"repository": "https://git.example/r.git", "branch": "main"},
        tags=["x"],
        hyperparams={"Args": {"lr": param("Args", "lr", "0.1")}, "Other": {"k": param("Other", "k", "v")}},
    )
    got = s.ok("tasks.get_all", id=[task], only_fields=["name", "script.branch", "hyperparams.Args", "tags"])["tasks"][
        0
    ]
    equal(sorted(got), ["hyperparams", "name", "script", "tags"], "fields")
    equal(got["script"], {"branch": "main"}, "script")
    equal(got["hyperparams"], {"Args": {"lr": param("Args", "lr", "0.1")}}, "hyperparams")
    equal(s.ok("tasks.get_all", id=[task], only_fields=["status"])["tasks"], [{"status": "created"}], "status alone")
    s.refused("tasks.get_all", 400, 14, id=[task], only_fields=["no_such_field"])


def case_task_get_all_ex_joins_names(s):
    name = unique("project")
    project = s.project(name)
    task = s.task(project=project)
    got = s.ok("tasks.get_all_ex", id=[task], only_fields=["name", "project.name", "user.name"])["tasks"][0]
    equal(got["id"], task, "id, always present")
    equal(got["project"], {"id": project, "name": name}, "project")
    check(got["user"]["id"] and got["user"]["name"], "user lacks id or name")

"""What every get_all shares."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def tagged(api):
    """A project with a task for every set of the tags a, b and c; finds the names of those that a filter leaves."""
    project = api.project()
    for tags in ("", "a", "b", "c", "ab", "ac", "bc", "abc"):
        api.task(project=project, name=f"tags {tags or 'none'}", tags=list(tags))

    def find(*tags):
        found = api.ok("tasks.get_all", project=[project], tags=list(tags), only_fields=["name"], order_by=["name"])
        return {task["name"].removeprefix("tags ") for task in found["tasks"]}

    return find


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["a"], "a ab abc ac"),
        (["a", "b"], "a ab abc ac b bc"),
        (["-a"], "none b bc c"),
        (["a", "-b"], "a ac"),
        (["-a", "-b"], "none c"),
        (["a", "__$not", "b"], "a ac"),
        (["__$all", "a", "b"], "ab abc"),
        (["__$and", "a", "b"], "ab abc"),
        (["__$any", "a", "b"], "a ab abc ac b bc"),
        (["__$or", "a", "b"], "a ab abc ac b bc"),
        (["__$all", "a", "__$not", "b"], "a ac"),
        (["__$all", "a", "-b"], "a ac"),
        (["__$all", "__$not", "a", "__$not", "b"], "none c"),
        (["__$all", "a", "__$or", "b", "c"], "ab abc ac"),
        (["__$all", "a", "__$or", "b", "__$not", "c"], "a ab abc"),
        ([None], "none"),
        ([None, "c"], "none abc ac bc c"),
        (["__$not", None], "a ab abc ac b bc c"),
        (["d"], ""),
        ([], "none a ab abc ac b bc c"),
    ],
)
def test_tags(tagged, tags, expected):
    assert tagged(*tags) == set(expected.split())


def test_a_list_filter_can_exclude_and_ask_for_nothing_at_all(api):
    project, word = api.project(), api.unique()
    inside = api.task(project=project, comment=word)
    outside = api.task(comment=word)
    pattern = {"pattern": word, "fields": ["comment"]}
    assert api.ids("tasks", _any_=pattern, project=[None]) == [outside]
    assert api.ids("tasks", _any_=pattern, project=[f"-{project}"]) == [outside]
    assert api.ids("tasks", _any_=pattern, project=[project, None]) == [inside, outside]


def test_types_are_found_whatever_the_case_of_letters(api):
    project = api.project()
    training, testing = api.task(project=project), api.task(project=project, type="testing")
    assert api.ids("tasks", project=[project], type=["Testing"]) == [testing]
    assert api.ids("tasks", project=[project], type=["-TESTING"]) == [training]


def test_a_name_is_a_regular_expression(api):
    project = api.project()
    one = api.task(project=project, name="some (one)")
    api.task(project=project, name="someone")
    assert api.ids("tasks", project=[project], name=r"^some \(one\)$") == [one]
    assert api.refusal("tasks.get_all", name="[") == (400, 21)
    assert api.refusal("tasks.get_all", _any_={"pattern": "*", "fields": ["name"]}) == (400, 21)


def test_a_pattern_is_looked_for_whatever_the_case_of_letters(api):
    task = api.task(name=api.unique("UPPER"))
    name = api.get_task(task)["name"]
    assert api.ids("tasks", _any_={"pattern": name.lower(), "fields": ["name"]}) == [task]


def test_an_unknown_filter_does_not_filter(api):
    task = api.task()
    assert api.ids("tasks", id=[task], method="get", no_such_field=["x"], allow_public=False) == [task]


@pytest.mark.parametrize("filters", [{"ids": [[]]}, {"metadata.k.value": [{}]}, {"company": [["a"]]}])
def test_a_filter_is_made_of_plain_values(api, filters):
    assert api.refusal("models.get_all", **filters) == (400, 12)


def test_dotted_filters(api):
    model = api.model(metadata=[{"key": "auc", "type": "float", "value": "0.9"}])
    api.model(metadata=[{"key": "auc", "type": "float", "value": "0.8"}])
    assert api.ids("models", **{"metadata.auc.value": ["0.9"], "id": [model]}) == [model]
    assert api.ids("models", **{"metadata.auc.value": "0.9", "id": [model]}) == [model]
    assert api.ids("models", **{"metadata.auc.value": ["0.1"], "id": [model]}) == []
    task = api.task(hyperparams={"Args": {"lr": {"section": "Args", "name": "lr", "value": "7"}}}, runtime={"a": "b"})
    assert api.ids("tasks", **{"hyperparams.Args.lr.value": ["7"], "id": [task]}) == [task]
    assert api.ids("tasks", **{"hyperparams.Args.lr.value": ["8"], "id": [task]}) == []
    api.ok("tasks.add_or_update_model", task=task, name="net", type="input", model=model)
    assert api.ids("tasks", **{"models.input.model": [model]}) == [task]


def test_dates(api):
    first, second = api.task(), api.task("in_progress")
    changed = api.get_task(second)["status_changed"]

    def found(*limits):
        return api.ids("tasks", id=[first, second], status_changed=list(limits), order_by=["status_changed"])

    assert found(f">={changed}") == [second]
    assert found(f"<{changed}") == [first]
    assert found(">=2020-01-01", "<=2100-01-01T00:00:00Z") == [first, second]
    assert found("> 2100-01-01 00:00:00") == []
    assert found(">1577836800", "<4102444800.5") == [first, second]
    assert found("<1577836800") == []
    assert api.refusal("tasks.get_all", status_changed=[">=yesterday"]) == (400, 12)
    model = api.model()
    assert api.ids("models", id=[model], last_update=">2020-01-01") == [model]


def test_numbers_are_filtered_by_their_range(api):
    task = api.task("in_progress")
    model = api.model()
    api.ok("tasks.add_or_update_model", task=task, name="net", type="output", model=model, iteration=5)
    assert api.ids("tasks", id=[task], last_iteration=[5, None]) == [task]
    assert api.ids("tasks", id=[task], last_iteration=[None, 4]) == []


@pytest.mark.parametrize("collection", ["tasks", "projects"])
def test_what_is_hidden_is_left_out_unless_asked_for(api, collection):
    word = api.unique()
    make = {"tasks": lambda **f: api.task(**f), "projects": lambda **f: api.project(**f)}[collection]
    shown, hidden = make(name=f"{word} shown"), make(name=f"{word} hidden", system_tags=["hidden"])
    assert api.ids(collection, name=word) == [shown]
    assert api.ids(collection, name=word, search_hidden=True) == [shown, hidden]
    assert api.ids(collection, id=[hidden]) == [hidden]


def test_search_text_is_found_anywhere(api):
    word = api.unique()
    task = api.task(hyperparams={"Args": {"x": {"section": "Args", "name": "x", "value": f"in {word} here"}}})
    assert api.ids("tasks", search_text=word) == [task]
    assert api.ids("tasks", search_text=word + "x") == []


def test_only_fields_choose_and_keep_the_shape(api):
    task = api.task(script={"repository": "r", "branch": "b"}, tags=["t"])

    def chosen(*fields, endpoint="tasks.get_all"):
        return api.ok(endpoint, id=[task], only_fields=list(fields))["tasks"][0]

    assert chosen("status") == {"status": "created"}
    assert chosen("script.branch", "tags") == {"script": {"branch": "b"}, "tags": ["t"]}
    assert chosen("script.branch", "script") == {"script": {"repository": "r", "branch": "b"}}
    assert chosen("comment") == {}
    assert chosen("execution.artifacts.key") == {"execution": {"artifacts": []}}
    assert chosen("status", endpoint="tasks.get_all_ex") == {"id": task, "status": "created"}


@pytest.mark.parametrize(
    ("collection", "field"),
    [("tasks", "no_such_field"), ("tasks", "script.no_such"), ("tasks", "name.more"), ("models", "x"), ("queues", "x")],
)
def test_unknown_fields_are_refused(api, collection, field):
    assert api.refusal(f"{collection}.get_all", only_fields=[field]) == (400, 14)
    assert api.refusal(f"{collection}.get_all", order_by=[f"-{field}"]) == (400, 14)


def test_the_order_may_follow_a_metric(api):
    metric = "last_metrics.0cc175b9c0f1b6a831c399e269772661.92eb5ffee6ae2fec3ad71c777531578f.value"
    project = api.project()
    tasks = [api.task(project=project) for _ in range(3)]
    for task, value in zip(tasks, (2.0, 3.0, 1.0), strict=True):
        document = api.store.documents.get("tasks", task)
        variant = {"metric": "a", "variant": "b", "value": value}
        document["last_metrics"] = {metric.split(".")[1]: {metric.split(".")[2]: variant}}
        api.store.documents.put("tasks", document)
    assert api.ids("tasks", project=[project], order_by=[f"-{metric}"]) == [tasks[1], tasks[0], tasks[2]]


def test_an_answer_holds_five_hundred_at_most(api):
    project = api.project()
    document = api.get_task(api.task(project=project))
    for number in range(501):
        api.store.documents.put("tasks", {**document, "id": f"{project}-{number}"})
    assert len(api.ids("tasks", project=[project])) == 500
    assert len(api.ids("tasks", project=[project], page=0, page_size=1000)) == 500
    assert len(api.ids("tasks", project=[project], page=1, page_size=500)) == 2
    for number in range(501):
        api.store.documents.delete("tasks", f"{project}-{number}")


def test_nested_filters_of_tags(api):
    project = api.project()
    red, both = api.task(project=project, tags=["red"]), api.task(project=project, tags=["big", "red"])

    def found(**tags):
        return api.ids("tasks", project=[project], filters={"tags": tags})

    assert found(any={"include": ["big", "old"]}) == [both]
    assert found(all={"include": ["red"], "exclude": ["big"]}) == [red]
    assert api.refusal("tasks.get_all", filters={"tags": {"any": {"include": "red"}}}) == (400, 12)
    assert api.refusal("tasks.get_all", filters=1) == (400, 12)


def test_pages_and_scrolling_see_everything_once(api):
    project = api.project()
    tasks = [api.task(project=project, name=f"step {i}") for i in range(5)]
    pages = [api.ids("tasks", project=[project], page=page, page_size=2) for page in range(4)]
    assert pages == [tasks[:2], tasks[2:4], tasks[4:], []]
    scrolled, scroll_id = [], None
    while True:
        answer = api.ok("tasks.get_all", project=[project], size=2, scroll_id=scroll_id, order_by=["-name"])
        if not answer["tasks"]:
            break
        scrolled += [task["id"] for task in answer["tasks"]]
        scroll_id = answer["scroll_id"]
    assert scrolled == tasks[::-1]
    assert api.refusal("tasks.get_all", scroll_id="nonsense") == (400, 12)


def test_the_ex_actions_put_documents_in_the_place_of_ids(api):
    name = api.unique("project")
    project, queue, parent = api.project(name), api.queue(), api.task(name="the parent")
    task = api.task(project=project, parent=parent)
    api.ok("tasks.enqueue", task=task, queue=queue)
    fields = ["project.name", "parent.name", "execution.queue.name", "user.name", "company.name"]
    found = api.ok("tasks.get_all_ex", id=[task], only_fields=fields)["tasks"][0]
    assert found["project"] == {"id": project, "name": name}
    assert found["parent"] == {"id": parent, "name": "the parent"}
    assert found["execution"]["queue"]["id"] == queue
    assert found["user"]["name"]
    assert found["company"]["name"]
    assert api.refusal("tasks.get_all_ex", id=[task], only_fields=["project.nonsense"]) == (400, 14)

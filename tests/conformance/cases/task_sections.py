"""Tasks: hyperparameters, configuration objects, artifacts and models."""

from __future__ import annotations

from tests.conformance.expectations import equal
from tests.conformance.payloads import param


def case_hyper_params_merge_and_replace(s):
    task = s.task()
    s.ok(
        "tasks.edit_hyper_params",
        task=task,
        hyperparams=[
            param("Args", "lr", "0.1", type="float", description="rate"),
            param("Args", "epochs", "3"),
            param("Other", "k", "v"),
        ],
    )
    s.ok("tasks.edit_hyper_params", task=task, hyperparams=[param("Args", "lr", "0.2")])
    equal(
        s.get_task(task)["hyperparams"]["Args"],
        {"lr": param("Args", "lr", "0.2"), "epochs": param("Args", "epochs", "3")},
        "merged section",
    )
    s.ok("tasks.edit_hyper_params", task=task, hyperparams=[param("Args", "only", "1")], replace_hyperparams="section")
    equal(
        {k: sorted(v) for k, v in s.get_task(task)["hyperparams"].items()},
        {"Args": ["only"], "Other": ["k"]},
        "replaced section",
    )
    s.ok("tasks.edit_hyper_params", task=task, hyperparams=[param("New", "n", "1")], replace_hyperparams="all")
    equal(s.get_task(task)["hyperparams"], {"New": {"n": param("New", "n", "1")}}, "replaced whole")
    s.refused("tasks.edit_hyper_params", 400, 12, task=task, hyperparams=[param("New", "n", 1)])


def case_hyper_params_of_a_running_task(s):
    task = s.task("in_progress")
    s.refused("tasks.edit_hyper_params", 400, 110, task=task, hyperparams=[param("Args", "x", "1")])
    s.ok("tasks.edit_hyper_params", task=task, hyperparams=[param("Args", "x", "1")], force=True)
    s.ok("tasks.edit_hyper_params", task=task, hyperparams=[param("properties", "note", "user property")])
    equal(sorted(s.get_task(task)["hyperparams"]), ["Args", "properties"], "sections")


def case_configuration_edit_and_delete(s):
    task = s.task()
    s.ok(
        "tasks.edit_configuration",
        task=task,
        configuration=[
            {"name": "net", "value": "layers: 3", "type": "yaml", "description": "d"},
            {"name": "data.v1", "value": "x"},
        ],
    )
    s.ok("tasks.edit_configuration", task=task, configuration=[{"name": "net", "value": "layers: 4"}])
    equal(
        s.get_task(task)["configuration"],
        {"net": {"name": "net", "value": "layers: 4"}, "data.v1": {"name": "data.v1", "value": "x"}},
        "configuration",
    )
    names = s.ok("tasks.get_configuration_names", tasks=[task])["configurations"]
    equal(names, [{"task": task, "names": ["data.v1", "net"]}], "names")
    equal(s.ok("tasks.delete_configuration", task=task, configuration=["net"])["deleted"], 1, "deleted")
    got = s.ok("tasks.get_configurations", tasks=[task])["configurations"]
    equal(got, [{"task": task, "configuration": [{"name": "data.v1", "value": "x"}]}], "after deletion")


def case_artifacts_are_keyed_by_name_and_mode(s):
    task = s.task()
    first = {
        "key": "data",
        "type": "dict",
        "uri": "https://storage.example/1",
        "hash": "h",
        "content_size": 5,
        "timestamp": 1700000000,
        "type_data": {"preview": "p", "content_type": "text/plain"},
    }
    equal(s.ok("tasks.add_or_update_artifacts", task=task, artifacts=[first])["updated"], 1, "updated")
    got = s.get_task(task)["execution"]["artifacts"]
    equal([{k: v for k, v in a.items() if k != "display_data"} for a in got], [{**first, "mode": "output"}], "artifact")
    s.ok(
        "tasks.add_or_update_artifacts",
        task=task,
        artifacts=[{**first, "uri": "https://storage.example/2"}, {"key": "data", "type": "dict", "mode": "input"}],
    )
    got = {(a["key"], a["mode"]): a.get("uri") for a in s.get_task(task)["execution"]["artifacts"]}
    equal(got, {("data", "output"): "https://storage.example/2", ("data", "input"): None}, "after the update")
    s.ok("tasks.delete_artifacts", task=task, artifacts=[{"key": "data"}])
    equal([a["mode"] for a in s.get_task(task)["execution"]["artifacts"]], ["input"], "after deletion")
    s.refused("tasks.add_or_update_artifacts", 400, 110, task=s.task("completed"), artifacts=[first])


def case_task_models_add_replace_delete(s):
    task, one, two = s.task(), s.model(), s.model()
    s.ok("tasks.add_or_update_model", task=task, name="net", type="output", model=one)
    s.ok("tasks.add_or_update_model", task=task, name="net", type="output", model=two)
    s.ok("tasks.add_or_update_model", task=task, name="base", type="input", model=one)
    models = s.get_task(task)["models"]
    equal([(m["name"], m["model"]) for m in models["output"]], [("net", two)], "output models")
    equal([(m["name"], m["model"]) for m in models["input"]], [("base", one)], "input models")
    s.ok("tasks.delete_models", task=task, models=[{"name": "net", "type": "output"}])
    equal(s.get_task(task)["models"]["output"], [], "after deletion")

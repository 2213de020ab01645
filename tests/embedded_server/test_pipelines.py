"""Pipelines: started anew from the task of an earlier run."""

from __future__ import annotations


def argument(name, value, **more):
    return {"section": "Args", "name": name, "value": value, **more}


def test_a_pipeline_starts_again_with_other_arguments(api):
    queue = api.queue()
    first = api.task("completed", type="controller", system_tags=["pipeline"], hyperparams={
        "Args": {"n": argument("n", "1", type="int"), "m": argument("m", "2")}})  # fmt: skip
    arguments = [{"name": "n", "value": "5"}, {"name": "new", "value": None}]
    answer = api.ok("pipelines.start_pipeline", task=first, queue=queue, args=arguments)
    made = api.get_task(answer["pipeline"])
    assert (answer["enqueued"], made["status"], api.waiting(queue)) == (True, "queued", [made["id"]])
    assert made["hyperparams"]["Args"] == {
        "n": argument("n", "5", type="int"), "m": argument("m", "2"), "new": argument("new", ""),
    }  # fmt: skip
    assert (made["type"], made["system_tags"]) == ("controller", ["pipeline"])


def test_without_a_queue_the_default_one_takes_it(api):
    made = api.ok("pipelines.start_pipeline", task=api.task())["pipeline"]
    assert made in api.waiting(api.ok("queues.get_default")["id"])
    api.ok("tasks.delete", task=made, force=True)


def test_what_it_names_must_exist(api):
    assert api.refusal("pipelines.start_pipeline", task=api.unknown) == (400, 101)
    assert api.refusal("pipelines.start_pipeline", task=api.task(), queue=api.unknown) == (400, 701)
    assert api.refusal("pipelines.start_pipeline", task=api.task(), args=[{"value": "1"}]) == (400, 12)

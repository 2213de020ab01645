"""Queues: made, filled, emptied in order."""

from __future__ import annotations

import pytest


def get(api, queue):
    return api.ok("queues.get_by_id", queue=queue)["queue"]


@pytest.fixture
def line(api):
    """A queue with four tasks, and how they stand in it."""

    class Line:
        queue = api.queue()
        tasks = tuple(api.task() for _ in range(4))

        def move(self, how, place, **more):
            task = self.tasks["abcd".index(place)]
            return api.ok(f"queues.move_task_{how}", queue=self.queue, task=task, **more)["position"]

        def __str__(self):
            return "".join("abcd"[self.tasks.index(task)] for task in api.waiting(self.queue))

    made = Line()
    for task in made.tasks:
        api.ok("tasks.enqueue", task=task, queue=made.queue)
    return made


def test_a_name_is_unique_and_long_enough(api):
    name = api.unique("queue")
    queue = api.ok("queues.create", name=name)["id"]
    assert api.refusal("queues.create", name=name) == (400, 801)
    assert api.refusal("queues.create", name="ab") == (400, 800)
    other = api.queue()
    assert api.refusal("queues.update", queue=other, name=name) == (400, 801)
    assert api.ok("queues.update", queue=queue, name=name, tags=["b", "a"])["updated"] == 1
    assert get(api, queue)["tags"] == ["a", "b"]


def test_the_default_queue_is_always_there(api):
    default = api.ok("queues.get_default")
    assert api.ok("queues.get_default") == default
    task = api.task()
    api.ok("tasks.enqueue", task=task)
    assert task in api.waiting(default["id"])
    api.ok("tasks.dequeue", task=task)


@pytest.mark.parametrize(
    ("how", "place", "more", "position", "order"),
    [
        ("to_front", "c", {}, 0, "cabd"),
        ("to_back", "b", {}, 3, "acdb"),
        ("forward", "c", {}, 1, "acbd"),
        ("forward", "d", {"count": 2}, 1, "adbc"),
        ("forward", "b", {"count": 9}, 0, "bacd"),
        ("backward", "a", {}, 1, "bacd"),
        ("backward", "a", {"count": 9}, 3, "bcda"),
    ],
)
def test_moves_clamp_to_the_ends(line, how, place, more, position, order):
    assert line.move(how, place, **more) == position
    assert str(line) == order


def test_the_next_task_comes_from_the_front(api, line):
    assert api.ok("queues.peek_task", queue=line.queue)["task"] == line.tasks[0]
    assert api.ok("queues.get_num_entries", queue=line.queue)["num"] == 4
    answer = api.ok("queues.get_next_task", queue=line.queue, get_task_info=True)
    assert answer["entry"]["task"] == line.tasks[0]
    assert answer["task_info"]["user"] == api.get_task(line.tasks[0])["user"]
    assert str(line) == "bcd"
    assert api.get_task(line.tasks[0])["status"] == "queued"


def test_an_empty_queue_has_no_next_task(api):
    queue = api.queue()
    assert api.ok("queues.get_next_task", queue=queue) == {}
    assert api.ok("queues.peek_task", queue=queue) == {}


def test_entries_can_be_cut_short(api, line):
    queue = api.ok("queues.get_by_id", queue=line.queue, max_task_entries=2)["queue"]
    assert len(queue["entries"]) == 2


def test_add_task_and_remove_task_leave_the_task_alone(api):
    queue, task = api.queue(), api.task()
    for one in (task, api.unknown):
        assert api.ok("queues.add_task", queue=queue, task=one)["added"] == 1
    assert api.refusal("queues.add_task", queue=queue, task=task) == (400, 706)
    assert api.waiting(queue) == [task, api.unknown]
    assert api.get_task(task)["status"] == "created"
    api.ok("tasks.enqueue", task=(other := api.task()), queue=queue)
    assert api.ok("queues.remove_task", queue=queue, task=other)["removed"] == 1
    assert api.get_task(other)["status"] == "queued"
    assert api.refusal("queues.remove_task", queue=queue, task=other) == (400, 703)


def test_deleting_a_queue_by_force_frees_its_tasks(api, line):
    assert api.refusal("queues.delete", queue=line.queue) == (400, 702)
    api.ok("queues.delete", queue=line.queue, force=True)
    assert {api.get_task(task)["status"] for task in line.tasks} == {"created"}
    assert api.refusal("queues.get_by_id", queue=line.queue) == (400, 701)


def test_the_ex_action_names_the_tasks(api, line):
    found = api.ok("queues.get_all_ex", id=[line.queue])["queues"][0]
    assert [entry["task"]["id"] for entry in found["entries"]] == list(line.tasks)
    assert all(entry["task"]["name"] and entry["added"] for entry in found["entries"])
    assert found["workers"] == []
    named = api.ok("queues.get_all_ex", id=[line.queue], only_fields=["name"])["queues"][0]
    assert sorted(named) == ["id", "name"]


def test_metrics_tell_the_length_now(api, line):
    times = {"from_date": 0, "to_date": 9e9, "interval": 60}
    metrics = api.ok("queues.get_queue_metrics", queue_ids=[line.queue], **times)
    assert metrics["queues"][0]["queue_lengths"] == [4]
    assert [one["queue"] for one in api.ok("queues.get_queue_metrics", **times)["queues"]] == ["all"]


def test_who_enqueues_may_ask_whether_anybody_listens(api):
    queue = api.queue()

    def enqueue():
        return api.ok("tasks.enqueue", task=api.task(), queue=queue, verify_watched_queue=True)["queue_watched"]

    assert enqueue() is False
    api.ok("workers.register", worker=(worker := api.unique("host")), queues=[queue])
    assert enqueue() is True
    many = api.ok("tasks.enqueue_many", ids=[api.task()], queue=queue, verify_watched_queue=True)
    assert many["queue_watched"] is True
    api.ok("workers.unregister", worker=worker)


def test_metadata(api):
    queue, entry = api.queue(), {"key": "k", "type": "str", "value": "v"}
    api.ok("queues.add_or_update_metadata", queue=queue, metadata=[entry])
    api.ok("queues.add_or_update_metadata", queue=queue, metadata=[{**entry, "key": "l"}], replace_metadata=True)
    assert sorted(get(api, queue)["metadata"]) == ["l"]
    api.ok("queues.delete_metadata", queue=queue, keys=["l", "missing"])
    assert get(api, queue)["metadata"] == {}

"""Queues: where tasks wait, and in which order."""

from __future__ import annotations

from tests.conformance.expectations import check, equal
from tests.conformance.server import UNKNOWN, unique


def case_queue_create_rules(s):
    name = unique("queue")
    queue = s.queue(name, tags=["gpu"])
    s.refused("queues.create", 400, 801, name=name)
    s.refused("queues.create", 400, 800, name="ab")
    got = s.get_queue(queue)
    equal((got["name"], got["tags"], got["system_tags"], got["entries"]), (name, ["gpu"], [], []), "queue")
    equal(
        s.ok("queues.get_all", name=f"^{name}$", only_fields=["id", "name"])["queues"],
        [{"id": queue, "name": name}],
        "by name",
    )
    s.refused("queues.get_by_id", 400, 701, queue=UNKNOWN)
    default = s.ok("queues.get_default")
    equal(s.get_queue(default["id"])["name"], default["name"], "name of the default queue")


def case_enqueue_and_dequeue(s):
    task, queue = s.task(), s.queue()
    data = s.ok("tasks.enqueue", task=task, queue=queue)
    equal((data["queued"], data["fields"]["status"]), (1, "queued"), "answer to enqueue")
    got = s.get_task(task)
    equal((got["status"], got["execution"]["queue"]), ("queued", queue), "queued task")
    s.refused("tasks.enqueue", 400, 706, task=task, queue=queue)
    s.refused("tasks.enqueue", 400, 701, task=s.task(), queue=UNKNOWN)
    equal(s.ok("tasks.dequeue", task=task)["dequeued"], 1, "dequeued")
    equal((s.status(task), s.queued(queue)), ("created", []), "after dequeue")
    s.refused("tasks.enqueue", 400, 110, task=s.task("in_progress"), queue=queue)


def case_queue_order(s):
    queue = s.queue()
    a, b, c, d = tasks = [s.task() for _ in range(4)]
    for task in tasks:
        s.ok("tasks.enqueue", task=task, queue=queue)
    equal(s.queued(queue), tasks, "first in, first out")
    equal(s.ok("queues.move_task_to_front", queue=queue, task=c)["position"], 0, "position at the front")
    equal(s.queued(queue), [c, a, b, d], "after move_task_to_front")
    equal(s.ok("queues.move_task_forward", queue=queue, task=d)["position"], 2, "position one forward")
    equal(s.queued(queue), [c, a, d, b], "after move_task_forward")
    equal(s.ok("queues.move_task_backward", queue=queue, task=c, count=2)["position"], 2, "position two backward")
    equal(s.queued(queue), [a, d, c, b], "after move_task_backward")
    equal(s.ok("queues.move_task_to_back", queue=queue, task=a)["position"], 3, "position at the back")
    equal(s.queued(queue), [d, c, b, a], "after move_task_to_back")


def case_get_next_task_takes_from_the_front(s):
    queue = s.queue()
    first, second = s.task(), s.task()
    s.ok("tasks.enqueue", task=first, queue=queue)
    s.ok("tasks.enqueue", task=second, queue=queue)
    equal(s.ok("queues.get_num_entries", queue=queue)["num"], 2, "entries")
    entry = s.ok("queues.get_next_task", queue=queue)["entry"]
    equal(entry["task"], first, "next task")
    check("T" in entry["added"], "the entry has no time of addition")
    equal((s.queued(queue), s.status(first)), ([second], "queued"), "queue and status after get_next_task")
    s.ok("queues.get_next_task", queue=queue)
    equal(s.ok("queues.get_next_task", queue=queue), {}, "next task of an empty queue")
    s.refused("queues.get_next_task", 400, 701, queue=UNKNOWN)


def case_queue_delete(s):
    queue, task = s.queue(), s.task()
    s.ok("tasks.enqueue", task=task, queue=queue)
    s.refused("queues.delete", 400, 702, queue=queue)
    equal(s.ok("queues.delete", queue=queue, force=True)["deleted"], 1, "deleted")
    s.refused("queues.get_by_id", 400, 701, queue=queue)
    equal(s.status(task), "created", "status of the task that waited in the queue")
    s.refused("queues.delete", 400, 701, queue=queue)


def case_queue_metadata(s):
    queue = s.queue()
    entry = {"key": "owner", "type": "str", "value": "me"}
    s.ok("queues.add_or_update_metadata", queue=queue, metadata=[entry])
    s.ok("queues.add_or_update_metadata", queue=queue, metadata=[{**entry, "value": "you"}])
    equal(s.get_queue(queue)["metadata"], {"owner": {**entry, "value": "you"}}, "metadata")
    s.ok("queues.delete_metadata", queue=queue, keys=["owner"])
    equal(s.get_queue(queue)["metadata"], {}, "metadata after deletion")


def case_queue_remove_task_leaves_the_status(s):
    queue, task = s.queue(), s.task()
    s.ok("tasks.enqueue", task=task, queue=queue)
    equal(s.ok("queues.remove_task", queue=queue, task=task)["removed"], 1, "removed")
    equal((s.queued(queue), s.status(task)), ([], "queued"), "queue and status")
    s.refused("queues.remove_task", 400, 703, queue=queue, task=task)

"""Workers: known by their reports, forgotten without them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Api


def worker(api: Api, name: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = api.ok("workers.get_all", last_seen=0)["workers"]
    return next((one for one in found if one["id"] == name), None)


def status_report(api: Api, name: str, **more: Any) -> None:
    api.ok("workers.status_report", worker=name, timestamp=int(time.time() * 1000), **more)


def test_a_registered_worker_is_listed_with_the_names_of_its_queues(api: Api) -> None:
    name, queue, waiting = api.unique("host"), api.queue(), api.task()
    api.ok("tasks.enqueue", task=waiting, queue=queue)
    api.ok("workers.register", worker=name, queues=[queue], tags=["gpu"])
    found = worker(api, name)
    assert found is not None
    assert (found["queues"][0]["id"], found["queues"][0]["num_tasks"], found["tags"]) == (queue, 1, ["gpu"])
    assert found["queues"][0]["next_task"]["id"] == waiting
    assert found["user"]["name"]
    assert "task" not in found


def test_a_report_makes_a_worker_known_and_tells_the_task(api: Api) -> None:
    name, task = api.unique("host"), api.task("in_progress")
    before = api.get_task(task)
    status_report(api, name, task=task)
    found, after = worker(api, name), api.get_task(task)
    assert found is not None
    assert found["task"]["id"] == task
    assert (after["last_worker"], after["last_update"] > before["last_update"]) == (name, True)


def test_a_report_without_a_task_ends_it(api: Api) -> None:
    name, task = api.unique("host"), api.task("in_progress")
    status_report(api, name, task=task, queue=(queue := api.queue()))
    assert worker(api, name)["queue"]["id"] == queue
    status_report(api, name)
    found = worker(api, name)
    assert found is not None
    assert not {"task", "queue"} & set(found)


def test_a_report_on_a_deleted_task_is_no_error(api: Api) -> None:
    name = api.unique("host")
    status_report(api, name, task=api.unknown, queue=api.unknown, queues=[api.unknown])
    assert worker(api, name)


def test_unregistering(api: Api) -> None:
    name = api.unique("host")
    api.ok("workers.register", worker=name)
    api.ok("workers.unregister", worker=name)
    assert worker(api, name) is None
    assert api.refusal("workers.unregister", worker=name)[0] == 400


def test_unknown_queue_is_refused(api: Api) -> None:
    assert api.refusal("workers.register", worker=api.unique("host"), queues=[api.unknown]) == (400, 701)


def test_a_worker_that_does_not_report_in_time_is_forgotten(api: Api) -> None:
    name = api.unique("host")
    api.ok("workers.register", worker=name, timeout=1)
    assert worker(api, name)
    deadline = time.monotonic() + 10
    while worker(api, name):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_last_seen_and_tags_filter(api: Api) -> None:
    name, tag = api.unique("host"), api.unique("tag")
    api.ok("workers.register", worker=name, tags=[tag, "old"])
    assert [one["id"] for one in api.ok("workers.get_all", tags=[tag])["workers"]] == [name]
    assert api.ok("workers.get_all", tags=[tag, "-old"])["workers"] == []
    assert api.ok("workers.get_count", tags=[tag])["count"] == 1


def test_statistics_of_machines(api: Api) -> None:
    name = api.unique("host")
    status_report(api, name, machine_stats={"cpu_usage": [10.0, 30.0], "memory_used": 100})
    now = time.time()
    items = [{"key": "cpu_usage", "category": "avg"}, {"key": "cpu_usage", "category": "max"},
             {"key": "memory_used", "category": "min"}]  # fmt: skip
    request = {"worker_ids": [name], "from_date": now - 60, "to_date": now + 60, "interval": 3600, "items": items}
    found = api.ok("workers.get_stats", **request)["workers"][0]["metrics"]
    values = {(one["metric"], stat["aggregation"]): stat["values"] for one in found for stat in one["stats"]}
    assert values == {("cpu_usage", "avg"): [20.0], ("cpu_usage", "max"): [30.0], ("memory_used", "min"): [100.0]}
    split = api.ok("workers.get_stats", **request, split_by_variant=True)["workers"][0]["metrics"]
    assert [one["variant"] for one in split if one["metric"] == "cpu_usage"] == ["0", "1"]


def test_an_agent_sends_fractions_and_averages(api: Api) -> None:
    name = api.unique("host")
    status_report(api, name, machine_stats={"cpu_usage": 12.5, "memory_used": 512.25, "disk_free_percent": 40.1})
    now = time.time()
    request = {"worker_ids": [name], "from_date": now - 60, "to_date": now + 60, "interval": 3600}
    found = api.ok("workers.get_stats", **request, items=[{"key": "memory_used"}, {"key": "cpu_usage"}])["workers"][0]
    assert [stat["values"] for one in found["metrics"] for stat in one["stats"]] == [[512.25], [12.5]]
    for nonsense in ("text", ["text"], {"memory_used": "much"}, None):
        status_report(api, name, machine_stats=nonsense)


def test_activity(api: Api) -> None:
    status_report(api, api.unique("host"), task=api.task("in_progress"))
    status_report(api, api.unique("host"))
    now = time.time()
    found = api.ok("workers.get_activity_report", from_date=now - 60, to_date=now + 60, interval=3600)
    assert sum(found["total"]["counts"]) > sum(found["active"]["counts"]) >= 1


@pytest.mark.parametrize("change", [{"interval": 0}, {"to_date": 0}, {"from_date": 0, "interval": 1}])
def test_absurd_times_are_refused(api: Api, change: dict[str, Any]) -> None:
    now = time.time()
    request = {"from_date": now - 60, "to_date": now, "interval": 60, **change}
    assert api.refusal("workers.get_activity_report", **request) == (400, 12)

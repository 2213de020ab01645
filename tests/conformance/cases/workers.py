"""Workers: what agents tell of themselves."""

from __future__ import annotations

from tests.conformance.expectations import check, equal
from tests.conformance.payloads import now_ms
from tests.conformance.server import unique


def case_worker_register_report_unregister(s):
    worker, queue, task = unique("host") + ":0", s.queue(), s.task("in_progress")
    s.ok("workers.register", worker=worker, queues=[queue], timeout=600)
    entry = s.worker(worker)
    equal([q["id"] for q in entry["queues"]], [queue], "queues of the worker")
    check("task" not in entry, "a worker without a task has one")
    s.ok(
        "workers.status_report",
        worker=worker,
        timestamp=now_ms(),
        queues=[queue],
        queue=queue,
        task=task,
        machine_stats={"cpu_usage": [10.0, 20.0], "memory_used": 100, "memory_free": 900, "gpu_usage": [5.0]},
    )
    entry = s.worker(worker)
    equal((entry["task"]["id"], entry["queue"]["id"]), (task, queue), "task and queue of the worker")
    check(entry["last_activity_time"] >= entry["register_time"], "last_activity_time is before register_time")
    equal(s.get_task(task)["last_worker"], worker, "last_worker of the task")
    s.ok("workers.unregister", worker=worker)
    equal(s.worker(worker), None, "worker after unregister")

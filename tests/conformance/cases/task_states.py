"""Tasks: edited, and moved from state to state."""

from __future__ import annotations

from tests.conformance.expectations import check, equal
from tests.conformance.server import UNKNOWN


def case_task_edit_needs_created_or_force(s):
    task = s.task()
    data = s.ok("tasks.edit", task=task, type="testing", script={"repository": "r"}, runtime={"a": "1"})
    equal(data["updated"], 1, "updated")
    s.ok("tasks.edit", task=task, runtime={"b": "2"})
    equal(s.get_task(task)["runtime"], {"b": "2"}, "runtime, which is replaced as a whole")
    s.ok("tasks.started", task=task)
    s.refused("tasks.edit", 400, 110, task=task, comment="late")
    equal(s.ok("tasks.edit", task=task, comment="late", force=True)["updated"], 1, "updated by force")
    got = s.get_task(task)
    equal((got["type"], got["comment"], got["script"]["repository"]), ("testing", "late", "r"), "edited task")


def case_task_update_in_any_status(s):
    for status in ("created", "in_progress", "published"):
        task = s.task(status)
        data = s.ok("tasks.update", task=task, name="new name", tags=["t"], comment="c")
        equal((data["updated"], data["fields"]["name"]), (1, "new name"), f"answer in status {status}")
        equal(s.get_task(task)["tags"], ["t"], f"tags in status {status}")
    equal(s.ok("tasks.update", task=task)["updated"], 0, "updated by nothing")
    s.refused("tasks.update", 400, 800, task=task, name="ab")
    s.refused("tasks.update", 400, 101, task=UNKNOWN, name="anything")


# Statuses from which a move is legal without force. From any other it is 400/110, and legal with force.
MOVES = {
    "started": ("in_progress", {"created", "queued", "in_progress", "stopped", "completed"}),
    "stopped": ("stopped", {"queued", "in_progress", "stopped", "failed"}),
    "failed": ("failed", {"in_progress", "stopped", "failed"}),
    "completed": ("completed", {"in_progress", "stopped", "completed"}),
    "publish": ("published", {"stopped", "failed", "completed"}),
}


def legal_moves(s, action):
    target, legal = MOVES[action]
    for status in ("created", "queued", "in_progress", "stopped", "failed", "completed", "published"):
        task = s.task(status)
        if status in legal:
            data = s.ok(f"tasks.{action}", task=task, status_reason="why", status_message="how")
            equal(data["fields"]["status"], target, f"answered status, {action} from {status}")
        else:
            s.refused(f"tasks.{action}", 400, 110, task=task)
            equal(s.status(task), status, f"status after a refused {action}")
            s.ok(f"tasks.{action}", task=task, force=True, status_reason="why", status_message="how")
        got = s.get_task(task)
        equal(
            (got["status"], got["status_reason"], got["status_message"]),
            (target, "why", "how"),
            f"{action} from {status}",
        )


def case_task_moves_to_in_progress(s):
    legal_moves(s, "started")


def case_task_moves_to_stopped(s):
    legal_moves(s, "stopped")


def case_task_moves_to_completed(s):
    legal_moves(s, "completed")


def case_task_times_of_the_moves(s):
    task = s.task()
    check("started" not in s.get_task(task), "a new task has started")
    s.ok("tasks.started", task=task)
    started = s.get_task(task)["started"]
    s.ok("tasks.completed", task=task)
    done = s.get_task(task)
    check(done["completed"] >= started, "completed is before started")
    check(done["status_changed"] >= started, "status_changed is before started")
    s.ok("tasks.publish", task=task)
    check(s.get_task(task)["published"] >= done["completed"], "published is before completed")

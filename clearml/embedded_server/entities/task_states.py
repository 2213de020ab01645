"""The states of a task, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from embedded_server.errors import ApiError
from embedded_server.storage.documents import Document, timestamp

#: state -> states that may follow it. The genuine server's own, from outside: the name of a state is what it answers.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    state: frozenset(following.split())
    for state, following in {
        "created": "queued in_progress",
        "queued": "created in_progress stopped",
        "in_progress": "stopped failed created completed",
        "stopped": "closed created failed queued in_progress published publishing completed",
        "closed": "created failed published publishing stopped",
        "failed": "created stopped published queued",
        "completed": "published in_progress created",
        "publishing": "published",
        "published": "",
        "unknown": "",
    }.items()
}

#: states that may be announced again
REPEATABLE = frozenset({"created", "in_progress", "stopped", "failed", "completed"})
#: states in which a task has ended, one way or another
ENDED = frozenset({"stopped", "failed", "completed"})
#: what a run leaves on a task, and a new run must not find
_OF_THE_RUN = ("started", "completed", "published", "active_duration")


def require_status(task: Document, *expected: str) -> None:
    """Refuses what is possible in some states only.

    Raises:
        ApiError: 400/110, the task is in none of these states.
    """
    if task["status"] not in expected:
        raise ApiError(
            400, 110,
            f"Invalid task status: expected {' or '.join(expected)}, the status is {task['status']}: id={task['id']}",
            {"current_status": task["status"]},
        )  # fmt: skip


def is_legal(current: str, target: str) -> bool:
    """Whether a task may go from one state to another without force."""
    return target in TRANSITIONS.get(current, ()) or (current == target and target in REPEATABLE)


def require_legal(task: Document, target: str) -> None:
    """Refuses an illegal change of state.

    Raises:
        ApiError: 400/110.
    """
    require_status(task, *(state for state in TRANSITIONS if is_legal(state, target)))


def change(
    task: Document, target: str, user: str, reason: str = "", message: str = "", force: bool = False
) -> dict[str, Any]:
    """Brings a task into another state; the caller stores it.

    Args:
        task: the document, which is changed.
        target: the new state.
        user: id of who changes it.
        reason: why, for a machine.
        message: why, for a person.
        force: whatever the state is now.

    Returns:
        The fields that changed, as an action answers them.

    Raises:
        ApiError: 400/110, the state may not follow the current one.
    """
    if not force:
        require_legal(task, target)
    now = timestamp()
    fields: dict[str, Any] = {
        "status": target,
        "status_reason": reason,
        "status_message": message,
        "status_changed": now,
        "last_update": now,
        "last_change": now,
        "last_changed_by": user,
    }
    if target == "in_progress":
        if task["status"] != "in_progress" or "started" not in task:
            for name in _OF_THE_RUN:
                task.pop(name, None)
            fields["started"] = now
    elif target in ENDED and task["status"] != target:
        fields["completed"] = now
        if "started" in task:
            fields["active_duration"] = _seconds(task["started"], now)
    elif target == "published":
        fields["published"] = now
    if task["status"] == "queued" and target != "queued":
        task.pop("enqueue_status", None)
    task.update(fields)
    return fields


def forget_run(task: Document) -> None:
    """Takes from a task what its run has left on it."""
    for name in (*_OF_THE_RUN, "enqueue_status", "last_worker", "last_worker_report"):
        task.pop(name, None)
    task.update(last_iteration=0, last_metrics={}, unique_metrics=[], runtime={})
    task["output"] = {name: value for name, value in task["output"].items() if name == "destination"}
    task["execution"].pop("queue", None)
    task["execution"]["artifacts"] = [a for a in task["execution"]["artifacts"] if a.get("mode") == "input"]
    task["models"]["output"] = []


def _seconds(start: str, end: str) -> int:
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())

"""The task that a scenario runs as."""

from __future__ import annotations

from typing import Any

from tests.conformance.server import unique


def init(**more: Any) -> Any:
    """The process's own task, in a project of its own."""
    from clearml import Task

    defaults = {
        "project_name": unique("sdk"), "task_name": "scenario", "reuse_last_task_id": False,
        "auto_connect_frameworks": False, "auto_resource_monitoring": False,
    }  # fmt: skip
    return Task.init(**{**defaults, **more})

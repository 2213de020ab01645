"""What runs on this machine, and what the server's latest tasks are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.errors import BadInput
from pipelines.connection import configured_connection
from pipelines.launching import api_client
from pipelines.stack import Stack

LATEST_TASKS = 5


@dataclass(frozen=True)
class StackStatus:
    """The stack at one moment."""

    #: part -> what it does, in words; empty where it does not run
    parts: dict[str, str]
    #: id, name and status of the latest tasks, the newest first
    tasks: list[dict[str, str]]

    def as_json(self) -> dict[str, Any]:
        """The object that ``-o json`` prints."""
        return {"parts": self.parts, "tasks": self.tasks}

    def rows(self) -> list[str]:
        """Lines for a terminal."""
        width = max(len(name) for name in self.parts)
        lines = [f"{name:<{width}}  {text or 'not running'}" for name, text in self.parts.items()]
        return [*lines, *(f"{task['id']}  {task['status']:<12} {task['name']}" for task in self.tasks)]


def stack_status(stack: Stack) -> StackStatus:
    """Looks at processes and server; starts nothing."""
    configured = stack.is_server_configured
    server = agent = ""
    tasks: list[dict[str, str]] = []
    try:
        if configured or stack.server.is_running:
            connection = configured_connection(stack.home) if configured else stack.server.connection()
            connection.check()
            connection.apply()
            server = f"{'configured' if configured else 'embedded'}, API {connection.api}, web {connection.web}"
            tasks = _latest_tasks()
    except BadInput as error:
        server = str(error)
    if stack.agent.is_running:
        agent = f"serves the queue {stack.processes.purpose('agent').get('queue', '')!r}"
    pool = f"{stack.pool.address()}, {stack.pool.worker_count} workers" if stack.pool.is_running else ""
    return StackStatus({"server": server, "dask": pool, "agent": agent}, tasks)


def _latest_tasks() -> list[dict[str, str]]:
    fields = ["id", "name", "status"]
    found = api_client().tasks.get_all(
        only_fields=fields, order_by=["-last_update"], page=0, page_size=LATEST_TASKS, system_tags=["-archived"]
    )
    return [{field: str(getattr(task, field)) for field in fields} for task in found]

"""What names a document that is being deleted: ids of it are marked, so that nobody takes them for a living one."""

from __future__ import annotations

from typing import Any

from embedded_server.calls import Call
from embedded_server.entities.records import DELETED_PREFIX


def forget_task(call: Call, task: str) -> tuple[int, int]:
    """Marks a deleted task in its children and models; how many of each."""
    return _mark(call, "tasks", "parent", task), _mark(call, "models", "task", task)


def forget_model(call: Call, model: str) -> int:
    """Marks a deleted model in tasks and in the models that were derived from it; how many tasks."""
    _mark(call, "models", "parent", model)
    users = tasks_with_model(call, model)
    for task in users:
        for entries in task["models"].values():
            for entry in entries:
                if entry["model"] == model:
                    entry["model"] = DELETED_PREFIX + model
        for section in ("execution", "output"):
            if task[section].get("model") == model:
                task[section]["model"] = DELETED_PREFIX + model
        call.store.documents.put("tasks", task)
    return len(users)


def tasks_with_model(call: Call, model: str) -> list[dict[str, Any]]:
    """The tasks that have the model as input or output."""
    entries = "SELECT 1 FROM json_each(body, '$.models.{}') WHERE json_extract(value, '$.model') = ?"
    where = (
        f"EXISTS ({entries.format('input')}) OR EXISTS ({entries.format('output')})"
        " OR json_extract(body, '$.execution.model') = ? OR json_extract(body, '$.output.model') = ?"
    )
    return call.store.documents.query("tasks", where, [model] * 4)


def _mark(call: Call, collection: str, field: str, id: str) -> int:
    found = call.store.documents.find(collection, {field: id})
    for document in found:
        document[field] = DELETED_PREFIX + id
        call.store.documents.put(collection, document)
    return len(found)

"""What an experiment was told, and what it left: configuration, artifacts, code, surroundings."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from embedded_server.calls import Store
from embedded_server.storage.documents import Document
from embedded_server.web import stored_files
from embedded_server.web.experiment_row import link
from embedded_server.web.page import Content, NotThere, Visit

#: the sections of a search's hyperparameters in the order in which a person reads them; others follow by name
FIRST = ("Data", "Search", "Budget", "Pool", "Registry", "Args", "General")
PREVIEW = 256 << 10  # bytes of a file that a page shows
MOST_CHILDREN = 50  # the youngest
#: endings of files that a page can show as text
TEXTS = (".json", ".txt", ".csv", ".py", ".md", ".yaml", ".yml", ".toml", ".log", ".tsv", ".jsonl")


def configuration(task: Document) -> Content:
    """The hyperparameters by section, and the configuration objects."""
    sections = task.get("hyperparams") or {}
    objects = task.get("configuration") or {}
    return {
        "sections": [
            {
                "name": section,
                "parameters": [_parameter(name, item) for name, item in sorted((sections[section] or {}).items())],
            }
            for section in sorted(sections, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
        ],
        "objects": [
            {
                "name": name,
                "text": str(item.get("value") or ""),
                "type": item.get("type") or "",
                "description": item.get("description") or "",
            }
            for name, item in sorted(objects.items())
            if isinstance(item, dict)
        ],
    }


def _parameter(name: str, item: Any) -> dict[str, str]:
    given = item if isinstance(item, dict) else {"value": item}
    value = given.get("value")
    return {
        "name": name,
        "value": value if isinstance(value, str) else "" if value is None else json.dumps(value),
        "type": str(given.get("type") or ""),
        "description": str(given.get("description") or ""),
    }


def artifacts(store: Store, task: Document) -> list[dict[str, Any]]:
    """The artifacts, each with where to download it and what can be shown of it."""
    return [
        _artifact(store, task, artifact)
        for artifact in (task.get("execution") or {}).get("artifacts") or ()
        if isinstance(artifact, dict)
    ]


def _artifact(store: Store, task: Document, artifact: dict[str, Any]) -> dict[str, Any]:
    uri, key = artifact.get("uri"), str(artifact.get("key", ""))
    told = artifact.get("type_data") or {}
    is_here = isinstance(uri, str) and stored_files.path_of(store, uri) is not None
    return {
        "key": key,
        "type": artifact.get("type") or "",
        "mode": artifact.get("mode") or "output",
        "uri": uri or "",
        "link": stored_files.link(store, uri),
        "is_here": is_here,
        "size": artifact.get("content_size"),
        "hash": artifact.get("hash") or "",
        "moment": _moment(artifact.get("timestamp")),
        "preview": str(told.get("preview") or ""),
        "metadata": [
            {"name": str(item.get("key", "")), "value": str(item.get("value", ""))}
            for item in artifact.get("display_data") or ()
            if isinstance(item, dict)
        ],
        "content": f"/tasks/{task['id']}/artifact-text?key={quote(key, safe='')}"
        if is_here and str(uri).lower().endswith(TEXTS)
        else None,
    }


def _moment(seconds: Any) -> str | None:
    if not isinstance(seconds, (int, float)) or not 0 < seconds < 1e11:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def artifact_text(visit: Visit) -> Content:
    """The beginning of an artifact's file as text: ``text``, and whether that ``is_whole``."""
    task = visit.store.documents.get("tasks", visit.place("id"))
    found = (
        next((one for one in artifacts(visit.store, task) if one["key"] == visit.asked("key")), None) if task else None
    )
    path = stored_files.path_of(visit.store, found["uri"]) if found else None
    file = visit.store.files.find(path) if path else None
    if file is None:
        raise NotThere("There is no such artifact, or its file lies elsewhere.")
    with file.open("rb") as stream:
        content = stream.read(PREVIEW + 1)
    return {"text": content[:PREVIEW].decode("utf-8", "replace"), "is_whole": len(content) <= PREVIEW}


def info(store: Store, task: Document) -> Content:
    """Where its code comes from, what it needs, what it runs on, and whom it descends from."""
    script = task.get("script") or {}
    parent = store.documents.get("tasks", str(task.get("parent"))) if task.get("parent") else None
    children = store.documents.select(
        "tasks", ["id", "name", "status", "project"], "json_extract(body, '$.\"parent\"') = ?", [task["id"]]
    )
    queue = (task.get("execution") or {}).get("queue")
    known_queue = store.documents.get("queues", queue) if queue else None
    user = store.accounts.identity(str(task.get("user")))
    requirements = script.get("requirements") or {}
    return {
        "moments": [
            {"word": word, "moment": task[name]}
            for word, name in (
                ("Created", "created"), ("Started", "started"), ("Completed", "completed"), ("Published", "published"),
                ("Last update", "last_update"),
            )
            if task.get(name)
        ],
        "user": user.user_name if user else "",
        "queue": known_queue["name"] if known_queue else "",
        "parent": {"name": parent.get("name", ""), "link": link(parent)} if parent else None,
        "children": [
            {"name": name, "status": status, "link": link({"id": id_, "project": project})}
            for id_, name, status, project in list(children)[:-MOST_CHILDREN - 1:-1]
        ],
        "script": [
            {"name": word, "value": str(script[name])}
            for word, name in (
                ("Repository", "repository"), ("Branch", "branch"), ("Commit", "version_num"), ("Tag", "tag"),
                ("Folder", "working_dir"), ("Entry point", "entry_point"), ("Interpreter", "binary"),
            )
            if script.get(name)
        ],
        "diff": str(script.get("diff") or ""),
        "requirements": [{"name": name, "text": _text(text)} for name, text in sorted(requirements.items()) if text],
        "runtime": _pairs(task.get("runtime")),
        "container": _pairs(task.get("container")),
        "comment": task.get("comment") or "",
    }  # fmt: skip


def _text(value: Any) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _pairs(found: Any) -> list[dict[str, str]]:
    items = sorted(found.items()) if isinstance(found, dict) else ()
    return [
        {"name": name, "value": value if isinstance(value, str) else json.dumps(value)}
        for name, value in items
        if value
    ]

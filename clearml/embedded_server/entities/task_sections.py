"""The sections of a task that clients write as a whole, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from embedded_server.calls import Call, Request
from embedded_server.entities import records
from embedded_server.storage.documents import Document

#: sections of tasks.create and tasks.edit that are stored as they come
_PLAIN = ("type", "comment", "script", "container", "runtime", "input", "report", "report_assets")
#: the section of a hyperparameter that a client of old names without one
DEFAULT_SECTION = "Args"
LEGACY_TYPE = "legacy"
#: sections that a key of the old parameters may name before its first slash
_LEGACY_SECTIONS = ("TF_DEFINE",)


def from_request(call: Call, request: Request) -> dict[str, Any]:
    """The fields of a task that a create or edit request gives.

    Raises:
        ApiError: 800 for a short name, 16 for an unknown project, 101 for an unknown parent.
    """
    fields = {name: request[name] for name in _PLAIN if request.get(name) is not None}
    if request.get("name") is not None:
        fields["name"] = records.checked_name(request["name"])
    for name in ("tags", "system_tags"):
        if request.get(name) is not None:
            fields[name] = records.tags(request[name])
    if request.get("project"):
        fields["project"] = records.require(call, "projects", request["project"], subcode=16)["id"]
    if request.get("parent"):
        fields["parent"] = records.require(call, "tasks", request["parent"])["id"]
    if request.get("output_dest") is not None:
        fields["output"] = {"destination": request["output_dest"]} if request["output_dest"] else {}
    if request.get("models") is not None:
        fields["models"] = {kind: list(request["models"].get(kind) or ()) for kind in ("input", "output")}
    if request.get("configuration") is not None:
        fields["configuration"] = configuration(request["configuration"])
    if request.get("execution") is not None:
        fields["execution"] = execution(request["execution"])
    parameters = fields.get("execution", {}).pop("parameters", None) or {}
    if request.get("hyperparams") is not None or parameters:
        fields["hyperparams"] = hyperparams(request.get("hyperparams") or {}, parameters)
    if "execution" in fields:
        fields["execution"]["parameters"] = {}
    return fields


def hyperparams(sections: Mapping[str, Any], legacy: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Hyperparameters by section and name, each knowing both.

    Args:
        sections: section -> name -> item.
        legacy: old parameters, "name" or "section/name" -> value, which become items of type ``legacy``.
    """
    stored = {
        section: {name: {**item, "section": section, "name": name} for name, item in (items or {}).items()}
        for section, items in sections.items()
    }
    for key, value in (legacy or {}).items():
        prefix, slash, rest = key.partition("/")
        section, name = (prefix, rest) if slash and prefix in _LEGACY_SECTIONS else (DEFAULT_SECTION, key)
        item = {"section": section, "name": name, "value": str(value), "type": LEGACY_TYPE}
        stored.setdefault(section, {}).setdefault(name, item)
    return stored


def configuration(items: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration objects by name, each knowing its name."""
    return {name: {**(item or {}), "name": name} for name, item in items.items()}


def execution(section: Mapping[str, Any]) -> dict[str, Any]:
    """The section ``execution``; every artifact in it says whether it is input or output."""
    return {**section, "artifacts": artifacts(section.get("artifacts") or ())}


def artifacts(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Artifacts as they are stored: the last of each key and mode."""
    return list({artifact_key(item): {**item, "mode": item.get("mode") or "output"} for item in items}.values())


def artifact_key(item: Mapping[str, Any]) -> tuple[str, str]:
    """What tells one artifact of a task from another."""
    return item["key"], item.get("mode") or "output"


def edit(task: Document, fields: dict[str, Any]) -> None:
    """Puts fields of a request in the place of the task's own.

    What others than the editor keep in ``execution`` stays where the request says nothing of it: an SDK that edits
    its local copy of the section does not know the artifacts that were added meanwhile.
    """
    if "execution" in fields:
        own = task["execution"]
        kept = {"queue": own["queue"]} if "queue" in own else {}
        given = fields["execution"]
        fields["execution"] = {**kept, **given, "artifacts": given["artifacts"] or own["artifacts"]}
    if "output" in fields:
        others = {name: value for name, value in task["output"].items() if name != "destination"}
        fields["output"] = {**others, **fields["output"]}
    task.update(fields)

"""Giving an exported folder to any ClearML server by its public API, which makes ids of its own."""

from __future__ import annotations

import hashlib
import itertools
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from embedded_server.transfer.exported_folder import FILE_SERVER, ExportedFolder, Item, mapped, path_of
from embedded_server.transfer.remote_server import RefusedError, RemoteServer

_BATCH = 1000  # events
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_TASK_FIELDS = ("comment", "parent", "script", "hyperparams", "configuration", "container", "runtime", "output_dest")
_MODEL_FIELDS = ("name", "uri", "comment", "tags", "system_tags", "framework", "design", "labels", "metadata", "task",
                 "parent", "project")  # fmt: skip
#: status -> the actions that bring a new task there
_MOVES = {
    "created": (),
    "queued": (),
    "stopped": ("started", "stopped"),
    "in_progress": ("started", "stopped"),
    "closed": ("started", "stopped", "close"),
    "failed": ("started", "failed"),
    "completed": ("started", "completed"),
    "published": ("started", "completed", "publish"),
    "publishing": ("started", "completed", "publish"),
}
#: the artifact in which the SDK keeps what a dataset consists of, ids of datasets among it
_DATASET_STATE = "state"


@dataclass
class Pushed:
    """What a server has been given: exported id -> its id there."""

    projects: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    events: int = 0
    files: int = 0


class Push:
    """One push of a folder to a server.

    Args:
        folder: what is pushed.
        server: who gets it.
    """

    def __init__(self, folder: ExportedFolder, server: RemoteServer) -> None:
        self._folder = folder
        self._server = server
        self._pushed = Pushed()
        self._ids: dict[str, str] = {}

    def run(self) -> Pushed:
        """Makes projects, tasks and models, and gives them their files, events and statuses.

        Raises:
            RefusedError: the server refuses something; the tasks and models that were made are deleted again.
        """
        tasks, models = list(self._folder.tasks()), list(self._folder.models())
        try:
            for project in self._folder.projects:
                fields = {name: project[name] for name in ("description", "tags", "system_tags") if project.get(name)}
                self._pushed.projects[project["id"]] = self._server.project(project["name"], **fields)
            self._ids |= self._pushed.projects
            for task in tasks:
                self._create_task(task)
            self._push_files(tasks)
            for model in sorted(models, key=lambda model: model.get("parent") is not None):
                self._create_model(model)
            for task in tasks:
                self._fill_task(task)
            for owner in (*tasks, *models):
                self._push_events(owner["id"])
            for task in tasks:
                self._move_task(task)
            for model in models:
                if model.get("ready"):
                    self._server.call("models.set_ready", model=self._ids[model["id"]], publish_task=False)
        except BaseException:
            self._take_back()
            raise
        return self._pushed

    def _create_task(self, task: Item) -> None:
        fields = {name: task[name] for name in ("tags", "system_tags") if task.get(name)}
        if task.get("project") in self._ids:
            fields["project"] = self._ids[task["project"]]
        new = self._server.call("tasks.create", name=task["name"], type=task["type"], **fields)["id"]
        self._pushed.tasks[task["id"]] = self._ids[task["id"]] = new

    def _create_model(self, model: Item) -> None:
        fields = self._moved({name: model[name] for name in _MODEL_FIELDS if model.get(name)})
        for name in ("task", "parent", "project"):
            if name in fields and fields[name] not in self._ids.values():
                del fields[name]  # it was not exported, and so is not there
        if isinstance(fields.get("metadata"), dict):
            fields["metadata"] = list(fields["metadata"].values())
        new = self._server.call("models.create", **{"uri": "", **fields, "ready": False})["id"]
        self._pushed.models[model["id"]] = self._ids[model["id"]] = new

    def _push_files(self, tasks: list[Item]) -> None:
        """Uploads everything; the state of a dataset names datasets by their ids there."""
        states = {
            path_of(artifact.get("uri", ""))
            for task in tasks
            if "dataset" in (task.get("system_tags") or ())
            for artifact in (task.get("execution") or {}).get("artifacts") or ()
            if artifact.get("key") == _DATASET_STATE
        }
        self._states: dict[str, bytes] = {}
        for path in self._folder.files:
            file = self._folder.file(path)
            if path in states:
                self._states[path] = self._with_ids(file.read_text(encoding="utf-8")).encode()
            self._server.upload(self._with_ids(path), self._states.get(path, file))
            self._pushed.files += 1

    def _fill_task(self, task: Item) -> None:
        id_there = self._ids[task["id"]]
        fields = self._moved({name: task[name] for name in _TASK_FIELDS if task.get(name)})
        if fields.get("parent") not in self._ids.values():
            fields.pop("parent", None)
        if fields:
            self._server.call("tasks.edit", task=id_there, **fields)
        artifacts = [self._artifact(one) for one in (task.get("execution") or {}).get("artifacts") or ()]
        if artifacts:
            self._server.call("tasks.add_or_update_artifacts", task=id_there, artifacts=artifacts)
        for direction, models in (task.get("models") or {}).items():
            for model in models or ():
                if model.get("model") in self._ids:
                    self._server.call("tasks.add_or_update_model", task=id_there, type=direction, name=model["name"],
                                      model=self._ids[model["model"]])  # fmt: skip

    def _artifact(self, artifact: Item) -> Item:
        state = self._states.get(path_of(artifact.get("uri", "")) or "")
        changes = {"hash": hashlib.sha256(state).hexdigest(), "content_size": len(state)} if state else {}
        moved: Item = {**self._moved(artifact), **changes}
        return moved

    def _push_events(self, owner: str) -> None:
        events = self._folder.events(owner)
        while batch := list(itertools.islice(events, _BATCH)):
            self._server.report(map(self._moved, batch))
            self._pushed.events += len(batch)

    def _move_task(self, task: Item) -> None:
        words = {"status_reason": "Exported from another server", "status_message": task.get("status_message") or ""}
        for move in _MOVES.get(task["status"], ()):
            more = {"publish_model": False} if move == "publish" else {}
            self._server.call(f"tasks.{move}", task=self._ids[task["id"]], **words, **more)

    def _take_back(self) -> None:
        for task in self._pushed.tasks.values():
            with suppress(RefusedError):
                self._server.call("tasks.delete", task=task, force=True)
        for model in self._pushed.models.values():
            with suppress(RefusedError):
                self._server.call("models.delete", model=model, force=True)

    def _moved(self, value: Any) -> Any:
        """JSON with the ids and the file server's address of there."""
        return mapped(value, lambda text: self._with_ids(text).replace(FILE_SERVER, self._server.files))

    def _with_ids(self, text: str) -> str:
        return _ID.sub(lambda match: self._ids.get(match[0], match[0]), text)

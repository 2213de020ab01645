"""Writing tasks, models, datasets and their files into a folder that other servers take."""

from __future__ import annotations

import json
import re
import shutil
import socket
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from embedded_server.storage import checksums
from embedded_server.storage.checksums import UnusableArchiveError
from embedded_server.storage.documents import Document, Documents
from embedded_server.storage.events import Events
from embedded_server.storage.files import FileStore
from embedded_server.transfer.exported_folder import FILE_SERVER, FORMAT, MANIFEST, VERSION, found_checksums, mapped
from embedded_server.version import SERVER_VERSION

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\)]+")
#: the configuration in which the SDK keeps which datasets a dataset is built on
_DATASET_STRUCTURE = "Dataset Struct"


@dataclass(frozen=True)
class Choice:
    """What is exported: everything, where nothing is chosen."""

    #: ids or names; those inside them come along, and all tasks and models of each
    projects: Sequence[str] = ()
    tasks: Sequence[str] = ()
    models: Sequence[str] = ()
    #: ids; the datasets that they are built on come along
    datasets: Sequence[str] = ()


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    projects: int
    tasks: int
    models: int
    events: int
    files: int


class Exporter:
    """Exports from one store.

    Args:
        documents: of the store.
        events: of the store.
        files: of the store.
        address: of the store's file server, where it is known; those of this machine are its own in any case.
    """

    def __init__(self, documents: Documents, events: Events, files: FileStore, address: str | None = None) -> None:
        self._documents = documents
        self._events = events
        self._files = files
        self._hosts = {urlsplit(address).netloc} if address else set()

    def export(self, target: Path, choice: Choice) -> Exported:
        """Writes a folder, whole or not at all; see `exported_folder` for its form.

        The models that a chosen task uses or has made come along, and the projects that anything lies in. An id of what
        was not chosen stays as it is.

        Raises:
            UnusableArchiveError: something chosen does not exist, or the folder does and is not empty.
        """
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UnusableArchiveError(f"{target} exists already and is not an empty folder; choose another")
        if not target.parent.is_dir():
            raise UnusableArchiveError(f"the folder {target.parent} does not exist; make it, or choose another")
        partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
        try:
            with self._documents.database.snapshot():
                exported = self._write(partial, choice)
            if target.exists():
                target.rmdir()
            partial.rename(target)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return Exported(target, **exported)

    def _write(self, folder: Path, choice: Choice) -> dict[str, int]:
        tasks, models = self._chosen(choice)
        projects = self._projects_of([*tasks.values(), *models.values()])
        paths: set[str] = set()
        for name in ("tasks", "models", "events"):
            (folder / name).mkdir()
        count = 0
        for kind, items in (("tasks", tasks), ("models", models)):
            for item in items.values():
                _write_json(folder / kind / f"{item['id']}.json", self._without_address(item, paths))
                count += self._write_events(folder, item["id"], kind == "models", paths)
        _write_json(folder / "projects.json", [self._without_address(project, paths) for project in projects])
        copied = sum(self._copy(path, folder / "files" / path) for path in sorted(paths))
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "server": SERVER_VERSION,
        }
        _write_json(folder / MANIFEST, manifest)
        text = checksums.written(found_checksums(folder))
        (folder / checksums.FILE_NAME).write_text(text, encoding="utf-8")
        numbers = {"projects": len(projects), "tasks": len(tasks), "models": len(models)}
        return {**numbers, "events": count, "files": copied}

    def _write_events(self, folder: Path, owner: str, is_model: bool, paths: set[str]) -> int:
        count, file = 0, folder / "events" / f"{owner}.jsonl"
        more = {"model_event": True} if is_model else {}
        with file.open("w", encoding="utf-8") as stream:
            for event in self._events.all_of(owner):
                stream.write(json.dumps(self._without_address({**event, **more}, paths)) + "\n")
                count += 1
        if not count:
            file.unlink()
        return count

    def _copy(self, path: str, target: Path) -> bool:
        source = self._files.find(path)
        if source is None:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)  # no second name of the stored file, which nobody may change
        return True

    # what is chosen

    def _chosen(self, choice: Choice) -> tuple[dict[str, Document], dict[str, Document]]:
        """Tasks and models by id."""
        if not (choice.projects or choice.tasks or choice.models or choice.datasets):
            found = {kind: self._documents.query(kind) for kind in ("tasks", "models")}
            return _by_id(found["tasks"]), _by_id(found["models"])
        tasks = self._required("tasks", [*choice.tasks, *self._with_parents(choice.datasets)], "task")
        models = self._required("models", choice.models, "model")
        for project in self._inside(choice.projects):
            tasks |= _by_id(self._documents.find("tasks", {"project": project}))
            models |= _by_id(self._documents.find("models", {"project": project}))
        used = [
            str(one["model"])
            for task in tasks.values()
            for direction in ("input", "output")
            for one in (task.get("models") or {}).get(direction) or ()
            if one.get("model")
        ]
        return tasks, models | self._documents.get_many("models", used)

    def _required(self, collection: str, ids: Iterable[str], word: str) -> dict[str, Document]:
        wanted = list(ids)
        found = self._documents.get_many(collection, wanted)
        if missing := [one for one in wanted if one not in found]:
            raise UnusableArchiveError(f"there is no {word} {missing[0]!r}; nothing was exported")
        return found

    def _with_parents(self, datasets: Iterable[str]) -> list[str]:
        """Ids of datasets and of those that they are built on."""
        found: dict[str, None] = {}
        waiting = list(datasets)
        while waiting:
            dataset = waiting.pop()
            if dataset in found:
                continue
            task = self._required("tasks", [dataset], "dataset")[dataset]
            if "dataset" not in (task.get("system_tags") or ()):
                raise UnusableArchiveError(f"the task {dataset} is no dataset; choose it by --task")
            found[dataset] = None
            structure = ((task.get("configuration") or {}).get(_DATASET_STRUCTURE) or {}).get("value")
            for one in json.loads(structure).values() if structure else ():
                if self._documents.get("tasks", one["job_id"]):
                    waiting.append(one["job_id"])
        return list(found)

    def _inside(self, projects: Iterable[str]) -> list[str]:
        """Ids of projects, which ids or names choose, and of those inside them."""
        ids = []
        for wanted in projects:
            project = self._documents.get("projects", wanted)
            found = [project] if project else self._documents.find("projects", {"name": wanted})
            if not found:
                raise UnusableArchiveError(f"there is no project {wanted!r}; nothing was exported")
            prefix = f"{found[0]['name']}/"
            inside = self._documents.query("projects", "substr(json_extract(body, '$.name'), 1, ?) = ?",
                                           [len(prefix), prefix])  # fmt: skip
            ids += [one["id"] for one in (*found, *inside)]
        return ids

    def _projects_of(self, items: Iterable[Document]) -> list[Document]:
        """The projects of tasks and models, and those around them, the outermost first."""
        waiting = {item["project"] for item in items if item.get("project")}
        found: dict[str, Document] = {}
        while waiting:
            found |= self._documents.get_many("projects", waiting)
            waiting = {one["parent"] for one in found.values() if one.get("parent")} - set(found)
            waiting = set(self._documents.get_many("projects", waiting))
        return sorted(found.values(), key=lambda project: project["name"].split("/"))

    # addresses

    def _without_address(self, value: Any, paths: set[str]) -> Any:
        """JSON in which no address of the own file server stands; the paths of its files are added to a set."""

        def shortened(match: re.Match[str]) -> str:
            path = self._own_path(match[0])
            if path is None:
                return match[0]
            paths.add(path)
            return f"{FILE_SERVER}{urlsplit(match[0]).path}"

        return mapped(value, lambda text: _ADDRESS.sub(shortened, text) if "://" in text else text)

    def _own_path(self, address: str) -> str | None:
        """Under which path an address lies in the store; None where it is another server's, or nothing is there."""
        try:
            parts = urlsplit(address)
            is_own = parts.netloc in self._hosts or parts.hostname in _LOCAL or parts.hostname == socket.gethostname()
        except ValueError:
            return None
        path = unquote(parts.path).lstrip("/")
        return path if is_own and self._files.find(path) else None


def _by_id(items: Iterable[Document]) -> dict[str, Document]:
    return {item["id"]: item for item in items}


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

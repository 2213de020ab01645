"""Taking an exported folder into a store, ids and all."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from embedded_server.access.accounts import COMPANY
from embedded_server.entities import projects
from embedded_server.storage.checksums import CHUNK, UnusableArchiveError, file_checksum
from embedded_server.storage.documents import Document, Documents
from embedded_server.storage.events import Event, Events
from embedded_server.storage.files import FileStore
from embedded_server.transfer.exported_folder import ExportedFolder, with_file_server

#: what becomes of a task, model or file that is here already and differs from the exported one
OnConflict = Literal["refuse", "skip", "replace"]

_BATCH = 5000  # events that are held in memory
#: what runs or waits elsewhere does not run or wait here
_STATUSES = {"in_progress": "stopped", "queued": "created", "publishing": "published"}


@dataclass
class Imported:
    """What an import has done, as counts by kind: projects, tasks, models, events, files."""

    new: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    #: were here already, and are the same
    same: Counter[str] = field(default_factory=Counter)
    #: were here already, differ, and stay as they were
    skipped: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, dict[str, int]]:
        """The counts as plain objects."""
        return {name: dict(getattr(self, name)) for name in ("new", "replaced", "same", "skipped")}


class Importer:
    """Imports into one store.

    Args:
        documents: of the store.
        events: of the store.
        files: of the store.
        address: of the store's file server, such as ``http://127.0.0.1:8081``.
    """

    def __init__(self, documents: Documents, events: Events, files: FileStore, address: str) -> None:
        self._documents = documents
        self._events = events
        self._files = files
        self._address = address

    def run(self, folder: ExportedFolder, on_conflict: OnConflict) -> Imported:
        """Takes everything in a folder, or nothing.

        Tasks, models and files keep their ids and paths. A project of the same name stands for the exported one. Users
        are not exported: everything belongs to the first user here. What ran elsewhere is ``stopped`` here, what was
        queued is ``created``.

        Raises:
            UnusableArchiveError: with ``refuse``, something is here already and differs; nothing was changed.
        """
        imported = Imported()
        stored = self._import_files(folder, on_conflict, imported)
        try:
            with self._documents.database.transaction():
                self._import_items(folder, on_conflict, imported)
        except BaseException:
            for path in stored:
                self._files.delete(path)
            raise
        return imported

    def _import_files(self, folder: ExportedFolder, on_conflict: OnConflict, imported: Imported) -> list[str]:
        """Stores the files that are not here yet and returns their paths; those that differ only with ``replace``."""
        missing, differing = [], []
        for path, checksum in folder.files.items():
            here = self._files.find(path)
            if here is None:
                missing.append(path)
            elif file_checksum(here) == checksum:
                imported.same["files"] += 1
            else:
                differing.append(path)
        if differing and on_conflict == "refuse":
            _refuse([f"file {path}" for path in differing])
        # Before the tasks that name them: what is registered is there. They are many bytes, for which no other writer
        # should wait.
        for path in missing:
            self._store(path, folder)
            imported.new["files"] += 1
        for path in differing:
            if on_conflict == "replace":
                self._store(path, folder)
            (imported.replaced if on_conflict == "replace" else imported.skipped)["files"] += 1
        return missing

    def _store(self, path: str, folder: ExportedFolder) -> None:
        with self._files.incoming() as incoming, folder.file(path).open("rb") as stream:
            incoming.open(path)
            while chunk := stream.read(CHUNK):
                incoming.write(chunk)
            incoming.keep()

    def _import_items(self, folder: ExportedFolder, on_conflict: OnConflict, imported: Imported) -> None:
        places = self._import_projects(folder, imported)
        user = self._documents.query("users", limit=1)[0]["id"]
        plan = [
            (kind, self._prepared(item, places, user))
            for kind, items in (("tasks", folder.tasks()), ("models", folder.models()))
            for item in items
        ]
        if on_conflict == "refuse":
            here = [(kind, item, self._documents.get(kind, item["id"])) for kind, item in plan]
            _refuse([f"{kind.removesuffix('s')} {item['id']}" for kind, item, own in here if own not in (None, item)])
        for kind, item in plan:
            self._import_item(folder, kind, item, on_conflict, imported)

    def _import_projects(self, folder: ExportedFolder, imported: Imported) -> dict[str, str]:
        """Makes the projects that are missing; exported id -> id here."""
        places: dict[str, str] = {}
        for project in folder.projects:
            named = self._documents.find("projects", {"name": project["name"]})
            here = named[0] if named else self._documents.get("projects", project["id"])
            if here is None:
                here = project
                parent = self._documents.get("projects", places.get(project.get("parent", ""), ""))
                projects.place(here, parent)
                self._documents.put("projects", here)
                imported.new["projects"] += 1
            else:
                imported.same["projects"] += 1
            places[project["id"]] = here["id"]
        return places

    def _prepared(self, item: Document, places: dict[str, str], user: str) -> Document:
        """A task or model as it is stored here."""
        prepared: Document = with_file_server(item, self._address)
        prepared |= {"user": user, "company": COMPANY}
        if prepared.get("project") in places:
            prepared["project"] = places[prepared["project"]]
        elif prepared.get("project") and not self._documents.get("projects", prepared["project"]):
            del prepared["project"]
        if "status" in prepared:
            prepared["status"] = _STATUSES.get(prepared["status"], prepared["status"])
        return prepared

    def _import_item(
        self, folder: ExportedFolder, kind: str, item: Document, on_conflict: OnConflict, imported: Imported
    ) -> None:
        here = self._documents.get(kind, item["id"])
        if here == item:
            imported.same[kind] += 1
            return
        if here is not None and on_conflict == "skip":
            imported.skipped[kind] += 1
            return
        if here is not None:
            self._events.delete(item["id"])
        (imported.new if here is None else imported.replaced)[kind] += 1
        self._documents.put(kind, item)
        for batch in _batches(folder.events(item["id"])):
            for event in batch:
                event.pop("model_event", None)
                event["task"] = item["id"]
            self._events.add(with_file_server(batch, self._address))
            imported.new["events"] += len(batch)


def _refuse(conflicts: list[str]) -> None:
    if conflicts:
        more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
        raise UnusableArchiveError(
            f"{conflicts[0]}{more} is here already and differs; nothing was imported: choose by --on-conflict skip"
            " or --on-conflict replace"
        )


def _batches(events: Iterator[Event]) -> Iterator[list[Any]]:
    while batch := list(itertools.islice(events, _BATCH)):
        yield batch

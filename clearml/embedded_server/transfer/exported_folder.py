"""A folder of exported tasks, models and files: its form, and reading it.

    export.json            the format, its version, when and by what it was written
    projects.json          the projects, each before those inside it
    tasks/<id>.json        a task, as tasks.get_by_id answers it; datasets and pipelines are tasks
    models/<id>.json       a model, as models.get_by_id answers it
    events/<id>.jsonl      what a task or model has reported, a line an event, as events.add_batch takes them
    files/<path>           what lies on the file server under a path
    SHA256SUMS             of all other files; ``sha256sum --check SHA256SUMS`` compares them

An address on the exporting server's own file server is written as ``file-server:///<path>``, wherever it stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from embedded_server.storage import checksums
from embedded_server.storage.checksums import UnusableArchiveError

MANIFEST = "export.json"
FORMAT = "clearml-export"
VERSION = 1
#: what stands in place of the address of a file server
FILE_SERVER = "file-server://"

Item = dict[str, Any]


class ExportedFolder:
    """An exported folder, whose files have been compared with their checksums.

    Raises:
        UnusableArchiveError: it is no exported folder, not a whole one, changed, or of a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / MANIFEST).is_file():
            raise UnusableArchiveError(f"{folder} is no exported folder: it holds no {MANIFEST}")
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if manifest["format"] != FORMAT or manifest["version"] > VERSION:
                raise UnusableArchiveError(f"{folder} was exported by a newer version; install that version")
            self._checksums = checksums.read((folder / checksums.FILE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnusableArchiveError(f"{folder} is no exported folder, or not a whole one ({error})") from None
        if told := checksums.differences(self._checksums, found_checksums(folder)):
            raise UnusableArchiveError(f"{folder} is damaged: {told}")

    @cached_property
    def projects(self) -> list[Item]:
        """The projects, each before those inside it."""
        found: list[Item] = json.loads((self.folder / "projects.json").read_text(encoding="utf-8"))
        return found

    def tasks(self) -> Iterator[Item]:
        """The tasks, by the time of their creation."""
        return self._items("tasks")

    def models(self) -> Iterator[Item]:
        """The models, by the time of their creation."""
        return self._items("models")

    def events(self, owner: str) -> Iterator[Item]:
        """What a task or model has reported."""
        file = self.folder / "events" / f"{owner}.jsonl"
        if file.is_file():
            with file.open(encoding="utf-8") as stream:
                yield from map(json.loads, stream)

    @property
    def files(self) -> Mapping[str, str]:
        """Path on the file server -> checksum."""
        return {path.removeprefix("files/"): one for path, one in self._checksums.items() if path.startswith("files/")}

    def file(self, path: str) -> Path:
        """The content of a path of `files`."""
        return self.folder / "files" / path

    def _items(self, kind: str) -> Iterator[Item]:
        items = [json.loads(file.read_text(encoding="utf-8")) for file in (self.folder / kind).glob("*.json")]
        yield from sorted(items, key=lambda item: (str(item.get("created")), item["id"]))


def found_checksums(folder: Path) -> dict[str, str]:
    """Path -> checksum of all files of an exported folder but that of the checksums."""
    return {
        path.relative_to(folder).as_posix(): checksums.file_checksum(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / checksums.FILE_NAME
    }


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """JSON with each text, keys too, replaced by what a function makes of it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(key): mapped(item, change) for key, item in value.items()}
    return [mapped(item, change) for item in value] if isinstance(value, list) else value


def with_file_server(value: Any, address: str) -> Any:
    """JSON with ``file-server://`` replaced by the address of a file server."""
    return mapped(value, lambda text: text.replace(FILE_SERVER, address) if FILE_SERVER in text else text)


def path_of(uri: str) -> str | None:
    """The path on the file server that a ``file-server:///`` address leads to; None for any other address."""
    return unquote(uri.removeprefix(f"{FILE_SERVER}/")) if uri.startswith(FILE_SERVER) else None

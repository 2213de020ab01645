"""``python -m embedded_server.transfer.maintenance``: backup, restore, export, import and push of a data folder."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embedded_server.application import DATABASE_FILE, FILES_FOLDER, SCHEMA
from embedded_server.ports import StartError
from embedded_server.process import read_address
from embedded_server.storage.checksums import UnusableArchiveError
from embedded_server.storage.database import Database, UnusableDatabaseError
from embedded_server.storage.documents import Documents
from embedded_server.storage.events import Events
from embedded_server.storage.files import FileStore
from embedded_server.transfer import backups
from embedded_server.transfer.exported_folder import ExportedFolder
from embedded_server.transfer.exports import Choice, Exporter
from embedded_server.transfer.imports import Importer


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command line: JSON on stdout, or one line on stderr and exit code 2.

    Args:
        words: of the command line; those of the process by default.
    """
    options = _parser().parse_args(words)
    try:
        result = options.run(options)
    except (StartError, UnusableArchiveError, UnusableDatabaseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except sqlite3.Error as error:
        print(f"error: the database in {options.folder} cannot be used ({error})", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename or 'writing'}: {error.strerror or error}", file=sys.stderr)
        return 2
    print(json.dumps(result, default=str))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded_server.transfer.maintenance", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, what: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=what, description=what)
        one.set_defaults(run=run)
        return one

    backup = command("backup", _backup, "write a data folder into one file, while its server runs")
    restore = command("restore", _restore, "put a backup in place of a data folder, in which no server runs")
    for one in (backup, restore):
        one.add_argument("file", type=_path)
    export = command("export", _export, "write tasks, models and datasets with their files into a folder")
    export.add_argument("target", type=_path)
    for word in ("project", "task", "model", "dataset"):
        export.add_argument(f"--{word}", action="append", default=[], help="may be given several times")
    into = command("import", _import, "take an exported folder, ids and all")
    into.add_argument("source", type=_path)
    into.add_argument("--on-conflict", choices=["refuse", "skip", "replace"], default="refuse")
    push = command("push", _push, "give an exported folder to any ClearML server, over HTTP; ids become new ones")
    push.add_argument("source", type=_path)
    for one in (backup, restore, export, into):
        one.add_argument("--folder", type=_path, required=True, help="data folder of the server")
    return parser


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _backup(options: argparse.Namespace) -> dict[str, Any]:
    return asdict(backups.back_up(options.folder, options.file))


def _restore(options: argparse.Namespace) -> dict[str, Any]:
    return asdict(backups.restore(options.folder, options.file))


def _export(options: argparse.Namespace) -> dict[str, Any]:
    try:
        address = read_address(options.folder)["files"]
    except StartError:  # it does not run, and so has no address
        address = None
    choice = Choice(options.project, options.task, options.model, options.dataset)
    with _store(options.folder) as (documents, events, files):
        return asdict(Exporter(documents, events, files, address).export(options.target, choice))


def _import(options: argparse.Namespace) -> dict[str, Any]:
    source = ExportedFolder(options.source)
    address = read_address(options.folder)["files"]
    with _store(options.folder) as (documents, events, files):
        return Importer(documents, events, files, address).run(source, options.on_conflict).as_json()


def _push(options: argparse.Namespace) -> dict[str, Any]:
    from embedded_server.transfer.pushes import Push  # these need requests, which the others do without
    from embedded_server.transfer.remote_server import RefusedError, RemoteServer

    names = {
        "api": "CLEARML_API_HOST",
        "files": "CLEARML_FILES_HOST",
        "access_key": "CLEARML_API_ACCESS_KEY",
        "secret_key": "CLEARML_API_SECRET_KEY",
    }
    if missing := [name for name in names.values() if not os.environ.get(name)]:
        raise UnusableArchiveError(f"which server? Set {', '.join(missing)}")
    source = ExportedFolder(options.source)
    try:
        with RemoteServer(**{word: os.environ[name] for word, name in names.items()}) as server:
            return asdict(Push(source, server).run())
    except RefusedError as error:
        raise UnusableArchiveError(str(error)) from None


@contextmanager
def _store(folder: Path) -> Iterator[tuple[Documents, Events, FileStore]]:
    """The store of a data folder, beside the server that may run in it."""
    if not (folder / DATABASE_FILE).is_file():
        raise UnusableArchiveError(f"there is no server's data in {folder}")
    database = Database(folder / DATABASE_FILE, SCHEMA, may_upgrade=False)
    try:
        yield Documents(database), Events(database), FileStore(folder / FILES_FOLDER, is_only_user=False)
    finally:
        database.close()


if __name__ == "__main__":
    os.umask(0o077)  # what is written is its owner's business only
    sys.exit(main())

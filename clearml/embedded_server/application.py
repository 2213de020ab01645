"""The server put together: one store, and the applications of its three ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from embedded_server.access import accounts
from embedded_server.access.accounts import Accounts
from embedded_server.calls import Store
from embedded_server.dispatch import api_application
from embedded_server.file_server import file_application
from embedded_server.neighbours import NO_NEIGHBOURS, Neighbours
from embedded_server.storage import documents, events, worker_reports
from embedded_server.storage.database import Database
from embedded_server.storage.documents import Documents
from embedded_server.storage.events import Events
from embedded_server.storage.files import FileStore

DATABASE_FILE = "server.sqlite"
CREDENTIALS_FILE = "credentials.json"
FILES_FOLDER = "files"
UPLOADS_FOLDER = "uploads"

#: of all parts; each only ever grows
SCHEMA = (*documents.SCHEMA, *events.SCHEMA, *accounts.SCHEMA, *worker_reports.SCHEMA)


@dataclass(frozen=True)
class Applications:
    """What one server consists of."""

    store: Store
    database: Database
    api: Starlette
    files: Starlette
    web: Starlette


def open_store(folder: Path) -> tuple[Store, Database]:
    """The store in a data folder, made at the first start."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(folder / DATABASE_FILE, SCHEMA)
    try:
        collections = Documents(database)
        store = Store(
            collections,
            Events(database),
            Accounts(collections, folder / CREDENTIALS_FILE),
            FileStore(folder / FILES_FOLDER),
        )
    except BaseException:
        database.close()
        raise
    return store, database


def build(folder: Path, web_origins: Sequence[str] = (), neighbours: Neighbours = NO_NEIGHBOURS) -> Applications:
    """All of a server but its ports.

    Args:
        folder: its data folder.
        web_origins: addresses under which a browser reaches the web port; no other page may use the other ports.
        neighbours: what runs beside the server, for its pages.
    """
    from embedded_server.web.application import web_application  # the tools that only open a store do without pages

    store, database = open_store(folder)
    return Applications(
        store,
        database,
        api_application(store, database, web_origins),
        file_application(store, web_origins),
        web_application(store, folder / UPLOADS_FOLDER, neighbours),
    )

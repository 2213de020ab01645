"""A database of an older version is upgraded, with a copy of it beside; one of a newer version is refused."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from base64 import b64encode
from pathlib import Path

import pytest

from embedded_server.application import DATABASE_FILE, SCHEMA, open_store
from embedded_server.storage.database import Database, UnusableDatabaseError

#: what the first version of the server wrote, statement by statement; its second line holds a key pair
FIRST_VERSION = Path(__file__).with_name("first_version.sql")
TASK = "2" * 32
NOVELTY = "CREATE TABLE novelties (id INTEGER)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of the first version."""
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as connection:
        connection.executescript(FIRST_VERSION.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    pair = FIRST_VERSION.read_text(encoding="utf-8").splitlines()[1].removeprefix("-- ")
    (tmp_path / "credentials.json").write_text(pair)
    return tmp_path


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("server-before-upgrade-*.sqlite"))


def lines(database: Path) -> list[str]:
    """The content as SQL."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def test_everything_of_the_first_version_is_there(folder: Path) -> None:
    pair = json.loads((folder / "credentials.json").read_text())
    store, database = open_store(folder)
    task = store.documents.get("tasks", TASK)
    assert task is not None
    assert (task["name"], task["hyperparams"]["Args"]["depth"]["value"]) == ("old task", "3")
    assert [event["type"] for event in store.events.all_of(TASK)] == ["training_stats_scalar"] * 5 + ["plot", "log"]
    basic = b64encode(f"{pair['access_key']}:{pair['secret_key']}".encode()).decode()
    assert store.accounts.authenticate(f"Basic {basic}").user_name == "automl"
    database.close()


def test_an_upgraded_database_is_as_a_new_one(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same tables and indexes, whatever the way there."""

    def made(place: Path) -> dict[str, set[str]]:
        Database(place / DATABASE_FILE, SCHEMA).close()
        with contextlib.closing(sqlite3.connect(place / DATABASE_FILE)) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
            return {
                name: {str(row[1:]) for row in connection.execute(f"PRAGMA table_xinfo({name})")} for (name,) in rows
            }

    assert made(folder) == made(tmp_path_factory.mktemp("new"))


def test_a_copy_of_the_older_one_lies_beside(folder: Path) -> None:
    before = lines(folder / DATABASE_FILE)
    open_store(folder)[1].close()
    [copy] = copies(folder)
    assert lines(copy) == before
    assert copy.stat().st_mode & 0o077 == 0
    assert not list(folder.glob("*.partial"))
    open_store(folder)[1].close()  # once upgraded, it is opened without another
    assert copies(folder) == [copy]


def test_a_new_database_needs_no_copy(tmp_path: Path) -> None:
    Database(tmp_path / DATABASE_FILE, SCHEMA).close()
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE_FILE]


def test_an_upgrade_that_fails_changes_nothing(folder: Path) -> None:
    before = lines(folder / DATABASE_FILE)
    with pytest.raises(sqlite3.OperationalError):
        Database(folder / DATABASE_FILE, (*SCHEMA, NOVELTY, "CREATE NONSENSE"))
    assert lines(folder / DATABASE_FILE) == before
    assert len(copies(folder)) == 1


def test_a_newer_one_is_refused_and_left_alone(folder: Path) -> None:
    Database(folder / DATABASE_FILE, (*SCHEMA, NOVELTY)).close()
    before = (folder / DATABASE_FILE).read_bytes()
    with pytest.raises(UnusableDatabaseError, match="newer version of the server, which made TABLE novelties"):
        open_store(folder)
    assert (folder / DATABASE_FILE).read_bytes() == before


def test_a_tool_beside_the_server_does_not_upgrade(folder: Path) -> None:
    with pytest.raises(UnusableDatabaseError, match="start the server once"):
        Database(folder / DATABASE_FILE, SCHEMA, may_upgrade=False)
    assert copies(folder) == []


def test_no_statement_of_the_first_version_has_changed(folder: Path) -> None:
    """They are in the files that people have: an edited one would make every such file look like a newer one."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE_FILE)) as connection:
        first = {row[0] for row in connection.execute("SELECT statement FROM migrations")}
    assert first <= {" ".join(statement.split()) for statement in SCHEMA}

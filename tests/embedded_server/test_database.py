"""What has been acknowledged survives; what has not been finished never happened."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from embedded_server.storage.database import Database, UnusableDatabaseError, WriteInSnapshotError

SCHEMA = ("CREATE TABLE numbers (value INTEGER PRIMARY KEY)",)


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "folder" / "server.sqlite", SCHEMA)
    yield opened
    opened.close()


def values(database):
    with database.transaction() as connection:
        return [row["value"] for row in connection.execute("SELECT value FROM numbers ORDER BY value")]


def insert(database, value):
    with database.transaction() as connection:
        connection.execute("INSERT INTO numbers VALUES (?)", (value,))


def fail_after_inserting(manager, database, value):
    with manager():
        insert(database, value)
        raise KeyError(value)


def test_a_transaction_that_ends_is_kept(database):
    insert(database, 1)
    assert values(database) == [1]


def test_a_transaction_that_raises_is_undone(database):
    with pytest.raises(KeyError):
        fail_after_inserting(database.transaction, database, 1)
    assert values(database) == []
    insert(database, 2)
    assert values(database) == [2]


def test_a_transaction_inside_another_is_part_of_it(database):
    def outer():
        with database.transaction():
            insert(database, 1)
            with database.transaction():
                insert(database, 2)
            raise KeyError

    with pytest.raises(KeyError):
        outer()
    assert values(database) == []


def test_an_attempt_that_fails_is_undone_alone(database):
    with database.transaction():
        insert(database, 1)
        with pytest.raises(KeyError):
            fail_after_inserting(database.attempt, database, 2)
        insert(database, 3)
    assert values(database) == [1, 3]


def test_threads_take_turns(database):
    def count_up():
        for _ in range(50):
            with database.transaction() as connection:
                highest = connection.execute("SELECT ifnull(max(value), 0) FROM numbers").fetchone()[0]
                connection.execute("INSERT INTO numbers VALUES (?)", (highest + 1,))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values(database) == list(range(1, 201))


def test_readers_wait_for_nobody_and_see_what_was_committed(database):
    insert(database, 1)
    seen = []
    with database.transaction():
        insert(database, 2)
        reader = threading.Thread(target=lambda: seen.append(snapshot(database)))
        reader.start()
        reader.join()
    assert seen == [[1]]
    assert snapshot(database) == [1, 2]


def snapshot(database):
    with database.snapshot() as connection:
        return [row["value"] for row in connection.execute("SELECT value FROM numbers ORDER BY value")]


def test_a_snapshot_stays_as_it_was(database):
    with database.snapshot():
        assert snapshot(database) == []
        writer = threading.Thread(target=insert, args=(database, 1))
        writer.start()
        writer.join()
        assert snapshot(database) == []
    assert snapshot(database) == [1]


def test_a_snapshot_inside_a_transaction_sees_what_it_has_done(database):
    with database.transaction():
        insert(database, 1)
        assert snapshot(database) == [1]


def test_a_snapshot_changes_nothing(database):
    with database.snapshot() as connection:
        with pytest.raises(WriteInSnapshotError):
            insert(database, 1)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("INSERT INTO numbers VALUES (1)")
    assert values(database) == []


def test_the_write_ahead_log_is_synchronised_at_every_commit(database):
    with database.transaction() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_a_newer_schema_is_applied_to_an_older_file(tmp_path):
    path = tmp_path / "server.sqlite"
    older = Database(path, SCHEMA)
    insert(older, 1)
    older.close()
    # a part may be put anywhere: what counts is whether the file has seen a statement
    newer = Database(path, ("CREATE TABLE words (word TEXT)", *SCHEMA, "ALTER TABLE numbers ADD COLUMN note TEXT"))
    assert values(newer) == [1]
    with newer.transaction() as connection:
        assert connection.execute("SELECT note FROM numbers").fetchone()["note"] is None
        assert connection.execute("SELECT count(*) FROM words").fetchone()[0] == 0
    newer.close()


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "server.sqlite"
    Database(path, (*SCHEMA, "CREATE TABLE novelties (id INTEGER)")).close()
    with pytest.raises(UnusableDatabaseError, match="newer version of the server, which made TABLE novelties"):
        Database(path, SCHEMA)


def test_a_schema_that_fails_leaves_nothing_behind(tmp_path):
    path = tmp_path / "server.sqlite"
    with pytest.raises(sqlite3.OperationalError):
        Database(path, ("CREATE TABLE half (id INTEGER)", "CREATE NONSENSE"))
    repaired = Database(path, ("CREATE TABLE half (id INTEGER)",))
    repaired.close()


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (id INTEGER)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(UnusableDatabaseError, match="another program"):
        Database(path, SCHEMA)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "text.sqlite"
    path.write_bytes(b"just words, " * 1000)
    with pytest.raises(UnusableDatabaseError, match="not a SQLite file"):
        Database(path, SCHEMA)


WRITER = """
import sys
from pathlib import Path
from embedded_server.storage.database import Database
database = Database(Path(sys.argv[1]), ("CREATE TABLE numbers (value INTEGER PRIMARY KEY)",))
value = 0
while True:
    value += 1
    with database.transaction() as connection:
        connection.execute("INSERT INTO numbers VALUES (?)", (value,))
        connection.execute("UPDATE numbers SET value = -value WHERE value = ?", (value,))
        connection.execute("UPDATE numbers SET value = -value WHERE value = ?", (-value,))
    print(value, flush=True)
"""


def test_every_acknowledged_transaction_survives_kill_9(tmp_path):
    path = tmp_path / "server.sqlite"
    environment = {**os.environ, "PYTHONPATH": str(Path(sys.modules["embedded_server"].__file__).parents[1])}
    acknowledged = 0
    for kills in range(1, 4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER.replace("value = 0", f"value = {acknowledged}"), str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(20 * kills):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.stdout.close()
        writer.wait()
        acknowledged = int(rest[-1]) if rest else acknowledged
        survivor = Database(path, SCHEMA)
        found = values(survivor)
        survivor.close()
        # the transaction under way when the kill came may have been committed and not yet acknowledged
        assert found in (list(range(1, acknowledged + 1)), list(range(1, acknowledged + 2)))
        acknowledged = found[-1]

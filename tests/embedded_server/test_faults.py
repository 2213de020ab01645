"""A full disk, a locked database, a damaged file: a clear error, and nothing that was acknowledged is lost."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.embedded_server.server_process import FREE_PORTS, PATIENCE, ServerProcess, refused

FULL = 3 << 20  # bytes of a disk, or of a file, that are soon used up


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with `FULL` bytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if not mount or subprocess.run([mount, "-t", "tmpfs", "-o", f"size={FULL}", "tmpfs", place], stderr=-3).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def report(server: ServerProcess, task: str, first: int, size: int = 1000) -> requests.Response:
    """A batch of ten console lines of some size."""
    lines = [
        {"type": "log", "task": task, "timestamp": i, "msg": f"{i} {'x' * size}"} for i in range(first, first + 10)
    ]
    return server.http.post(
        f"{server.address['api']}/events.add_batch", data="\n".join(map(json.dumps, lines)), timeout=PATIENCE,
        headers={"Content-Type": "application/json-lines"},
    )  # fmt: skip


def fill(server: ServerProcess, task: str) -> tuple[int, requests.Response]:
    """Reports until it is refused: how many lines were taken, and the refusal."""
    for taken in range(0, 1000, 10):
        answer = report(server, task, taken, 20_000)
        if answer.status_code != 200:
            return taken, answer
    raise AssertionError("the disk never filled up")


def lines(server: ServerProcess, task: str) -> list[int]:
    events = server.ok("events.get_task_log", task=task, batch_size=10_000, navigate_earlier=False)["events"]
    return [int(event["msg"].split()[0]) for event in events]


def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path) -> None:
    folder = small_disk / "data"
    server = ServerProcess(folder)
    server.log.unlink()  # it lies on the small disk, too
    task = server.ok("tasks.create", name="filling", type="training")["id"]
    taken, refusal = fill(server, task)
    assert refusal.status_code == 503  # upon which the SDK waits and tries again
    assert "database or disk is full" in refusal.json()["meta"]["result_msg"]
    assert lines(server, task) == list(range(taken))
    upload = server.http.post(server.address["files"], files={"a/b": ("b", b"x" * FULL)}, timeout=PATIENCE)
    assert upload.status_code == 507
    assert "No space left" in upload.text
    assert list((folder / "files" / "incoming").iterdir()) == []
    # killed with a full disk, it loses nothing either, and goes on as soon as there is room
    server.kill()
    subprocess.run(["mount", "-o", f"remount,size={10 * FULL}", small_disk], check=True)
    again = ServerProcess(folder)
    assert lines(again, task) == list(range(taken))
    assert report(again, task, taken).status_code == 200
    again.stop()


def test_a_file_that_may_not_grow_is_said_and_loses_nothing(folder: Path) -> None:
    server = ServerProcess(folder)
    task = server.ok("tasks.create", name="filling", type="training")["id"]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (FULL, FULL))
    taken, refusal = fill(server, task)
    assert refusal.status_code == 503
    assert "The database does not take it" in refusal.json()["meta"]["result_msg"]
    assert lines(server, task) == list(range(taken))
    upload = server.http.post(server.address["files"], files={"a/b": ("b", b"x" * (FULL + 1))}, timeout=PATIENCE)
    assert upload.status_code == 507
    assert server.http.get(f"{server.address['files']}/a/b").status_code == 404
    server.kill()
    again = ServerProcess(folder)
    assert lines(again, task) == list(range(taken))
    again.stop()


def test_a_database_that_another_process_holds_is_said_and_readable(folder: Path) -> None:
    server = ServerProcess(folder)
    task = server.ok("tasks.create", name="held", type="training")["id"]
    with contextlib.closing(sqlite3.connect(folder / "server.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = report(server, task, 0)
        assert answer.status_code == 503
        assert "database is locked" in answer.json()["meta"]["result_msg"]
        assert server.ok("tasks.get_by_id", task=task)["task"]["name"] == "held"  # readers wait for nobody
        other.execute("ROLLBACK")
    assert report(server, task, 0).status_code == 200
    assert lines(server, task) == list(range(10))
    server.stop()


class TestDamage:
    def database(self, folder: Path) -> tuple[Path, str]:
        """The file of a server with some tasks and events, and a task's id."""
        server = ServerProcess(folder)
        task = server.ok("tasks.create", name="whole", type="training")["id"]
        assert report(server, task, 0, 20_000).status_code == 200
        server.stop()
        return folder / "server.sqlite", task

    def root(self, file: Path, table: str) -> int:
        """Where the first page of a table lies."""
        with contextlib.closing(sqlite3.connect(file)) as connection:
            size = connection.execute("PRAGMA page_size").fetchone()[0]
            page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        return int((page - 1) * size)

    def damage(self, file: Path, start: int, length: int = 4096) -> bytes:
        content = bytearray(file.read_bytes())
        content[start : start + length] = b"\xff" * length
        file.write_bytes(content)
        return bytes(content)

    def test_of_the_first_page_stops_the_start(self, folder: Path) -> None:
        file, _ = self.database(folder)
        content = self.damage(file, 100)
        told = refused(folder, *FREE_PORTS)
        assert "is damaged" in told
        assert "restore a backup" in told
        assert file.read_bytes() == content

    def test_of_what_a_start_needs_stops_it(self, folder: Path) -> None:
        file, _ = self.database(folder)
        content = self.damage(file, self.root(file, "documents"))
        told = refused(folder, *FREE_PORTS)
        assert "is damaged" in told
        assert "restore a backup" in told
        assert file.read_bytes() == content

    def test_of_a_table_is_said_where_it_is_met(self, folder: Path) -> None:
        file, task = self.database(folder)
        self.damage(file, self.root(file, "log_lines"))
        server = ServerProcess(folder)
        answer = server.http.post(f"{server.address['api']}/events.get_task_log", json={"task": task})
        assert answer.status_code == 500
        assert "The database is damaged" in answer.json()["meta"]["result_msg"]
        assert "restore a backup" in answer.json()["meta"]["result_msg"]
        assert server.ok("tasks.get_by_id", task=task)["task"]["name"] == "whole"  # all else is there
        server.stop()

"""A backup is taken while the server runs, and restored as a whole or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import requests

from embedded_server.storage.checksums import UnusableArchiveError
from embedded_server.transfer import maintenance
from embedded_server.transfer.backups import back_up, restore
from tests.embedded_server.server_process import PATIENCE, ServerProcess, environment, wait_until

MAINTENANCE = [sys.executable, "-m", "embedded_server.transfer.maintenance"]


def maintain(*words: str | Path, code: int = 0, **variables: str) -> Any:
    """What a command of the maintenance prints: an object, or its one line on stderr where it is refused."""
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, variables), redirect_stdout(out), redirect_stderr(err):
        ended = maintenance.main(list(map(str, words)))
    assert ended == code, err.getvalue()
    if code:
        assert (out.getvalue(), err.getvalue().count("\n")) == ("", 1)
        return err.getvalue().strip()
    return json.loads(out.getvalue())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(folder: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(folder)
    yield server
    server.stop()


def upload(server: ServerProcess, path: str, content: bytes) -> None:
    server.http.post(server.address["files"], files={path: ("file", content)}, timeout=PATIENCE).raise_for_status()


def test_a_restored_backup_is_the_server_as_it_was(server: ServerProcess, folder: Path, tmp_path: Path) -> None:
    task = server.ok("tasks.create", name="kept", type="training")["id"]
    upload(server, "some/ä file.bin", b"content")
    upload(server, "some/empty.bin", b"")
    command = [*MAINTENANCE, "backup", "backup.tar", "--folder", str(folder)]
    ended = subprocess.run(command, env=environment(), cwd=tmp_path, stdout=subprocess.PIPE, check=True)
    file = tmp_path / "backup.tar"
    assert json.loads(ended.stdout) == {"file": str(file), "files": 2, "size": file.stat().st_size}
    later = server.ok("tasks.create", name="later", type="training")["id"]
    server.stop()

    told = maintain("restore", tmp_path / "backup.tar", "--folder", folder)
    assert told["files"] == 2
    again = ServerProcess(folder)
    assert [task["name"] for task in again.ok("tasks.get_all", id=[task, later])["tasks"]] == ["kept"]
    assert again.http.get(f"{again.address['files']}/some/ä file.bin").content == b"content"
    assert again.http.get(f"{again.address['files']}/some/empty.bin").content == b""
    # whoever was logged in stays so
    held = {"Authorization": f"Bearer {server.token}"}
    assert requests.post(f"{again.address['api']}/users.get_current_user", headers=held).status_code == 200
    assert again.key_pair == server.key_pair
    again.stop()
    # and nothing that was there before has gone
    with contextlib.closing(sqlite3.connect(Path(told["before"], "server.sqlite"))) as connection:
        assert connection.execute("SELECT count(*) FROM documents WHERE id = ?", (later,)).fetchone() == (1,)


def test_a_backup_under_load_is_of_one_moment(server: ServerProcess, folder: Path, tmp_path: Path) -> None:
    """Every file that the backup's tasks name is in it, and no task is there without those made before it."""
    ended = threading.Event()
    made: list[str] = []

    def publish() -> None:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {server.token}"
        with session:
            while not ended.is_set():
                path = f"load/{len(made)}.bin"
                session.post(server.address["files"], files={path: ("file", path.encode() * 1000)}, timeout=PATIENCE)
                task = {"name": path, "type": "training", "comment": path}
                answer = session.post(f"{server.address['api']}/tasks.create", json=task, timeout=PATIENCE)
                made.append(answer.json()["data"]["id"])

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        wait_until(lambda: len(made) >= 10)
        before = len(made)
        maintain("backup", tmp_path / "backup.tar.gz", "--folder", folder)
        wait_until(lambda: len(made) >= before + 5)
    finally:
        ended.set()
        publisher.join()

    restored = tmp_path / "other"
    restore(restored, tmp_path / "backup.tar.gz")
    with contextlib.closing(sqlite3.connect(restored / "server.sqlite")) as connection:
        statement = "SELECT id, json_extract(body, '$.comment') FROM documents WHERE collection = 'tasks'"
        found = dict(connection.execute(statement).fetchall())
    assert len(found) >= before
    assert set(found) == set(made[: len(found)])
    for path in found.values():
        assert (restored / "files" / "content" / path).read_bytes() == path.encode() * 1000
    assert not list(folder.glob(".backup-*"))


def test_only_the_owner_can_read_a_backup(server: ServerProcess, folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.tar")
    assert stat.S_IMODE((tmp_path / "backup.tar").stat().st_mode) == 0o600


def test_a_backup_never_replaces_a_file(server: ServerProcess, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UnusableArchiveError, match="exists already; choose another name"):
        back_up(folder, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(UnusableArchiveError, match="does not exist"):
        back_up(folder, tmp_path / "no" / "b.tar")
    with pytest.raises(UnusableArchiveError, match="nothing to back up"):
        back_up(tmp_path / "none", tmp_path / "b.tar")


def test_a_backup_that_does_not_fit_leaves_nothing_behind(server: ServerProcess, folder: Path, tmp_path: Path) -> None:
    upload(server, "some/large.bin", b"x" * 1_000_000)
    command = [*MAINTENANCE, "backup", "backup.tar", "--folder", str(folder)]
    limits = (500_000, 500_000)  # bytes of any file that the process writes: the database fits, the backup does not
    ended = subprocess.run(
        command, env=environment(), cwd=tmp_path, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
    )  # fmt: skip
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "File too large" in ended.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"data", "data.log"}
    assert not list(folder.glob(".backup-*"))


def test_a_running_server_is_not_restored_over(server: ServerProcess, folder: Path, tmp_path: Path) -> None:
    back_up(folder, tmp_path / "backup.tar")
    told = maintain("restore", tmp_path / "backup.tar", "--folder", folder, code=2)
    assert f"in use by another server (process {server.process.pid})" in told
    assert server.ok("debug.ping")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("damage")
    server = ServerProcess(place / "data")
    upload(server, "some/file.bin", b"content " * 1000)
    server.stop()
    back_up(place / "data", place / "backup.tar")
    return place / "backup.tar"


def refusal(backup: Path, tmp_path: Path) -> str:
    """Of a restore into a folder that holds something, which must stay as it is."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "mine").write_text("mine")
    with pytest.raises(UnusableArchiveError) as refused:
        restore(folder, backup)
    told = str(refused.value)
    assert "\n" not in told
    assert [path.name for path in folder.iterdir()] == ["mine"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    return told


def test_a_changed_byte_is_found(sound: Path, tmp_path: Path) -> None:
    content = bytearray(sound.read_bytes())
    content[content.index(b"content content")] ^= 1
    (tmp_path / "changed.tar").write_bytes(content)
    assert "'files/some/file.bin' is not what was written" in refusal(tmp_path / "changed.tar", tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_broken_off_one_is_found(sound: Path, tmp_path: Path, share: float) -> None:
    (tmp_path / "short.tar").write_bytes(sound.read_bytes()[: int(sound.stat().st_size * share)])
    assert "not a whole one" in refusal(tmp_path / "short.tar", tmp_path)


def test_other_files_are_no_backups(sound: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no backup" * 1000)
    assert "no backup" in refusal(tmp_path / "text", tmp_path)


def test_a_missing_one_is_named(tmp_path: Path) -> None:
    assert "missing.tar" in refusal(tmp_path / "missing.tar", tmp_path)


@pytest.mark.parametrize("name", ["../escaped", "files/../../escaped", "/escaped"])
def test_nothing_is_written_elsewhere(sound: Path, tmp_path: Path, name: str) -> None:
    evil = tmp_path / "evil.tar"
    evil.write_bytes(sound.read_bytes())
    with tarfile.open(evil, "a") as tar:
        tar.add(os.fspath(sound), arcname=name)
    assert "no backup" in refusal(evil, tmp_path)


def test_a_damaged_database_is_not_backed_up(sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    restore(folder, sound)
    database = folder / "server.sqlite"
    content = bytearray(database.read_bytes())
    content[8192:16384] = b"\xff" * 8192
    database.write_bytes(content)
    with pytest.raises(UnusableArchiveError, match="is damaged"):
        back_up(folder, tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()

"""The server as a process: starting, refusing to start, ending, being killed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.embedded_server.server_process import (
    FREE_PORTS,
    PATIENCE,
    ServerProcess,
    command,
    environment,
    refused,
    wait_until,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(folder: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(folder)
    yield server
    server.stop()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_all_ports_answer_as_soon_as_the_address_is_written(server: ServerProcess) -> None:
    assert sorted(server.address) == ["api", "files", "pid", "version", "web"]
    assert requests.get(f"{server.address['api']}/debug.ping").status_code == 200
    assert requests.get(server.address["files"]).status_code == 200
    assert requests.get(server.address["web"]).status_code == 401


def test_only_the_owner_can_read_the_folder(server: ServerProcess) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [server.folder, *server.folder.iterdir()]}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_stops_within_two_seconds_and_takes_its_address_away(folder: Path) -> None:
    server = ServerProcess(folder)
    assert server.stop() < 5  # two on a quiet machine
    assert server.process.returncode == 0
    assert not (folder / "server.json").exists()


def test_second_start_on_the_same_folder_is_refused(server: ServerProcess) -> None:
    said = refused(server.folder, *FREE_PORTS)
    assert f"in use by another server (process {server.process.pid})" in said
    assert server.ok("debug.ping")


@pytest.mark.parametrize("name", ["api", "files", "web"])
def test_taken_port_is_named_with_its_flag_and_nothing_is_written(folder: Path, taken_port: int, name: str) -> None:
    options = {f"--{other}-port": "0" for other in ("api", "files", "web")} | {f"--{name}-port": str(taken_port)}
    said = refused(folder, *[word for pair in options.items() for word in pair])
    assert f"port {taken_port} " in said
    assert f"--{name}-port" in said
    assert not folder.exists()


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    assert "--folder" in refused(file, *FREE_PORTS)
    assert "--folder" in refused(file / "below", *FREE_PORTS)
    assert file.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "cannot be written" in refused(tmp_path / "data", *FREE_PORTS)
    finally:
        tmp_path.chmod(0o700)


def test_folder_that_cannot_be_made_is_refused() -> None:
    assert "--folder" in refused(Path("/proc/nothing/here"), *FREE_PORTS)


def test_another_program_s_database_is_refused_and_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "server.sqlite").write_bytes(b"no database" * 1000)
    assert "server.sqlite" in refused(folder, *FREE_PORTS)
    assert (folder / "server.sqlite").read_bytes() == b"no database" * 1000


def test_other_machines_are_let_in_only_on_demand(folder: Path) -> None:
    assert "--allow-remote" in refused(folder, "--host", "0.0.0.0", *FREE_PORTS)
    assert "--host" in refused(folder, "--host", "no.such.host.invalid", *FREE_PORTS)
    server = ServerProcess(folder, "--host", "0.0.0.0", "--allow-remote", *FREE_PORTS)
    assert "plain HTTP" in server.log.read_text()
    assert server.address["api"].startswith("http://127.0.0.1:")
    server.stop()


def test_login_link_of_the_running_server(server: ServerProcess) -> None:
    words = command(server.folder, "--print-login-link")
    link = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True).stdout.strip()
    assert link.startswith(server.address["web"])
    browser = requests.Session()
    assert browser.get(link).status_code == 200
    assert requests.get(link).status_code == 401


def test_login_link_without_a_server(folder: Path) -> None:
    assert "no server runs" in refused(folder, "--print-login-link")


def test_everything_is_there_after_a_restart(folder: Path) -> None:
    server = ServerProcess(folder)
    task = server.ok("tasks.create", name="lasting", type="training")["id"]
    token, keys = server.token, server.key_pair
    server.stop()
    again = ServerProcess(folder)
    assert again.ok("tasks.get_by_id", task=task)["task"]["name"] == "lasting"
    assert again.key_pair == keys
    held = {"Authorization": f"Bearer {token}"}
    assert requests.post(f"{again.address['api']}/users.get_current_user", headers=held).status_code == 200
    again.stop()


def test_killed_under_load_it_loses_nothing_that_it_acknowledged(folder: Path) -> None:
    server = ServerProcess(folder)
    task = server.ok("tasks.create", name="loaded", type="training")["id"]
    address, headers = server.address, {"Authorization": f"Bearer {server.token}"}
    events: list[int] = []
    created: list[str] = []
    uploaded: list[str] = []

    def report(start: int) -> None:
        """Batches of ten scalars each, from an iteration on, until the server is gone."""
        session, first = requests.Session(), start
        while True:
            lines = [
                {"type": "training_stats_scalar", "task": task, "metric": "m", "variant": "v", "value": float(i),
                 "iter": i, "timestamp": 1_700_000_000_000 + i}
                for i in range(first, first + 10)
            ]  # fmt: skip
            body = "\n".join(map(json.dumps, lines))
            session.post(f"{address['api']}/events.add_batch", data=body, timeout=PATIENCE,
                         headers={**headers, "Content-Type": "application/json-lines"}).raise_for_status()  # fmt: skip
            events.extend(range(first, first + 10))
            first += 10

    def create() -> None:
        session = requests.Session()
        while True:
            answer = session.post(f"{address['api']}/tasks.create", json={"name": "one more", "type": "training"},
                                  headers=headers, timeout=PATIENCE)  # fmt: skip
            created.append(answer.json()["data"]["id"])

    def upload() -> None:
        session = requests.Session()
        while True:
            path = f"load/{len(uploaded)}.bin"
            session.post(address["files"], files={path: ("x", path.encode() * 1000)}, headers=headers,
                         timeout=PATIENCE).raise_for_status()  # fmt: skip
            uploaded.append(path)

    def until_it_is_gone(work: object, *words: object) -> None:
        with contextlib.suppress(requests.RequestException):
            work(*words)  # type: ignore[operator]

    works = [(report, 0), (report, 1_000_000), (create,), (upload,)]
    threads = [threading.Thread(target=until_it_is_gone, args=work) for work in works]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(events) >= 300 and len(created) >= 20 and len(uploaded) >= 10)
    server.kill()
    for thread in threads:
        thread.join()

    again = ServerProcess(folder)
    found = again.ok("events.get_scalar_metric_data", task=task, metric="m")
    assert found["total"] >= len(events)
    assert set(events) <= {event["iter"] for event in found["events"]}
    existing = again.ok("tasks.get_all", id=created, only_fields=["id"], page_size=len(created), page=0)["tasks"]
    assert {one["id"] for one in existing} == set(created)
    for path in uploaded:
        assert again.http.get(f"{again.address['files']}/{path}").content == path.encode() * 1000
    assert list((folder / "files" / "incoming").iterdir()) == []
    again.stop()


def test_start_is_quick(folder: Path) -> None:
    start = time.monotonic()
    ServerProcess(folder).stop()
    assert time.monotonic() - start < 10  # about one on a quiet machine

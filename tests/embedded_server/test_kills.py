"""Kill -9 in a loop under load: what was acknowledged is there, and nothing is there by half.

Five kills; ``AUTOML_TEST_KILLS=200 python -m pytest tests/embedded_server/test_kills.py`` for as many as wanted.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.embedded_server.server_process import PATIENCE, ServerProcess, wait_until

KILLS = int(os.environ.get("AUTOML_TEST_KILLS", "5"))
SECONDS_FOR_A_KILL = 30  # on a busy machine
BATCH = 20  # events of each kind in a batch
REPLACED = "load/replaced.bin"
MOVES = ("enqueue", "dequeue", "started", "stopped", "started", "completed", "publish")
STATUSES = ("queued", "created", "in_progress", "stopped", "in_progress", "completed", "published")


def content(name: str, size: int) -> bytes:
    """A file of which any part can be told from any part of another."""
    line = f"{name}\n".encode()
    return (line * (size // len(line) + 1))[:size]


class Load:
    """Clients that report, upload and change states until the server is gone, and remember what it acknowledged."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.random = random.Random(number)
        self.task = ""
        self.reported = 0  # batches
        self.sizes: dict[str, int] = {}  # path -> size of what was or is being uploaded
        self.uploaded: set[str] = set()  # paths
        self.replaced = 0
        self.statuses: dict[str, str] = {}  # task -> status
        self.underway: tuple[str, str] = ("", "")
        self.settings: dict[str, int] = {}  # task -> value of a hyperparameter

    @property
    def acknowledged(self) -> int:
        """How many calls."""
        return self.reported + len(self.uploaded) + self.replaced + len(self.statuses)

    def run(self, server: ServerProcess) -> None:
        """Loads a server, and kills it at a moment that nobody can foresee."""
        self.task = server.ok("tasks.create", name=f"load {self.number}", type="training")["id"]
        works: list[Callable[[Client], None]] = [self.report, self.upload, self.replace, self.change_states]
        threads = [threading.Thread(target=self.until_it_is_gone, args=(work, Client(server))) for work in works]
        for thread in threads:
            thread.start()
        enough = self.random.randint(20, 120)
        wait_until(
            lambda: (
                self.acknowledged >= enough
                and min(self.reported, len(self.uploaded), self.replaced, len(self.statuses)) > 0
            )
        )
        server.kill()
        for thread in threads:
            thread.join()

    @staticmethod
    def until_it_is_gone(work: Callable[[Client], None], client: Client) -> None:
        with contextlib.suppress(requests.RequestException), client.http:
            while True:
                work(client)

    def report(self, client: Client) -> None:
        first = self.reported * BATCH
        events = [self._event(kind, first + place) for place in range(BATCH) for kind in ("scalar", "log", "plot")]
        client.post("events.add_batch", "\n".join(map(json.dumps, events)))
        self.reported += 1

    def _event(self, kind: str, iteration: int) -> dict[str, Any]:
        event = {"task": self.task, "iter": iteration, "timestamp": 1_700_000_000_000 + iteration}
        if kind == "log":
            return {**event, "type": "log", "msg": f"line {iteration}"}
        named = {**event, "metric": "m", "variant": kind}
        if kind == "plot":
            return {**named, "type": "plot", "plot_str": json.dumps({"data": [iteration]})}
        return {**named, "type": "training_stats_scalar", "value": float(iteration)}

    def upload(self, client: Client) -> None:
        path, size = f"load/{self.number}/{len(self.uploaded)}.bin", self.random.randint(1, 400_000)
        self.sizes[path] = size
        client.upload(path, content(path, size))
        self.uploaded.add(path)

    def replace(self, client: Client) -> None:
        client.upload(REPLACED, content(f"{self.number} {self.replaced + 1}", 100_000))
        self.replaced += 1

    def change_states(self, client: Client) -> None:
        task = client.post("tasks.create", json.dumps({"name": "changing", "type": "training"}))["id"]
        self.statuses[task] = "created"
        for place, (move, status) in enumerate(zip(MOVES, STATUSES, strict=True)):
            self.underway = (task, status)
            client.post(f"tasks.{move}", json.dumps({"task": task, "queue_name": "load"}))
            self.statuses[task] = status
            item = {"section": "Args", "name": "place", "value": str(place)}
            request = {"task": task, "hyperparams": [item], "force": True}
            if status in ("created", "in_progress"):
                client.post("tasks.edit_hyper_params", json.dumps(request))
                self.settings[task] = place

    def check(self, server: ServerProcess) -> None:
        """Compares what a server holds with what was acknowledged."""
        scalars = server.ok("events.get_scalar_metric_data", task=self.task, metric="m")["events"]
        lines = server.ok("events.get_task_log", task=self.task, batch_size=10_000)["events"]
        plots = server.ok("events.get_task_plots", task=self.task, iters=100)["plots"]
        for found in ({one["iter"] for one in scalars}, {int(one["msg"].split()[1]) for one in lines}):
            batches = len(found) // BATCH
            assert batches >= self.reported
            assert found == set(range(batches * BATCH)), "a batch is there by half"
        latest = max(one["iter"] for one in plots)
        assert latest >= self.reported * BATCH - 1
        for path in self.uploaded:
            assert server.http.get(f"{server.address['files']}/{path}").content == content(path, self.sizes[path])
        answer = server.ok("tasks.get_all", id=list(self.statuses), only_fields=["id", "status", "hyperparams"])
        found_tasks = {task["id"]: task for task in answer["tasks"]}
        for task, status in self.statuses.items():
            possible = {status} | ({self.underway[1]} if task == self.underway[0] else set())
            assert found_tasks[task]["status"] in possible
        for task, value in self.settings.items():
            stored = int(found_tasks[task]["hyperparams"]["Args"]["place"]["value"])
            assert stored == value or (task == self.underway[0] and stored >= value)


class Client:
    """One client of a server that may go at any moment."""

    def __init__(self, server: ServerProcess) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {server.token}"
        self.address = server.address

    def post(self, endpoint: str, body: str) -> dict[str, Any]:
        kind = "application/json-lines" if endpoint.endswith("_batch") else "application/json"
        answer = self.http.post(
            f"{self.address['api']}/{endpoint}", data=body, headers={"Content-Type": kind}, timeout=PATIENCE
        )
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def upload(self, path: str, body: bytes) -> None:
        answer = self.http.post(self.address["files"], files={path: ("file", body)}, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text


def assert_no_half_file(folder: Path, load: Load) -> None:
    """Looks at the files of a killed server before another one could tidy up: under its name each is whole."""
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    there = folder / "files" / "content"
    assert all((there / path).is_file() for path in load.uploaded)
    for file in (there / "load" / str(load.number)).iterdir():
        name = file.relative_to(there).as_posix()
        assert file.read_bytes() == content(name, load.sizes[name])
    replaced = (there / REPLACED).read_bytes()
    assert replaced in {content(f"{load.number} {version}", 100_000) for version in (load.replaced, load.replaced + 1)}


@pytest.mark.timeout(120 + SECONDS_FOR_A_KILL * KILLS)
def test_kills_under_load_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    loads = []
    for number in range(KILLS):
        server = ServerProcess(folder)
        if loads:
            loads[-1].check(server)
            assert list((folder / "files" / "incoming").iterdir()) == []
        load = Load(number)
        loads.append(load)
        load.run(server)
        assert_no_half_file(folder, load)
    last = ServerProcess(folder)
    for load in loads:
        load.check(last)
    last.stop()

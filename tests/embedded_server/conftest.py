"""A real server on a free port, and a client that is logged in to it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn

from embedded_server import application
from embedded_server.calls import Store
from embedded_server.dispatch import api_application
from tests.embedded_server.answers import faults


class Api:
    """Calls actions of one server."""

    #: an id that no document has
    unknown = "0" * 32

    def __init__(self, url: str, access_key: str, secret_key: str, store: Store) -> None:
        self.url = url
        self.key_pair = (access_key, secret_key)
        self.store = store
        self.http = requests.Session()
        self.http.auth = self.key_pair

    def send(self, path: str, method: str = "POST", **more: Any) -> requests.Response:
        return self.http.request(method, self.url + path, timeout=20, **more)

    def call(self, endpoint: str, version: str = "2.31", **request: Any) -> dict[str, Any]:
        """The envelope of an answer."""
        answer = self.send(f"/v{version}/{endpoint}", json=request)
        envelope: dict[str, Any] = answer.json()
        assert envelope["meta"]["result_code"] == answer.status_code
        return envelope

    def ok(self, endpoint: str, version: str = "2.31", **request: Any) -> dict[str, Any]:
        """The data of an answer to a call that must succeed, and must be as the SDK expects it."""
        envelope = self.call(endpoint, version, **request)
        assert envelope["meta"]["result_code"] == 200, envelope["meta"]["result_msg"]
        data: dict[str, Any] = envelope["data"]
        assert not faults(endpoint, data)
        return data

    def refusal(self, endpoint: str, version: str = "2.31", **request: Any) -> tuple[int, int]:
        """The codes of the answer to a call that must be refused."""
        meta = self.call(endpoint, version, **request)["meta"]
        assert meta["result_code"] != 200, f"{endpoint} succeeded"
        return meta["result_code"], meta["result_subcode"]

    def unique(self, word: str = "some") -> str:
        return f"{word}-{uuid.uuid4().hex[:8]}"

    def project(self, name: str | None = None, **fields: Any) -> str:
        return str(self.ok("projects.create", name=name or self.unique("project"), **fields)["id"])

    def queue(self, **fields: Any) -> str:
        return str(self.ok("queues.create", name=self.unique("queue"), **fields)["id"])

    def model(self, **fields: Any) -> str:
        body = {"name": self.unique("model"), "uri": "https://storage.example/m", "ready": False, **fields}
        return str(self.ok("models.create", **body)["id"])

    def task(self, status: str = "created", **fields: Any) -> str:
        """A task, brought into a status by legal moves."""
        task = self.ok("tasks.create", **{"name": self.unique("task"), "type": "training", **fields})["id"]
        moves = {
            "created": [],
            "queued": ["enqueue"],
            "in_progress": ["started"],
            "closed": ["started", "stopped", "close"],
            "published": ["started", "completed", "publish"],
        }
        for move in moves.get(status, ["started", status]):
            self.ok(f"tasks.{move}", task=task)
        return str(task)

    def get_task(self, task: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("tasks.get_by_id", task=task)["task"]
        return found

    def get_model(self, model: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("models.get_by_id", model=model)["model"]
        return found

    def waiting(self, queue: str) -> list[str]:
        return [entry["task"] for entry in self.ok("queues.get_by_id", queue=queue)["queue"]["entries"]]

    def ids(self, collection: str, **request: Any) -> list[str]:
        """The ids that a get_all finds."""
        return [found["id"] for found in self.ok(f"{collection}.get_all", **request)[collection]]


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One server for all tests, which therefore make their own, uniquely named objects."""
    with running(tmp_path_factory.mktemp("server")) as client:
        yield client


@contextmanager
def running(folder: Path) -> Iterator[Api]:
    """The API of a server that runs in a folder, in a thread of this process."""
    store, database = application.open_store(folder)
    configuration = uvicorn.Config(
        api_application(store, database), host="127.0.0.1", port=0, log_level="warning", ws="none", lifespan="off"
    )
    server = uvicorn.Server(configuration)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    port = server.servers[0].sockets[0].getsockname()[1]
    pair = json.loads((folder / "credentials.json").read_text(encoding="utf-8"))
    client = Api(f"http://127.0.0.1:{port}", pair["access_key"], pair["secret_key"], store)
    try:
        yield client
    finally:
        client.http.close()
        server.should_exit = True
        thread.join()
        database.close()

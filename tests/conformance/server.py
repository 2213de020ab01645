"""A server as cases see it: over HTTP, whatever it is made of."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import requests

from tests.conformance.expectations import Mismatch, equal, short, until
from tests.conformance.payloads import Payload, image, log_line, now_ms, plot, scalar

#: the version of the API that cases ask for
VERSION = "2.31"
TIMEOUT = 30  # seconds
#: an id that no object has
UNKNOWN = "0" * 32


def unique(prefix: str = "case") -> str:
    """A name that no object has yet."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def ids(items: Iterable[Payload]) -> list[str]:
    """The ids of objects in the order in which they came."""
    return [item["id"] for item in items]


class Server:
    """A logged-in client, with builders for the objects that cases need.

    Args:
        api: address of the API server.
        files: address of the file server.
        key: access key.
        secret: secret key.
    """

    def __init__(self, api: str, files: str, key: str, secret: str) -> None:
        self.api, self.files, self.key, self.secret = api.rstrip("/"), files.rstrip("/"), key, secret
        self.http = requests.Session()
        answer = self.http.post(f"{self.api}/auth.login", auth=(key, secret), timeout=TIMEOUT)
        answer.raise_for_status()
        self.token: str = answer.json()["data"]["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    # calls

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        """A request to the API server with our token; path as it follows the host."""
        return self.http.request(method, self.api + path, timeout=TIMEOUT, **more)

    def anonymous(self, method: str, path: str, **more: Any) -> requests.Response:
        """A request to the API server without our token."""
        return requests.request(method, self.api + path, timeout=TIMEOUT, **more)

    def file(self, method: str, path: str, **more: Any) -> requests.Response:
        """A request to the file server with our token."""
        return self.http.request(method, self.files + path, timeout=TIMEOUT, **more)

    def anonymous_file(self, method: str, path: str, **more: Any) -> requests.Response:
        """A request to the file server without our token."""
        return requests.request(method, self.files + path, timeout=TIMEOUT, **more)

    def ok(self, endpoint: str, _version: str = VERSION, **body: Any) -> Any:
        """The data of a call that must succeed."""
        answer = self.send("POST", f"/v{_version}/{endpoint}", json=body)
        return self.expect(answer, 200, 0, f"{endpoint} {short(body, 120)}")

    def refused(self, endpoint: str, code: int, subcode: int, _version: str = VERSION, **body: Any) -> Any:
        """A call that must be refused with this result code and subcode."""
        answer = self.send("POST", f"/v{_version}/{endpoint}", json=body)
        return self.expect(answer, code, subcode, f"{endpoint} {short(body, 120)}")

    @staticmethod
    def expect(answer: requests.Response, code: int, subcode: int, what: str) -> Any:
        """The data of an answer whose HTTP status and envelope carry this code and subcode."""
        try:
            body = answer.json()
            meta, data = body["meta"], body["data"]
        except (ValueError, KeyError, TypeError):
            told = f"{what}: HTTP {answer.status_code} without an envelope: {short(answer.text)}"
            raise Mismatch(told) from None
        got = (answer.status_code, meta.get("result_code"), meta.get("result_subcode"))
        if got != (code, code, subcode):
            said = short(meta.get("result_msg"))
            raise Mismatch(f"{what}: expected {code}/{subcode}, got HTTP {got[0]}, {got[1]}/{got[2]} {said}")
        return data

    # builders

    def project(self, name: str | None = None, **fields: Any) -> str:
        """A new project."""
        return self.ok("projects.create", name=name or unique("project"), **fields)["id"]

    def queue(self, name: str | None = None, **fields: Any) -> str:
        """A new queue."""
        return self.ok("queues.create", name=name or unique("queue"), **fields)["id"]

    def model(self, **fields: Any) -> str:
        """A new model, a draft unless asked otherwise."""
        body = {"name": unique("model"), "uri": f"https://storage.example/{unique()}.bin", "ready": False, **fields}
        return self.ok("models.create", **body)["id"]

    def task(self, status: str = "created", **fields: Any) -> str:
        """A new task, brought into the given status by legal moves."""
        task = self.ok("tasks.create", **{"name": unique("task"), "type": "training", **fields})["id"]
        if status == "queued":
            self.ok("tasks.enqueue", task=task, queue=self.queue())
        elif status != "created":
            self.ok("tasks.started", task=task)
            if status == "published":
                self.ok("tasks.completed", task=task)
                self.ok("tasks.publish", task=task)
            elif status == "closed":
                self.ok("tasks.stopped", task=task)
                self.ok("tasks.close", task=task)
            elif status != "in_progress":
                self.ok(f"tasks.{status}", task=task)
        return task

    # reads

    def get_task(self, task: str) -> Payload:
        """One task, whole."""
        return self.ok("tasks.get_by_id", task=task)["task"]

    def status(self, task: str) -> str:
        """The status of a task."""
        return self.get_task(task)["status"]

    def get_model(self, model: str) -> Payload:
        """One model, whole."""
        return self.ok("models.get_by_id", model=model)["model"]

    def get_queue(self, queue: str) -> Payload:
        """One queue, whole."""
        return self.ok("queues.get_by_id", queue=queue)["queue"]

    def get_project(self, project: str) -> Payload:
        """One project, whole."""
        return self.ok("projects.get_by_id", project=project)["project"]

    def queued(self, queue: str) -> list[str]:
        """The tasks that wait in a queue, in their order."""
        return [entry["task"] for entry in self.get_queue(queue)["entries"]]

    def worker(self, worker: str) -> Payload | None:
        """The entry of a worker in workers.get_all, or None."""
        workers = self.ok("workers.get_all", last_seen=600)["workers"]
        return next((entry for entry in workers if entry["id"] == worker), None)

    # events

    def batch(self, events: Sequence[Payload]) -> requests.Response:
        """The raw answer to one batch of events, which is sent as lines of JSON."""
        body = "\n".join(json.dumps(event) for event in events)
        headers = {"Content-Type": "application/json-lines"}
        return self.send("POST", f"/v{VERSION}/events.add_batch", data=body, headers=headers)

    def report(self, *events: Payload) -> None:
        """Adds events, all of which must be accepted."""
        data = self.expect(self.batch(events), 200, 0, "events.add_batch")
        equal((data["added"], data["errors"]), (len(events), 0), "added and errors of events.add_batch")

    def histogram(self, task: str, curves: int, **body: Any) -> Payload:
        """scalar_metrics_iter_histogram, once this many (metric, variant) curves are visible."""
        return until(
            lambda: self.ok("events.scalar_metrics_iter_histogram", task=task, **body),
            lambda data: sum(len(variants) for variants in data.values()) == curves,
            f"events.scalar_metrics_iter_histogram never had {curves} curves",
        )

    # files

    def upload(self, path: str, content: bytes) -> requests.Response:
        """Stores a file, which must succeed."""
        answer = self.file("POST", "/", files={path: (path.rsplit("/", 1)[-1], content)})
        equal(answer.status_code, 200, f"HTTP status of the upload of {path}")
        return answer

    def prime(self) -> None:
        """Gives the server one event of each kind: some servers make their event storage on first use."""
        task = self.task()
        self.report(
            scalar(task, "m", "v", 1, 0),
            log_line(task, "line", now_ms()),
            plot(task, "m", "v", 0),
            image(task, "m", "v", 0, "https://storage.example/a.png"),
        )

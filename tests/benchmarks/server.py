"""How fast the embedded server is. Run by ``make bench-server``; prints a table in Markdown.

Each number is measured over HTTP from other processes of the same machine, against a server process of its own in a
throw-away folder: 1,000 tasks that look like runs of this project, with 1,000 scalars each.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from embedded_server.application import open_store
from embedded_server.entities.summaries import add_to_summaries
from embedded_server.storage.documents import timestamp
from embedded_server.storage.events import Curves
from tests.embedded_server.server_process import ServerProcess, wait_until

TASKS = 1000
POINTS = 1000  # scalars of a task
CURVES = 10  # of a task
COMPARED = 10  # tasks
AGENTS = 100
POLLED_FOR = 5.0  # seconds
AGENT_PAUSE = 5.0  # seconds that the genuine agent waits between two questions
MOST_SENT = 100_000  # events of a client
BATCH = 100  # events: the SDK's reporter flushes at as many
REPEATED = 20  # times that a page is asked for


@dataclass(frozen=True)
class Row:
    """One measurement."""

    what: str
    measured: str
    wanted: str
    conditions: str

    def __post_init__(self) -> None:
        print(f"{self.what}: {self.measured} ({self.conditions})", file=sys.stderr, flush=True)


class Caller:
    """One connection to a server, as thin as possible: what is measured is the server."""

    def __init__(self, server: ServerProcess, port: str = "api") -> None:
        parts = urlsplit(server.address[port])
        self._connection = HTTPConnection(str(parts.hostname), parts.port)
        self._headers = {"Authorization": f"Bearer {server.token}"}

    def post(self, endpoint: str, body: bytes, kind: str = "application/json") -> bytes:
        return self._ask("POST", f"/{endpoint}", body, {"Content-Type": kind})

    def get(self, path: str) -> bytes:
        return self._ask("GET", path, None, {})

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        self._connection.request(method, path, body, {**self._headers, **headers})
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:500]
        return content


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default="start,intake,pages,agents", help="which parts, separated by commas")
    parts = parser.parse_args().parts.split(",")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="server-bench-") as name:
        folder = Path(name) / "data"
        seed(folder)
        if "start" in parts:
            rows += start(Path(name) / "empty", "an empty folder")
            rows += start(folder, "1,000 tasks and 1,000,000 scalars")
        server = ServerProcess(folder)
        try:
            if "start" in parts:
                rows.append(memory(server, "idle, after one call"))
            if "pages" in parts:
                rows += pages(server)
            if "intake" in parts:
                rows += [intake(server, BATCH), intake(server, 10 * BATCH)]
            if "agents" in parts:
                rows += agents(server)
            rows.append(memory(server, "after all of this"))
        finally:
            server.stop()
    load = os.getloadavg()[0]
    print(f"{psutil.cpu_count()} cores, {platform.processor() or platform.machine()}, load {load:.1f} at the end;"
          f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n")  # fmt: skip
    print("| what | measured | wanted | conditions |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.wanted} | {row.conditions} |")


# what is in the database


def seed(folder: Path) -> None:
    """Tasks as runs of this project leave them, and their scalars."""
    store, database = open_store(folder)
    with database.transaction():
        project = {"id": "p" * 32, "name": "bench", "path": [], "created": timestamp()}
        store.documents.put("projects", project)
        for number in range(TASKS):
            task = task_document(number)
            curves = made_curves(number)
            add_to_summaries(task["last_metrics"], curves)
            store.documents.put("tasks", task)
            store.events.add_curves(task["id"], curves)
    database.close()


def task_document(number: int) -> dict[str, Any]:
    """A task of about 15 kB."""
    sections = {
        section: {
            f"{section.lower()}_setting_{i}": {"section": section, "name": f"{section.lower()}_setting_{i}",
                                               "value": str((number * i) % 17), "type": "str", "description": "x" * 60}
            for i in range(8)
        }
        for section in ("Data", "Search", "Budget", "Pool", "Registry")
    }  # fmt: skip
    artifacts = [
        {"key": f"artifact {i}", "type": "custom", "mode": "output", "uri": f"http://127.0.0.1:8081/bench/{i}.json",
         "content_size": 1000, "hash": "0" * 64, "type_data": {"preview": "y" * 200, "content_type": "text/json"}}
        for i in range(8)
    ]  # fmt: skip
    moment = timestamp()
    return {
        "id": f"{number:032x}", "name": f"run {number}", "type": "training", "status": "completed", "project": "p" * 32,
        "user": "u" * 32, "company": "embedded", "tags": ["tpot", f"tag {number % 7}"], "system_tags": [],
        "created": moment, "started": moment, "completed": moment, "last_update": moment, "status_changed": moment,
        "last_iteration": 99, "last_worker": "bench:0", "active_duration": 60, "last_metrics": {},
        "hyperparams": sections, "configuration": {}, "execution": {"artifacts": artifacts}, "runtime": {},
        "script": {"entry_point": "experiments/run.py", "diff": "z" * 3000, "requirements": {"pip": "q" * 2000}},
        "models": {"input": [], "output": []},
    }  # fmt: skip


def made_curves(number: int) -> Curves:
    """The scalars of one task."""
    return {
        ("Search" if curve < 5 else "Pool", f"curve {curve}"): [
            (iteration, 1_790_000_000_000 + iteration, math.sin((iteration + number) / 10) + curve)
            for iteration in range(POINTS // CURVES)
        ]
        for curve in range(CURVES)
    }


# the measurements


def start(folder: Path, what: str) -> list[Row]:
    """Seconds from the start of a process to its first answer."""
    seconds, computed = [], []
    for _ in range(5):
        began = time.perf_counter()
        server = ServerProcess(folder)  # which logs in, too
        seconds.append(time.perf_counter() - began)
        computed.append(cpu_seconds(server))
        server.stop()
    told = (
        f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s of 5;"
        f" {statistics.median(computed):.2f} s of CPU"
    )
    return [Row("start to first answer (a log-in)", told, "< 1 s", what)]


def memory(server: ServerProcess, what: str) -> Row:
    """Resident memory of the process."""
    return Row("memory", f"{psutil.Process(server.process.pid).memory_info().rss / 1e6:.0f} MB", "< 100 MB idle", what)


def pages(server: ServerProcess) -> list[Row]:
    """What a page and the SDK's counterpart of it take."""
    api, web = Caller(server), Caller(server, "web")
    chosen = [f"{number * 97 % TASKS:032x}" for number in range(COMPARED)]
    fields = ["id", "name", "status", "tags", "project.name", "last_metrics", "started", "last_update", "hyperparams"]
    listing = {"project": ["p" * 32], "order_by": ["-last_update"], "page": 3, "page_size": 50, "only_fields": fields}
    compared = json.dumps({"tasks": chosen}).encode()
    asked: dict[str, Callable[[], bytes]] = {
        "experiments page": lambda: web.get("/projects/" + "p" * 32 + "/experiments"),
        "experiments page, as JSON": lambda: web.get("/projects/" + "p" * 32 + "/experiments.json"),
        "experiments page, sorted by a parameter": lambda: web.get(
            "/projects/" + "p" * 32 + "/experiments.json?sort=-hyperparams.Search.search_setting_3.value"
        ),
        f"comparison of {COMPARED}, page": lambda: web.get(f"/compare?ids={','.join(chosen)}"),
        f"comparison of {COMPARED}, as JSON": lambda: web.get(f"/compare.json?ids={','.join(chosen)}"),
        "`tasks.get_all_ex`, a page of 50": lambda: api.post("tasks.get_all_ex", json.dumps(listing).encode()),
        f"`events.multi_task_scalar_metrics_iter_histogram` of {COMPARED}": lambda: api.post(
            "events.multi_task_scalar_metrics_iter_histogram", compared
        ),
        "`tasks.get_by_id`": lambda: api.post("tasks.get_by_id", json.dumps({"task": chosen[0]}).encode()),
    }
    return [timed(server, what, ask) for what, ask in asked.items()]


def cpu_seconds(server: ServerProcess) -> float:
    """What the server's process has computed so far: on a busy machine it says more than the clock."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def timed(server: ServerProcess, what: str, ask: Callable[[], bytes]) -> Row:
    size = len(ask())
    seconds, before = [], cpu_seconds(server)
    for _ in range(REPEATED):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    computed = (cpu_seconds(server) - before) / REPEATED
    told = (
        f"median {statistics.median(seconds) * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms of {REPEATED};"
        f" {computed * 1000:.0f} ms of CPU"
    )
    return Row(what, told, "< 200 ms", f"{TASKS:,} tasks, {TASKS * POINTS:,} scalars; answer {size / 1e3:,.0f} kB")


def intake(server: ServerProcess, batch: int, seconds: float = 5.0, clients: int = 2) -> Row:
    """Scalars a second that are on the disk, sent by client processes as the genuine SDK writes them."""
    tasks = [
        json.loads(Caller(server).post("tasks.create", b'{"name": "intake", "type": "training"}'))["data"]["id"]
        for _ in range(clients)
    ]
    context = multiprocessing.get_context("spawn")
    ready, counts = context.Barrier(clients), context.Queue()
    processes = [
        context.Process(target=send, args=(server.address, server.token, task, batch, seconds, ready, counts))
        for task in tasks
    ]
    before = cpu_seconds(server)
    for process in processes:
        process.start()
    sent = [counts.get(timeout=60) for _ in processes]
    computed = (cpu_seconds(server) - before) / sum(count for count, _ in sent)
    for process in processes:
        process.join()
    conditions = f"the SDK's batches of {batch}, made beforehand; {clients} clients, a connection each, {seconds:.0f} s"
    rate = sum(count / seconds for count, seconds in sent)
    told = f"{rate:,.0f} a second; {computed * 1e6:.0f} µs of CPU each"
    return Row("scalars taken in", told, ">= 50,000 a second", conditions)


def send(address: dict[str, str], token: str, task: str, batch: int, seconds: float, ready: Any, counts: Any) -> None:
    """A client: its batches are made with the SDK's own classes before the time runs."""
    lines = sdk_lines(task)
    bodies = [body(lines, range(first, first + batch)) for first in range(0, MOST_SENT, batch)]
    parts = urlsplit(address["api"])
    connection = HTTPConnection(str(parts.hostname), parts.port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json-lines"}
    connection.request("POST", "/v2.23/events.add_batch", bodies.pop(), headers)  # the first of all is slower
    connection.getresponse().read()
    ready.wait()
    began, sent = time.perf_counter(), 0
    while time.perf_counter() - began < seconds and sent < len(bodies):
        connection.request("POST", "/v2.23/events.add_batch", bodies[sent], headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        sent += 1
    counts.put((sent * batch, time.perf_counter() - began))


def sdk_lines(task: str) -> list[dict[str, Any]]:
    """One event of each of ten curves, as the SDK's session writes them.

    The SDK takes a millisecond to make an event: the others are copies with other numbers.
    """
    from clearml.backend_api.services.v2_23 import events  # what the SDK picks where the server is as new as it

    made = [
        events.MetricsScalarEvent(task=task, metric="loss", variant=f"curve {curve}", value=0.5, iter=0, timestamp=1)
        for curve in range(CURVES)
    ]
    lines: list[dict[str, Any]] = events.AddBatchRequest(
        requests=[events.AddRequest(event=event, model_event=False) for event in made]
    ).get_json()
    return lines


def body(lines: list[dict[str, Any]], places: range) -> bytes:
    """A batch of the events at some places of all that a client sends."""
    return "\n".join(
        json.dumps({**lines[place % CURVES], "value": 1 / (place + 1), "iter": place // CURVES,
                    "timestamp": 1_790_000_000_000 + place})
        for place in places
    ).encode()  # fmt: skip


def agents(server: ServerProcess) -> list[Row]:
    """`queues.get_next_task` while many agents poll: without a pause, and as the genuine agent does."""
    api = Caller(server)
    queue = json.loads(api.post("queues.create", b'{"name": "bench"}'))["data"]["id"]
    rows = []
    for pause in (0.0, AGENT_PAUSE):
        seconds = poll(server, queue, pause)
        told = (
            f"{len(seconds) / POLLED_FOR:,.0f} calls a second, median {statistics.median(seconds) * 1000:.1f} ms,"
            f" 95 % within {sorted(seconds)[int(0.95 * len(seconds))] * 1000:.1f} ms"
        )
        conditions = f"{AGENTS} agents, {f'each every {pause:.0f} s' if pause else 'without a pause'}, nothing waits"
        rows.append(Row("`queues.get_next_task`", told, "", conditions))
    for number in range(AGENTS):
        new = json.dumps({"name": f"waiting {number}", "type": "training"}).encode()
        task = json.loads(api.post("tasks.create", new))["data"]["id"]
        api.post("tasks.enqueue", json.dumps({"task": task, "queue": queue}).encode())
    began = time.perf_counter()
    taken = take(server, queue)
    told = f"{len(taken)} different tasks in {(time.perf_counter() - began) * 1000:.0f} ms"
    assert len(set(taken)) == AGENTS
    rows.append(Row("`queues.get_next_task`", told, "none twice", f"{AGENTS} agents ask at once, {AGENTS} tasks wait"))
    return rows


def poll(server: ServerProcess, queue: str, pause: float) -> list[float]:
    """Seconds that each call took."""
    body, found, ended = json.dumps({"queue": queue}).encode(), [], threading.Event()

    def agent(number: int) -> None:
        caller = Caller(server)
        ended.wait(pause * number / AGENTS)
        while not ended.is_set():
            began = time.perf_counter()
            caller.post("queues.get_next_task", body)
            found.append(time.perf_counter() - began)
            ended.wait(pause)

    threads = [threading.Thread(target=agent, args=(number,)) for number in range(AGENTS)]
    for thread in threads:
        thread.start()
    ended.wait(POLLED_FOR)
    ended.set()
    for thread in threads:
        thread.join()
    return found


def take(server: ServerProcess, queue: str) -> list[str]:
    """What agents that all ask at the same moment get."""
    body, found, ready = json.dumps({"queue": queue}).encode(), [], threading.Barrier(AGENTS)

    def agent() -> None:
        caller = Caller(server)
        ready.wait()
        found.append(json.loads(caller.post("queues.get_next_task", body))["data"]["entry"]["task"])

    threads = [threading.Thread(target=agent) for _ in range(AGENTS)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(found) == AGENTS)
    for thread in threads:
        thread.join()
    return found


if __name__ == "__main__":
    main()

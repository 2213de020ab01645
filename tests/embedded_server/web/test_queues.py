"""Queues, workers and pools on one page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from embedded_server.web.dask_pool import local_pool


def seen(site, queue):
    return next(one for one in site.twin("/queues.json")["queues"] if one["id"] == queue)


@pytest.fixture
def queue(site):
    """A queue in which four experiments wait: a, b, c, d."""

    class Queue:
        id = site.queue()
        tasks = tuple(site.task(name=f"experiment {letter}") for letter in "abcd")

        def move(self, letter, to):
            return site.post(f"/queues/{self.id}/move", task=self.tasks["abcd".index(letter)], to=to)

        def __str__(self):
            return "".join("abcd"[self.tasks.index(task)] for task in site.waiting(self.id))

    made = Queue()
    for task in made.tasks:
        site.ok("tasks.enqueue", task=task, queue=made.id)
    return made


def test_what_waits_is_shown_in_its_order(site, queue):
    entries = seen(site, queue.id)["entries"]
    assert [(entry["place"], entry["name"]) for entry in entries] == list(
        enumerate(map("experiment {}".format, "abcd"), 1)
    )
    assert all(entry["waiting_seconds"] >= 0 and entry["added"] for entry in entries)
    text = site.page("/queues")
    assert text.index("experiment a") < text.index("experiment d")


@pytest.mark.parametrize(
    ("letter", "to", "order"),
    [
        ("c", "first", "cabd"),
        ("c", "up", "acbd"),
        ("a", "up", "abcd"),
        ("a", "down", "bacd"),
        ("b", "last", "acdb"),
        ("d", 1, "dabc"),
        ("a", 3, "bcad"),
        ("a", 99, "bcda"),
    ],
)
def test_the_order_can_be_changed(queue, letter, to, order):
    assert queue.move(letter, to).status_code == 200
    assert str(queue) == order


@pytest.mark.parametrize("to", ["sideways", None, True, 1.5])
def test_a_move_to_nowhere_is_refused(queue, to):
    assert queue.move("a", to).status_code == 400
    assert str(queue) == "abcd"


def test_what_is_taken_out_gets_its_status_back(site, queue):
    assert site.post(f"/queues/{queue.id}/remove", task=queue.tasks[1]).status_code == 200
    assert str(queue) == "acd"
    assert site.get_task(queue.tasks[1])["status"] == "created"
    assert site.post(f"/queues/{queue.id}/remove", task=queue.tasks[1]).status_code == 400


def test_an_entry_of_a_deleted_experiment_can_be_seen_and_taken_out(site):
    queue = site.queue()
    site.ok("queues.add_task", queue=queue, task=site.unknown)
    assert seen(site, queue)["entries"][0]["link"] is None
    assert site.post(f"/queues/{queue}/remove", task=site.unknown).status_code == 200
    assert site.waiting(queue) == []


def test_queues_are_made_and_deleted_while_they_are_empty(site, queue):
    made = site.post("/queues/new", name=site.unique("new")).json()["id"]
    assert site.post(f"/queues/{made}/delete").status_code == 200
    assert site.post(f"/queues/{queue.id}/delete").status_code == 400
    assert site.post("/queues/new", name="ab").status_code == 400


def worker(site, name):
    return next(one for one in site.twin("/workers.json")["workers"] if one["id"] == name)


def test_a_worker_says_what_it_works_on_and_how_busy_its_machine_is(site, queue):
    name, task = site.unique("host:worker"), site.experiment("being worked on")
    site.ok("workers.register", worker=name, queues=[queue.id])
    statistics = {"cpu_usage": [50.0], "memory_used": 1024, "memory_free": 3072}
    site.ok("workers.status_report", worker=name, queues=[queue.id], task=task, timestamp=1, machine_stats=statistics)
    found = worker(site, name)
    assert (found["task"]["id"], found["task"]["name"]) == (task, "being worked on")
    assert found["task"]["since"] == site.get_task(task)["started"]
    assert (found["load"], found["memory_used"], found["memory_total"]) == (0.5, 1 << 30, 4 << 30)
    assert seen(site, queue.id)["workers"] == [name]
    text = site.page("/queues")
    for words in (name, "being worked on", "50 %", "1.1 GB", "of 4.3 GB"):
        assert words in text


def test_an_idle_worker_says_since_when(site):
    name = site.unique("host:idle")
    site.ok("workers.register", worker=name)
    found = worker(site, name)
    assert found["task"] is None
    assert found["idle_since"]
    assert found["load"] is None


def test_what_runs_without_a_worker_is_shown(site):
    task = site.experiment("by hand")
    assert task in [one["id"] for one in site.twin("/queues.json")["unattended"]]


def test_workers_have_an_address_of_their_own(site):
    answer = site.browser.get(f"{site.web}/workers", allow_redirects=False)
    assert answer.headers["Location"] == "/queues#workers"


def test_experiments_tell_of_the_pools_that_they_use(site):
    task = site.experiment("on a pool")
    site.report(task, "Pool", "workers", 2, 4)
    site.report(task, "Pool", "utilisation", 0.5, 0.875)
    pools = {one["id"]: one["values"] for one in site.twin("/queues.json")["reported_pools"]}
    assert pools[task] == {"workers": 4, "utilisation": 0.875}
    assert "utilisation 0.875" in site.page("/queues")


IDENTITY = {
    "address": "tcp://127.0.0.1:1234",
    "workers": {
        f"tcp://127.0.0.1:{number}": {
            "name": str(number),
            "nthreads": 1,
            "memory_limit": 4_000,
            "last_seen": 1.0,
            "status": "running",
            "metrics": {"cpu": 3.0, "memory": 1_000, "task_counts": {"long-running": 1, "memory": 7}, **more},
        }
        for number, more in ((10, {}), (9, {"tree cpu": 98.0, "tree memory": 3_000}))
    },
}


@contextmanager
def scheduler(tmp_path, answers) -> Iterator:
    """A scheduler's HTTP side that knows only some paths; its scheduler file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = answers.get(self.path)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        file = tmp_path / "scheduler.json"
        content = {"address": "tcp://127.0.0.1:1234", "services": {"dashboard": server.server_address[1]}}
        file.write_text(json.dumps(content))
        yield file
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/json/pool.json", "/json/identity.json"])
def test_the_pool_tells_of_its_workers(tmp_path, path):
    with scheduler(tmp_path, {path: IDENTITY}) as file:
        pool = local_pool(file)
    assert pool["state"] == "running"
    nine, ten = pool["workers"]
    assert (nine["name"], nine["load"], nine["memory"], nine["tasks"]) == ("9", 0.98, 3_000, 1)
    assert (ten["name"], ten["load"], ten["memory"], ten["memory_limit"]) == ("10", 0.03, 1_000, 4_000)


def test_a_pool_that_does_not_run_or_answer_is_no_error(tmp_path):
    assert local_pool(None)["state"] == "unknown"
    assert local_pool(tmp_path / "none.json")["state"] == "stopped"
    with scheduler(tmp_path, {}) as file:
        assert local_pool(file)["state"] == "silent"
    silent = local_pool(file)  # its port is closed now
    assert "does not answer" in silent["reason"]
    for content in ("no JSON", "[]", '{"address": 3}', '{"address": "tcp://127.0.0.1:1", "services": {}}'):
        file.write_text(content)
        assert local_pool(file)["state"] == "stopped"

"""No request makes the server fail: whatever is sent to any action, the answer is data or a refusal.

More of it finds more: FUZZ_EXAMPLES=200 draws as many requests of each action, others every time.
"""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings

from embedded_server import services
from embedded_server.calls import ACTIONS
from tests.embedded_server.conftest import running
from tests.embedded_server.request_strategies import Requests

services.load()

#: not the one that would lock the test out
ENDPOINTS = sorted(set(ACTIONS) - {"auth.revoke_credentials"})
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A server of its own, which nothing else relies on."""
    with running(tmp_path_factory.mktemp("robustness")) as client:
        yield client


@pytest.fixture(scope="module")
def drawn(alone):
    """Requests that know some objects of every kind and status."""
    project, queue = alone.project(), alone.queue()
    statuses = ("created", "queued", "in_progress", "stopped", "failed", "completed", "published")
    tasks = [alone.task(status, project=project, tags=["a"], hyperparams={
        "Args": {"x": {"section": "Args", "name": "x", "value": "1"}}}) for status in statuses]  # fmt: skip
    models = [alone.model(project=project, task=tasks[2], metadata=[{"key": "k", "type": "t", "value": "v"}])]
    for task in tasks[:2]:
        alone.ok("tasks.add_or_update_model", task=tasks[0], name=task, type="input", model=models[0])
    alone.ok("tasks.enqueue", task=tasks[0], queue=queue)
    alone.ok("workers.status_report", worker="host:0", timestamp=0, machine_stats={"cpu_usage": [1.0]})
    for kind in ("training_stats_scalar", "plot", "training_debug_image", "log"):
        for step in range(2):
            alone.ok("events.add", type=kind, task=tasks[2], metric="abc", variant="a", iter=step, value=1, msg="line")
    return Requests(
        {"task": tasks, "model": models, "queue": [queue], "project": [project], "id": [*tasks, *models],
         "parent": tasks, "worker": ["host:0"], "metric": ["abc"], "variant": ["a"]}
    )  # fmt: skip


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_no_request_makes_it_fail(alone, drawn, endpoint):
    @settings(
        max_examples=EXAMPLES or 8, deadline=None, derandomize=not EXAMPLES, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(drawn.of(endpoint))
    def answer(request):
        answer = alone.send(f"/v2.31/{endpoint}", data=json.dumps(request))
        assert answer.status_code < 500, f"{endpoint} {request} -> {answer.text}"
        if answer.headers["Content-Type"] == "application/json":
            assert answer.json()["meta"]["result_code"] == answer.status_code

    answer()

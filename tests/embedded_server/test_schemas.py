"""Validation with the schemas that the SDK carries."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedded_server import schemas
from embedded_server.errors import ApiError


def codes(endpoint, request):
    with pytest.raises(ApiError) as refusal:
        schemas.check(endpoint, request)
    return refusal.value.code, refusal.value.subcode


def test_the_sdk_itself_is_not_imported():
    script = (
        "import sys; from embedded_server import schemas;"
        "schemas.check('tasks.create', {'name': 'some', 'type': 'training'});"
        "print([name for name in sys.modules if name.partition('.')[0] == 'clearml'])"
    )
    folder = Path(schemas.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("service", ["tasks", "projects", "queues", "models", "events", "workers", "auth"])
def test_every_service_has_schemas(service):
    assert schemas.is_known(f"{service}.{next(iter(schemas.read_service(service).requests))}")


@pytest.mark.parametrize("endpoint", ["tasks.get_all_extra", "nonsense.get_all", "../tasks.get_all", "__init__.x"])
def test_what_the_sdk_does_not_know_is_not_known(endpoint):
    assert not schemas.is_known(endpoint)


def test_an_endpoint_without_a_schema_takes_anything():
    schemas.check("server.info", {"any": "thing"})


@pytest.mark.parametrize("tags", [["a", "-b"], [None], ["__$all", "a", "__$not", "b"], []])
def test_a_list_filter_takes_none_and_operators(tags):
    schemas.check("tasks.get_all", {"tags": tags, "project": tags})
    schemas.check("tasks.get_all_ex", {"tags": tags})


def test_a_status_filter_takes_statuses_exclusions_and_operators():
    schemas.check("tasks.get_all", {"status": ["created", "-queued", "__$not", "stopped", None]})
    assert codes("tasks.get_all", {"status": ["nonsense"]}) == (400, 12)


@pytest.mark.parametrize(
    ("endpoint", "request_"),
    [
        ("tasks.get_all", {"id": "not a list"}),
        ("tasks.get_all", {"id": [1]}),
        ("tasks.get_all", {"page_size": 0}),
        ("tasks.get_all", {"page": 1.5}),
        ("tasks.edit_hyper_params", {"task": "t", "hyperparams": [{"section": "a", "name": "b", "value": 1}]}),
        ("tasks.edit_hyper_params", {"task": "t", "hyperparams": [], "replace_hyperparams": "some"}),
        ("queues.move_task_forward", {"queue": "q", "task": "t", "count": True}),
        ("models.create", {"name": "no uri"}),
        ("tasks.started", {"task": None}),
    ],
)
def test_what_does_not_fit_is_refused(endpoint, request_):
    assert codes(endpoint, request_) == (400, 12)


def test_edit_stores_a_type_that_no_enumeration_holds():
    schemas.check("tasks.edit", {"task": "t", "type": "of my own"})
    assert codes("tasks.create", {"name": "some", "type": "of my own"}) == (400, 12)


def test_the_texts_of_a_query_become_what_the_schema_wants() -> None:
    query = {"page_size": "5", "id": "x", "name": "7", "search_hidden": "True", "page": "1x", "unknown": "1"}
    assert schemas.from_query("tasks.get_all", query) == {
        "page_size": 5, "id": ["x"], "name": "7", "search_hidden": True, "page": "1x", "unknown": "1",
    }  # fmt: skip
    assert schemas.from_query("no.such_action", {"a": "1"}) == {"a": "1"}


@pytest.fixture
def threads_take_turns():
    """Lets another thread go on wherever memory is tidied up, so that it happens in the middle of everything."""

    def give_way(phase: str, info: dict) -> None:
        time.sleep(0)

    thresholds = gc.get_threshold()
    gc.callbacks.append(give_way)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks.remove(give_way)


def test_first_requests_of_several_services_may_come_at_once(threads_take_turns):
    services = ["queues", "workers", "models", "projects"]
    schemas.read_service.cache_clear()
    at_once = threading.Barrier(len(services))

    def read(service: str) -> schemas.Service:
        at_once.wait()
        return schemas.read_service(service)

    with ThreadPoolExecutor(len(services)) as pool:
        found = list(pool.map(read, services))
    assert all(each.requests for each in found)

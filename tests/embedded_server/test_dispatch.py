"""From HTTP to an action and back, whatever arrives."""

from __future__ import annotations

import gzip
import json

import pytest
import requests

from embedded_server import dispatch
from embedded_server.calls import ACTIONS
from embedded_server.errors import ApiError


def codes(answer):
    meta = answer.json()["meta"]
    assert meta["result_code"] == answer.status_code
    return meta["result_code"], meta["result_subcode"]


@pytest.fixture
def served(monkeypatch):
    """Serves functions of the test as actions."""

    def serve(endpoint, function):
        monkeypatch.setitem(ACTIONS, endpoint, function)

    return serve


@pytest.fixture
def echo(served):
    served("test.echo", lambda call, request: {"version": list(call.version), "request": request})
    return "/test.echo"


def test_an_answer_is_an_envelope(api):
    body = api.send("/v2.23/tasks.get_all", json={"page_size": 1}).json()
    assert sorted(body) == ["data", "meta"]
    meta = body["meta"]
    assert meta["endpoint"] == {"name": "tasks.get_all", "requested_version": "2.23", "actual_version": "2.23"}
    assert (meta["result_code"], meta["result_subcode"], meta["result_msg"]) == (200, 0, "OK")
    assert {"id", "trx", "error_stack", "error_data"} <= set(meta)


@pytest.mark.parametrize(
    ("prefix", "version"), [("", [2, 31]), ("/v2.5", [2, 5]), ("/v2.31", [2, 31]), ("/v999.0", [999, 0])]
)
def test_any_version_is_served(api, echo, prefix, version):
    assert api.send(prefix + echo, json={}).json()["data"]["version"] == version


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_body_counts_with_any_method(api, echo, method):
    assert api.send(echo, method, json={"a": 1}).json()["data"]["request"] == {"a": 1}


def test_without_a_body_the_query_counts(api, echo):
    data = api.send(echo + "?enabled=true&types=a&types=b", "GET").json()["data"]
    assert data["request"] == {"enabled": "true", "types": ["a", "b"]}


@pytest.mark.parametrize("path", ["/tasks.no_such_action", "/v2.31/no_such_service.get_all", "/", "/v2.31/x"])
def test_what_is_unknown_is_404(api, path):
    answer = api.send(path, json={})
    assert codes(answer) == (404, 0)
    assert answer.json()["data"] == {}


def test_what_the_sdk_knows_and_nobody_serves_is_refused_by_name(api):
    answer = api.send("/v2.23/frames.get_by_id", json={})
    assert codes(answer) == (400, dispatch.NOT_SUPPORTED)
    assert "frames.get_by_id is not supported" in answer.json()["meta"]["result_msg"]


@pytest.mark.parametrize("body", [b'{"id": [', b"\xff\xfe", b"[" * 100_000, b"nonsense"])
def test_malformed_json_is_400(api, body):
    assert codes(api.send("/tasks.get_all", data=body)) == (400, 0)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null"])
def test_a_request_is_an_object(api, body):
    assert codes(api.send("/tasks.get_all", data=body)) == (400, 12)


def test_lines_of_json_are_handed_on_as_a_list(api, served):
    served("events.add_batch", lambda call, request: {"got": request})
    lines = b'{"a": 1}\n{"a": 2}\n'
    for content_type in ("application/json-lines", "application/json-lines; charset=utf-8"):
        answer = api.send("/v2.23/events.add_batch", data=lines, headers={"Content-Type": content_type})
        assert answer.json()["data"]["got"] == {"events": [{"a": 1}, {"a": 2}]}


def test_a_blank_line_between_lines_of_json_is_400(api):
    headers = {"Content-Type": "application/json-lines"}
    assert codes(api.send("/v2.23/events.add_batch", data=b'{"a": 1}\n\n{"a": 2}', headers=headers))[0] == 400


def test_a_compressed_body_is_read(api, echo):
    packed = gzip.compress(json.dumps({"a": "b" * 10_000}).encode())
    answer = api.send(echo, data=packed, headers={"Content-Encoding": "gzip"})
    assert answer.json()["data"]["request"] == {"a": "b" * 10_000}


# mtime: a name of the test that holds the time would differ between the processes that run tests side by side
@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"plain", "gzip"), (gzip.compress(b"{}" * 100, mtime=0)[:-9], "gzip")],
    ids=["plain", "torn"],
)
def test_a_body_that_is_not_what_its_encoding_says_is_400(api, echo, body, encoding):
    assert codes(api.send(echo, data=body, headers={"Content-Encoding": encoding})) == (400, 0)


def test_an_unknown_encoding_is_415(api, echo):
    assert codes(api.send(echo, data=b"{}", headers={"Content-Encoding": "br"})) == (415, 0)


def test_a_body_that_is_too_large_is_413_even_if_it_was_small_when_packed(api, echo, monkeypatch):
    monkeypatch.setattr(dispatch, "MAX_BODY_SIZE", 1000)
    large = json.dumps({"a": "b" * 2000}).encode()
    assert codes(api.send(echo, data=large)) == (413, 0)
    assert codes(api.send(echo, data=gzip.compress(large), headers={"Content-Encoding": "gzip"})) == (413, 0)


def test_a_call_needs_credentials(api):
    assert codes(requests.post(f"{api.url}/tasks.get_all", json={}, timeout=20)) == (401, 20)
    bad = {"Authorization": "Bearer bad"}
    assert codes(requests.post(f"{api.url}/tasks.get_all", json={}, headers=bad, timeout=20)) == (401, 30)


def test_a_request_that_does_not_fit_its_schema_never_reaches_the_action(api):
    assert api.refusal("tasks.get_by_id") == (400, 12)
    assert api.refusal("tasks.get_by_id", task=1) == (400, 12)
    assert api.refusal("tasks.create", name="bad type", type="no such type") == (400, 12)
    assert api.refusal("projects.create") == (400, 11)


def test_fields_that_no_schema_knows_are_let_through(api):
    task = api.task()
    assert api.ok("tasks.get_by_id", task=task, method="get")["task"]["id"] == task
    assert api.ids("tasks", id=[task], method="get") == [task]


def test_null_stands_for_a_field_that_is_not_given(api):
    assert api.ok("tasks.enqueue", task=api.task(), queue=None, queue_name=api.unique("queue"), status_reason=None)


def test_a_refused_call_leaves_nothing_behind(api, served):
    queue = api.unique("queue")

    def change_then_refuse(call, request):
        ACTIONS["queues.create"](call, {"name": queue})
        raise ApiError(400, 99, "no")

    served("test.refuse", change_then_refuse)
    assert api.refusal("test.refuse") == (400, 99)
    assert api.ids("queues", name=f"^{queue}$") == []


def test_an_unexpected_error_is_an_envelope_and_leaves_nothing_behind(api, served, caplog):
    queue = api.unique("queue")

    def change_then_fail(call, request):
        ACTIONS["queues.create"](call, {"name": queue})
        raise RuntimeError("secret detail")

    served("test.fail", change_then_fail)
    answer = api.send("/test.fail", json={})
    assert codes(answer) == (500, 100)
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text
    assert api.ids("queues", name=f"^{queue}$") == []


@pytest.mark.parametrize("value", ["\ud800", 1 << 70])
def test_what_sqlite_cannot_hold_is_the_callers_error(api, value):
    project = api.project()
    body = {"id": [value], "project": [project]} if isinstance(value, str) else {"last_iteration": value}
    answer = api.send("/tasks.get_all", data=json.dumps(body))
    assert codes(answer) in {(400, 12)}

"""Calls: the envelope, versions in the path, what is no call."""

from __future__ import annotations

from tests.conformance.expectations import check, equal


def case_envelope_of_success(s):
    answer = s.send("POST", "/v2.23/tasks.get_all", json={"page_size": 1})
    body = answer.json()
    equal(sorted(body), ["data", "meta"], "top level of the answer")
    meta = body["meta"]
    for field in ("id", "trx", "endpoint", "result_code", "result_subcode", "result_msg", "error_stack", "error_data"):
        check(field in meta, f"meta lacks {field}")
    equal(meta["endpoint"]["name"], "tasks.get_all", "meta.endpoint.name")
    check({"requested_version", "actual_version"} <= set(meta["endpoint"]), "meta.endpoint lacks versions")
    equal((meta["result_code"], meta["result_subcode"], meta["result_msg"]), (200, 0, "OK"), "result")
    check(answer.headers["Content-Type"].startswith("application/json"), "Content-Type is not JSON")


def case_version_prefix_is_optional_and_may_be_high(s):
    for prefix in ("", "/v1.0", "/v2.5", "/v2.31", "/v2.99", "/v999.0"):
        data = s.expect(s.send("POST", f"{prefix}/debug.ping", json={}), 200, 0, f"{prefix}/debug.ping")
        check(isinstance(data, dict), "data of debug.ping is not an object")


def case_unknown_endpoint_is_404(s):
    for path in ("/tasks.no_such_action", "/v2.31/no_such_service.get_all"):
        data = s.expect(s.send("POST", path, json={}), 404, 0, path)
        equal(data, {}, "data of an unknown endpoint")


def case_malformed_json_is_400(s):
    answer = s.send("POST", "/v2.31/tasks.get_all", data='{"id": [', headers={"Content-Type": "application/json"})
    s.expect(answer, 400, 0, "tasks.get_all with malformed JSON")


def case_get_with_json_body_equals_post(s):
    task = s.task()
    for method in ("GET", "POST"):
        data = s.expect(
            s.send(method, "/v2.23/tasks.get_by_id", json={"task": task}), 200, 0, f"{method} tasks.get_by_id"
        )
        equal(data["task"]["id"], task, f"task by {method}")

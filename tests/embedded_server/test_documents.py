"""Collections of JSON documents."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from embedded_server.storage import documents
from embedded_server.storage.database import Database
from embedded_server.storage.documents import Documents


@pytest.fixture
def collections(tmp_path):
    database = Database(tmp_path / "server.sqlite", documents.SCHEMA)
    yield Documents(database)
    database.close()


def names(found):
    return [document["name"] for document in found]


def test_a_document_comes_back_as_it_was_put(collections):
    document = {"id": "a", "text": 'quote " and ümlaut', "nested": {"a.b": [1, None, {"deep": True}]}, "number": 0.1}
    collections.put("tasks", document)
    assert collections.get("tasks", "a") == document
    assert collections.get("models", "a") is None


def test_putting_again_replaces(collections):
    collections.put("tasks", {"id": "a", "name": "one", "old": 1})
    collections.put("tasks", {"id": "a", "name": "two"})
    assert collections.get("tasks", "a") == {"id": "a", "name": "two"}
    assert collections.count("tasks") == 1


def test_deleting_tells_whether_there_was_something(collections):
    collections.put("tasks", {"id": "a"})
    assert collections.delete("tasks", "a")
    assert not collections.delete("tasks", "a")


def test_numbers_that_json_has_not_become_none(collections):
    collections.put("tasks", {"id": "a", "values": [float("nan"), float("inf"), 1.5]})
    assert collections.get("tasks", "a")["values"] == [None, None, 1.5]


def test_a_query_orders_by_dotted_fields_and_then_by_creation(collections):
    for key, name, rank in (("a", "x", 2), ("b", "y", 1), ("c", "x", 1)):
        collections.put("tasks", {"id": key, "name": name, "of": {"rank": rank}})
    assert [d["id"] for d in collections.query("tasks", order_by=["of.rank"])] == ["b", "c", "a"]
    assert [d["id"] for d in collections.query("tasks", order_by=["-name", "of.rank"])] == ["b", "c", "a"]
    assert [d["id"] for d in collections.query("tasks", order_by=["-name"], limit=1, offset=1)] == ["a"]


def test_find_matches_all_fields_and_any_of_their_values(collections):
    for name, project, status in (("a", "p", "created"), ("b", "p", "queued"), ("c", "q", "queued")):
        collections.put("tasks", {"id": name, "project": project, "status": status, "name": name})
    assert names(collections.find("tasks", {"project": "p", "status": "queued"})) == ["b"]
    assert names(collections.find("tasks", {"project": ["p", "q"], "status": "queued"})) == ["b", "c"]


def test_get_many_leaves_out_what_does_not_exist(collections):
    collections.put("tasks", {"id": "a"})
    assert collections.get_many("tasks", ["a", "missing", "a"]) == {"a": {"id": "a"}}


def test_a_field_of_any_name_can_be_asked_for(collections):
    collections.put("tasks", {"id": "a", "it's": {'"odd"': 1}})
    assert list(collections.select("tasks", ["it's.name"])) == [(None,)]


def test_filtering_by_project_uses_an_index(collections):
    with collections.database.transaction() as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT body FROM documents WHERE collection = 'tasks'"
            f" AND json_extract(body, '{documents.json_path('project')}') IN ('p', 'q')"
        ).fetchall()
    assert "documents_by_project" in plan[0]["detail"]


def test_timestamps_sort_as_text_in_the_order_of_time():
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    elsewhere = moment.astimezone(timezone(timedelta(hours=9))) + timedelta(microseconds=1)
    assert documents.timestamp(moment) == "2026-01-01T00:00:00.000000+00:00"
    assert documents.timestamp(moment) < documents.timestamp(elsewhere)


def test_ids_are_32_hexadecimal_digits_each_another():
    ids = {documents.new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)

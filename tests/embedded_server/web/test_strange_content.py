"""Pages of what no client should have reported, at addresses that nobody should have typed: no fault, no markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.routing import Route

from tests.embedded_server.web.conftest import Site, running_site

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>\x00\u202e"
STRANGE_TASKS: list[dict[str, Any]] = [
    {"execution": {"artifacts": [{"key": EVIL, "type": EVIL, "uri": f"http://[{EVIL}", "timestamp": 10**17}]}},
    {"execution": {"artifacts": [{"key": "a", "type": "b", "type_data": {"preview": EVIL}, "uri": "javascript:x"}]}},
    {"execution": {"queue": "gone"}, "comment": EVIL, "tags": [EVIL, ""]},
    {"hyperparams": {EVIL: {EVIL: {"section": EVIL, "name": EVIL, "value": EVIL}}, "empty": {}}},
    {"configuration": {EVIL: {"name": EVIL, "value": EVIL, "type": EVIL}}, "container": {"image": EVIL}},
    {"script": {"requirements": {"pip": EVIL}, "diff": EVIL, "repository": "javascript:x"}, "runtime": {EVIL: EVIL}},
    {"models": {"input": [{"name": EVIL, "model": EVIL}], "output": [{"name": EVIL, "model": EVIL}]}},
]
FRONT, LEADERBOARD = "Pareto front", "Leaderboard"
STRANGE_PLOTS = [
    (EVIL, "no JSON"),
    ("a list", "[1, 2]"),
    ("no trace", '{"data": [1, null, {"type": 7, "x": "y"}], "layout": 3}'),
    ("bytes", '{"data": [{"x": {"bdata": "%%", "dtype": "f8"}, "y": {"bdata": 7, "dtype": 7}}]}'),
    (FRONT, '{"data": [{"name": "Pareto front", "x": 5, "y": {}}], "layout": {"xaxis": 5, "yaxis": {"title": []}}}'),
    (LEADERBOARD, '{"data": [{"type": "table", "header": [], "cells": 5}]}'),
    (
        LEADERBOARD,
        '{"data": [{"type": "table", "header": {"values": [["a"], 2, "c"]}, "cells": {"values": [[1], 2]}}]}',
    ),
]
STRANGE_EVENTS: list[dict[str, Any]] = [
    {"type": "log", "msg": EVIL, "timestamp": 10**18},
    {"type": "log", "msg": EVIL, "timestamp": -5},
    {"type": "training_stats_scalar", "metric": "Search", "variant": f"best {EVIL}", "value": 1e308, "iter": 2**31},
    {"type": "training_stats_scalar", "metric": EVIL, "variant": EVIL, "value": 3, "iter": -5, "timestamp": 10**18},
    {"type": "training_debug_image", "metric": EVIL, "variant": EVIL, "iter": 1, "url": "javascript:x"},
    {"type": "training_debug_image", "metric": "some", "variant": EVIL, "iter": 1, "url": "http://[::"},
]
STRANGE_QUERY = (
    "ids={id},%00&page=-1&sort=x&search=%00&q=%00&after=99999999999999999999&before=x&columns=x&status=x&tags=%00"
    "&key=%00&generation=x&iteration=-1&archived=x&task={id}&plot=x&series=x"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of its own: nobody else should meet this."""
    with running_site(Path(tmp_path_factory.mktemp("strange"))) as found:
        yield found


@pytest.fixture(scope="module")
def ids(site: Site) -> list[str]:
    """Of everything strange."""
    tasks = [site.task("in_progress", name=f"{EVIL} {number}", **one) for number, one in enumerate(STRANGE_TASKS)]
    for event in STRANGE_EVENTS:
        site.ok("events.add", task=tasks[0], **event)
    for number, (title, text) in enumerate(STRANGE_PLOTS):
        site.ok("events.add", type="plot", task=tasks[number % 2], metric=title, variant=title, iter=1, plot_str=text)
    schemas = ("[1, 2", '{"columns": [1, {"name": 3}]}', '{"columns": 5}', '"x"')
    models = [
        site.model(
            name=f"{EVIL} {number}",
            uri=("file:///etc/passwd", "http://[", "javascript:x", "")[number],
            tags=[EVIL],
            metadata=[{"key": "input_schema", "type": "t", "value": schema}, {"key": EVIL, "type": "t", "value": EVIL}],
        )
        for number, schema in enumerate(schemas)
    ]
    queue = site.queue()
    site.ok("queues.add_task", queue=queue, task="gone")
    return [*tasks, *models, queue, "gone", "\x00", "a'b\"c", "x" * 3000]


def test_every_page_is_there_and_safe(site: Site, ids: list[str]) -> None:
    visited = 0
    for route in site.pages.routes:
        assert isinstance(route, Route)
        if "GET" not in (route.methods or ()) or route.path.startswith("/log"):
            continue
        for one in ids if "{id}" in route.path else ids[:1]:
            values = {"id": quote(one), "project": "*", "before": "projects/*", "after": "output/log"}
            path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: values.get(found[1], "x"), route.path)  # noqa: B023
            for query in ("", f"?{STRANGE_QUERY.format(id=one if one in ids[:7] else ids[0])}"):
                answer = site.browser.get(site.web + path + query, timeout=20)
                visited += 1
                assert answer.status_code in (200, 303, 400, 404, 501), (route.path, one, answer.text[-300:])
                if answer.headers["Content-Type"].startswith("text/html"):
                    assert "<img src=x" not in answer.text, route.path
                    assert "<script>" not in answer.text, route.path
                    assert not re.search(r"""(?:href|src)=["']?javascript:""", answer.text), route.path
    assert visited > 300

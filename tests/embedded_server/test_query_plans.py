"""No statement that runs often reads a whole table, and no page is sorted that an index holds in order.

SQLite's own plan says so, of the very statements that the store executes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded_server.application import open_store
from embedded_server.calls import Store
from embedded_server.storage.documents import timestamp
from embedded_server.storage.events import Series

TASK = "task 3"
PLOTS, IMAGES, CURVE = 3, 2, 1  # ids of series


class Planned:
    """A store with something in it, and the plans of what it executes."""

    def __init__(self, folder: Path) -> None:
        self.store, self.database = open_store(folder)
        for number in range(20):
            self.store.documents.put("tasks", {"id": f"task {number}", "project": f"project {number % 3}",
                                               "status": "created", "last_update": timestamp()})  # fmt: skip
        kinds = {
            "training_stats_scalar": {"value": 1.0},
            "training_debug_image": {"url": "u"},
            "plot": {"plot_str": "{}"},
        }
        for kind, more in kinds.items():
            self.store.events.add(
                {"type": kind, "task": TASK, "metric": "m", "variant": "v", "iter": i, "timestamp": i, **more}
                for i in range(5)
            )
        self.store.events.add({"type": "log", "task": TASK, "timestamp": i, "msg": "line"} for i in range(5))

    def plans(self, action: Callable[[Store], Any]) -> list[str]:
        """The lines of the plans of all that an action executes."""
        statements: list[str] = []
        with self.database.transaction() as connection:
            connection.set_trace_callback(statements.append)
            try:
                found = action(self.store)
                if isinstance(found, Iterator):
                    list(found)
            finally:
                connection.set_trace_callback(None)
            lines = []
            for statement in statements:
                if re.match(r"SELECT|INSERT|UPDATE|DELETE", statement):
                    lines += [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        return lines


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    made = Planned(tmp_path_factory.mktemp("plans"))
    yield made
    made.database.close()


SERIES = Series(CURVE, "m", "v")
ACTIONS: dict[str, Callable[[Store], Any]] = {
    "a document by id": lambda store: store.documents.get("tasks", TASK),
    "documents by ids": lambda store: store.documents.get_many("tasks", [TASK, "task 4"]),
    "a document's change": lambda store: store.documents.put("tasks", {"id": TASK}),
    "a document's deletion": lambda store: store.documents.delete("tasks", "task 19"),
    "a project by name": lambda store: store.documents.find("projects", {"name": "some"}),
    "the children of a task": lambda store: store.documents.find("tasks", {"parent": TASK}),
    "the models of a task": lambda store: store.documents.find("models", {"task": TASK}),
    "the tasks of a project": lambda store: store.documents.find("tasks", {"project": "project 1"}),
    "the tasks of a status": lambda store: store.documents.find("tasks", {"status": ["created", "queued"]}),
    "the tasks that changed last": lambda store: store.documents.query("tasks", order_by=["-last_update"], limit=50),
    "how many tasks": lambda store: store.documents.count("tasks"),
    "a task's curves": lambda store: store.events.series(TASK, "scalar"),
    "a curve by iteration": lambda store: store.events.sampled(CURVE, "iteration", 2),
    "a curve by time": lambda store: store.events.sampled(CURVE, "timestamp", 2),
    "a whole curve": lambda store: store.events.points(CURVE),
    "the last values of a curve": lambda store: store.events.last_values(CURVE, 100),
    "single values": lambda store: store.events.single_values(TASK),
    "a page of scalars": lambda store: store.events.scalar_events(TASK, {"m": []}, 10, 0),
    "the latest plots": lambda store: store.events.samples(Series(PLOTS, "m", "v"), TASK, "plot", 1),
    "the iterations of images": lambda store: store.events.iterations(TASK, "image"),
    "the images of an iteration": lambda store: store.events.samples_at(TASK, "image", 2),
    "the last console lines": lambda store: store.events.log_lines(TASK, earlier=True, limit=2),
    "the next console lines": lambda store: store.events.log_lines(TASK, earlier=False, limit=2, from_timestamp=1),
    "how many console lines": lambda store: store.events.count_log_lines(TASK),
    "the deletion of console lines": lambda store: store.events.delete_log_lines("task 19", 3),
    "events of all kinds": lambda store: store.events.page(TASK, None, True, 10, 0),
    "every event": lambda store: store.events.all_of(TASK),
    "new events": lambda store: store.events.add(
        [{"type": "training_stats_scalar", "task": TASK, "metric": "m", "variant": "w", "iter": 1, "timestamp": 1,
          "value": 1.0}]
    ),
    "the deletion of events": lambda store: store.events.delete("task 19"),
    "key pairs": lambda store: store.accounts.key_pairs("nobody"),
}  # fmt: skip
#: these order what they have found themselves: a page out of several curves, kinds or tables
SORTED = {"a curve by iteration", "a curve by time", "a page of scalars", "events of all kinds", "documents by ids",
          "the iterations of images", "the tasks of a project", "the tasks of a status", "a project by name",
          "the children of a task", "the models of a task", "key pairs"}  # fmt: skip
# "RIGHT PART OF ORDER BY" is no more than the order of those that share a value.
#: small by nature
SMALL = ("json_each", "key_pairs", "(subquery", "CONSTANT ROW")


@pytest.mark.parametrize("name", ACTIONS)
def test_plan(planned: Planned, name: str) -> None:
    plans = planned.plans(ACTIONS[name])
    assert plans or name in ("a document's change", "new events")
    assert [line for line in plans if line.startswith("SCAN") and not any(small in line for small in SMALL)] == []
    if name not in SORTED:
        assert [line for line in plans if "TEMP B-TREE" in line and "RIGHT PART" not in line] == []


def test_this_test_would_see_a_scan(planned: Planned) -> None:
    def scanning(store: Store) -> Any:
        with store.documents.database.snapshot() as connection:
            return connection.execute("SELECT * FROM log_lines WHERE message = 'x'").fetchall()

    assert planned.plans(scanning) == ["SCAN log_lines"]

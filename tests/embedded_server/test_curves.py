"""Curves: thinned in the database, drawn as lists."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_server.entities.curves import column, curve
from embedded_server.storage import events
from embedded_server.storage.database import Database
from embedded_server.storage.events import SINGLE_VALUE, Events

T0 = 1_700_000_000_000


class Curve:
    """The one curve of a database."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "server.sqlite", events.SCHEMA)
        self.events = Events(self.database)

    def report(self, *pairs: tuple[int, float], timestamp: int = T0) -> None:
        """Replaces the curve."""
        self.events.delete("task")
        self.events.add(
            {"type": "training_stats_scalar", "task": "task", "metric": "m", "variant": "v", "iter": iteration,
             "timestamp": timestamp + 1500 * place, "value": value}
            for place, (iteration, value) in enumerate(pairs)
        )  # fmt: skip

    def sampled(self, samples: int, axis: str = "iter") -> list[tuple[int, float]]:
        return self.events.sampled(self.events.series("task", "scalar")[0].id, column(axis), samples)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Curve]:
    made = Curve(tmp_path_factory.mktemp("curves"))
    yield made
    made.database.close()


def test_buckets_are_equally_wide_and_labelled_by_their_start(one: Curve) -> None:
    one.report(*((i, float(i)) for i in range(10)))
    assert one.sampled(5) == [(0, 0.5), (2, 2.5), (4, 4.5), (6, 6.5), (8, 8.5)]


def test_empty_buckets_are_left_out(one: Curve) -> None:
    one.report((0, 1.0), (1, 3.0), (99, 5.0))
    assert one.sampled(10) == [(0, 2.0), (90, 5.0)]


def test_few_points_stay_as_they_are(one: Curve) -> None:
    one.report((3, 1.0), (5, 2.0))
    assert one.sampled(100) == [(3, 1.0), (5, 2.0)]


def test_all_points_come_where_no_number_of_samples_is_asked_for(one: Curve) -> None:
    one.report((5, 2.0), (3, 1.0), (5, 1.0))
    assert one.sampled(0) == [(3, 1.0), (5, 1.0), (5, 2.0)]


def test_values_without_an_iteration_are_no_part_of_it(one: Curve) -> None:
    one.report((SINGLE_VALUE, 7.0))
    assert one.sampled(10) == []
    assert one.sampled(0) == []


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(-50, 10_000), st.floats(-1e6, 1e6)), min_size=1, max_size=60),
    st.integers(1, 80),
)
def test_the_database_thins_as_the_definition_says(one: Curve, pairs: list[tuple[int, float]], samples: int) -> None:
    one.report(*pairs)
    places = [place for place, _ in pairs]
    width = max(1, math.ceil((max(places) - min(places) + 1) / samples))
    buckets: dict[int, list[float]] = {}
    for place, value in sorted(pairs):
        buckets.setdefault(place // width * width, []).append(value)
    means = [(start, pytest.approx(sum(values) / len(values), abs=1e-6)) for start, values in buckets.items()]
    assert one.sampled(samples) == means


def test_axes(one: Curve) -> None:
    one.report((0, 1.0), (1, 2.0))
    assert curve(one.sampled(10, "iter"), "iter") == {"x": [0, 1], "y": [1.0, 2.0]}
    times = one.sampled(0, "timestamp")
    assert curve(times, "timestamp")["x"] == [T0, T0 + 1500]
    assert curve(times, "iso_time")["x"] == ["2023-11-14T22:13:20.000Z", "2023-11-14T22:13:21.500Z"]

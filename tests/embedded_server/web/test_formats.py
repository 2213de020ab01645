"""How values read on a page."""

from __future__ import annotations

import pytest

from embedded_server.web import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (3, "3"), (1280.0, "1,280"), (0.8125, "0.8125"), (1 / 3, "0.333333"), (1e-9, "1e-09"), (True, "True"),
     (float("nan"), "nan"), (float("inf"), "inf"), (10**20, "1e+20"), ("words", "words")],
)  # fmt: skip
def test_numbers(value: object, text: str) -> None:
    assert formats.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.9, "1 min"), (185, "3 min 5 s"), (7620, "2 h 7 min"), (86400 * 3, "3 d"),
     (None, ""), (float("nan"), ""), (-5, "0 s")],
)  # fmt: skip
def test_durations(seconds: object, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (2.5e9, "2.5 GB"), (None, "")]
)
def test_sizes(count: object, text: str) -> None:
    assert formats.size(count) == text


def test_a_moment_is_told_in_utc_and_anything_else_as_it_is() -> None:
    assert formats.moment("2026-11-21T19:00:05.123+02:00") == "2026-11-21 17:00:05"
    assert formats.moment("yesterday") == "yesterday"


def test_statuses_read_as_people_say_them() -> None:
    assert [formats.words(one) for one in ("in_progress", "created", "completed")] == ["running", "draft", "completed"]

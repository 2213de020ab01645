"""The file of measurements: what was acknowledged is kept, and a torn line costs itself alone."""

from __future__ import annotations

import pytest

from config.errors import BadInput
from tests.benchmarks.search.results import Measurement, append_result, newest, read_results


def measured(contender="ours", seed=0, version="1", **more):
    return Measurement("hr", seed, 60.0, contender, version, "done", "r2", **more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "results.jsonl"


def test_what_is_appended_is_read(path):
    measurements = [measured(holdout={"single": 0.5}, notes={"a": [1]}), measured(seed=1)]
    for measurement in measurements:
        append_result(path, measurement)
    assert read_results(path) == measurements


def test_no_file_is_no_measurement(path):
    assert read_results(path) == []


def test_a_line_that_was_torn_by_a_crash_is_passed_over_and_overwritten(path):
    append_result(path, measured())
    with path.open("a") as file:
        file.write('{"table": "h')
    assert read_results(path) == [measured()]
    append_result(path, measured(seed=1))
    assert read_results(path) == [measured(), measured(seed=1)]


def test_a_file_of_something_else_is_named(path):
    path.parent.mkdir()
    path.write_text('{"one": 1}\n')
    with pytest.raises(BadInput, match="line 1: not a measurement"):
        read_results(path)


def test_the_newest_of_each_contender_counts(path):
    old, other, new = measured(), measured("tpot"), measured(version="2")
    assert newest([old, other, new]) == [new, other]

"""Counts of several processes and hours add up, take constant memory, and forget what is older than a day."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from models.drift.categories import NEW_NAMES
from models.drift.windows import BUCKET_SECONDS, BUCKETS, Windows
from tests.models.drift.rows import counts, frame, probabilities, profile


@pytest.fixture(scope="module")
def training():
    return profile(400)


def tallies(counted):
    return np.concatenate([counted.tally(position) for position, _ in enumerate(counted.profile)])


def test_parts_add_up_to_the_whole(training):
    X, p = frame(90), probabilities(90)
    whole = counts(training, X, p)
    parts = counts(training, X[:30], p[:30])
    parts.merge(counts(training, X[30:], p[30:]))
    np.testing.assert_array_equal(tallies(parts), tallies(whole))
    assert parts.rows == whole.rows == 90


def test_memory_is_constant_whatever_is_asked(training):
    counted = counts(training, frame(100), probabilities(100))
    before = len(pickle.dumps(counted))
    for number in range(30):
        X = frame(100, number).assign(colour=[f"new {number} {row}" for row in range(100)])
        counted.merge(counts(training, X, probabilities(100)))
    colour = [column.name for column in training].index("colour")
    assert len(counted.new_categories(colour)) == NEW_NAMES
    assert counted.tally(colour)[-1] == 3000
    assert len(pickle.dumps(counted)) < before + 2000


def test_a_column_that_was_not_sent_is_not_counted(training):
    counted = counts(training, frame(50).drop(columns="age"), probabilities(50))
    age = [column.name for column in training].index("age")
    assert counted.tally(age).sum() == 0


def test_the_window_slides_by_the_hour_and_the_total_stays(training):
    now = 0.0
    windows = Windows(training, lambda: now)
    for _ in range(BUCKETS + 6):
        windows.add(counts(training, frame(10), probabilities(10)))
        now += BUCKET_SECONDS
    assert windows.total.rows == 10 * (BUCKETS + 6)
    assert windows.recent().rows == 10 * (BUCKETS - 1)
    now += BUCKETS * BUCKET_SECONDS
    assert windows.recent().rows == 0

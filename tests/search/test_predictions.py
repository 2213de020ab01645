"""Out-of-fold predictions on disk: the best are kept, whole, whoever writes and dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from experiments.search.predictions import ABANDONED_AFTER, Predictions


@pytest.fixture
def folder(tmp_path):
    """Where predictions go; it is not there yet."""
    return tmp_path / "predictions" / "fingerprint"


def array(value, rows=4):
    return np.full((rows, 2), value)


def test_what_was_put_is_got_back_as_float32_by_another_run(folder):
    Predictions(folder).put("Tree()", 0.5, array(1 / 3))
    got = Predictions(folder).get("Tree()")
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, array(1 / 3).astype(np.float32))


def test_an_unknown_pipeline_has_none(folder):
    assert Predictions(folder).get("Tree()") is None
    assert len(Predictions(folder)) == 0


def test_only_the_best_are_kept(folder):
    kept = Predictions(folder, keep=2)
    for name, score in (("a", -0.5), ("b", -0.1), ("c", -1e-7), ("d", -0.9)):
        kept.put(name, score, array(score))
    assert len(kept) == 2
    assert set(kept.of("abcd")) == {"b", "c"}


def test_they_are_bounded_in_bytes_too(folder):
    kept = Predictions(folder, max_bytes=3000)
    for number in range(5):
        kept.put(f"pipeline {number}", number, array(number, rows=125))
    assert set(kept.of(f"pipeline {number}" for number in range(5))) == {"pipeline 3", "pipeline 4"}


def test_a_pipeline_that_comes_again_takes_its_own_place(folder):
    kept = Predictions(folder, keep=2)
    for score in (0.1, 0.2, 0.3):
        kept.put("a", score, array(score))
    kept.put("b", 0.0, array(0.0))
    assert len(kept) == 2
    assert kept.get("a")[0, 0] == np.float32(0.3)


def test_a_torn_file_counts_as_none_and_goes(folder):
    kept = Predictions(folder)
    kept.put("a", 0.1, array(1.0))
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:50])
    assert kept.get("a") is None
    assert list(folder.iterdir()) == []


def test_a_disk_that_takes_nothing_ends_no_search(tmp_path, caplog):
    (tmp_path / "file").touch()
    kept = Predictions(tmp_path / "file" / "folder")
    for name in "ab":
        kept.put(name, 0.1, array(1.0))
    assert kept.get("a") is None
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "out-of-fold predictions are kept no more"
    ]


def test_what_a_dead_writer_left_is_removed_in_the_end(folder):
    kept = Predictions(folder)
    kept.put("a", 0.1, array(1.0))
    old, new = folder / ".old.part", folder / ".new.part"
    for path in (old, new):
        path.touch()
    long_ago = time.time() - ABANDONED_AFTER - 1
    os.utime(old, (long_ago, long_ago))
    kept.put("b", 0.1, array(1.0))
    assert not old.exists()
    assert new.exists()


def _write_for_ever(folder, ready):
    kept = Predictions(folder, keep=5)
    number = 0
    while True:
        kept.put(f"pipeline {number % 20}", float(number), array(number, rows=20_000))
        number += 1
        if number == 30:
            ready.set()


def test_a_writer_that_is_killed_leaves_nothing_half_written(folder):
    fork = multiprocessing.get_context("fork")
    ready = fork.Event()
    writer = fork.Process(target=_write_for_ever, args=(folder, ready))
    writer.start()
    assert ready.wait(30)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    kept = Predictions(folder, keep=5)
    found = kept.of(f"pipeline {number}" for number in range(20))
    assert len(found) >= 5
    for values in found.values():
        assert values.shape == (20_000, 2)
        assert len(np.unique(values)) == 1

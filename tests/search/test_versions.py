"""A worker that would compute something else is refused, with the difference."""

from __future__ import annotations

import pytest

from config.errors import BadInput
from experiments.search.versions import check_memory, check_versions, installed


@pytest.mark.parametrize("memory_limit", [None, 0, 2**32])
def test_a_worker_like_the_driver_is_welcome(memory_limit):
    check_versions("tcp://w:1", installed())
    check_memory("tcp://w:1", memory_limit)


def test_another_version_is_named():
    with pytest.raises(
        BadInput, match=r"worker tcp://w:1 has other versions: scikit-learn 1\.6\.0 there, .* here; start"
    ):
        check_versions("tcp://w:1", installed() | {"scikit-learn": "1.6.0"})


def test_a_missing_library_is_named():
    versions = installed()
    del versions["skrub"]
    with pytest.raises(BadInput, match="skrub none there"):
        check_versions("tcp://w:1", versions)


def test_an_absurd_memory_limit_is_named():
    with pytest.raises(BadInput, match="memory limit of 1024 bytes"):
        check_memory("tcp://w:1", 1024)

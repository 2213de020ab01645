"""Frames arrive whole or not at all."""

from __future__ import annotations

import os
import threading

import pytest

from experiments.search.framing import PipeClosed, read_frame, write_frame


@pytest.fixture
def pipe():
    ends = list(os.pipe())
    yield ends
    for end in ends:
        os.close(end)


def test_frames_larger_than_the_pipe_come_in_order(pipe):
    frames = [b"", b"short", os.urandom(3_000_000), b"last"]
    writer = threading.Thread(target=lambda: [write_frame(pipe[1], frame) for frame in frames])
    writer.start()
    assert [read_frame(pipe[0]) for _ in frames] == frames
    writer.join()


def test_a_frame_that_was_cut_off_is_an_end(pipe):
    os.write(pipe[1], b"\0\0\0\0\0\0\0\x09abc")
    os.close(pipe.pop())
    with pytest.raises(PipeClosed):
        read_frame(pipe[0])


def test_writing_to_nobody_is_an_end(pipe):
    os.close(pipe.pop(0))
    with pytest.raises(PipeClosed):
        write_frame(pipe[0], b"anything")

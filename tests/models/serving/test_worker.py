"""A worker by itself, at the other end of its socket."""

from __future__ import annotations

import socket
import sys
import threading
import types
from contextlib import contextmanager

import joblib
import pytest

from models.serving import worker
from models.serving.messages import Failed, Question, Ready, packed, receive
from tests.models.serving.made_models import plain


@contextmanager
def at_work(folder):
    """Our end of the socket of a worker that runs in a thread here."""
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=worker.serve, args=(theirs, folder))
    thread.start()
    try:
        with ours:
            yield ours
    finally:
        thread.join(30)
        theirs.close()
        folder.remove()
    assert not thread.is_alive()


@pytest.fixture(autouse=True)
def thaw():
    """A worker freezes what it has loaded, which is this process's here."""
    import gc
    import warnings

    with warnings.catch_warnings():  # the worker's thread has changed the filters for all
        yield
    gc.unfreeze()


def test_it_says_what_it_found_out_answers_and_ends_when_we_hang_up():
    with at_work(plain().folder()) as line:
        ready = receive(line)
        assert isinstance(ready, Ready)
        assert ready.facts["classes"] == ["no", "yes"]
        assert ready.facts["compiled"]
        assert ready.facts["tried_rows"] > 60
        for body, status in ((b"[]", 200), (b"nonsense", 400), (b"{}", 422)):
            line.sendall(packed(([Question("json", body)], False)))
            assert [reply.status for reply in receive(line).replies] == [status]


def test_a_library_that_is_missing_is_named():
    folder = plain().folder()
    missing = types.ModuleType("a_library_of_somebody")
    missing.Thing = type("Thing", (), {"__module__": missing.__name__})
    sys.modules[missing.__name__] = missing
    try:
        joblib.dump(missing.Thing(), folder.path / "model.joblib")
    finally:
        del sys.modules[missing.__name__]
    with at_work(folder) as line:
        said = receive(line)
    assert said == Failed("it needs the module 'a_library_of_somebody', which is not installed here")


def test_a_file_that_is_no_model_is_told_of_in_one_line():
    folder = plain().folder()
    (folder.path / "model.joblib").write_bytes(b"nothing\nof\nthe kind")
    with at_work(folder) as line:
        said = receive(line)
    assert isinstance(said, Failed)
    assert len(said.reason.splitlines()) == 1

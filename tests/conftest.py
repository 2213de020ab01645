"""Fixtures for all rooms: a stack of its own, on free ports, in a folder that is thrown away."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from config.settings import Resolved, Settings
from pipelines.connection import Connection
from pipelines.stack import Stack

if threading.current_thread() is threading.main_thread():
    # A shell that runs the tests in the background has SIGINT ignored, and what they start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def stack():
    """A local stack of which nothing runs yet; what a test starts in it is stopped at the end."""
    home = Path(tempfile.mkdtemp(prefix="automl-test-"))
    settings = Settings(home=home, n_jobs=2, api_port=0, web_port=0, files_port=0)
    made = Stack(Resolved(settings, dict.fromkeys(Settings.model_fields, "default")))
    outside = {name: value for name, value in os.environ.items() if name.startswith("CLEARML")}
    for name in outside:
        del os.environ[name]
    os.environ["AUTOML_HOME"] = str(home)
    yield made
    made.stop()
    del os.environ["AUTOML_HOME"]
    os.environ.update(outside)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def clearml_server(stack) -> Connection:
    """The embedded server, running; this process's environment points the SDK at it."""
    return stack.connect()


@pytest.fixture(scope="session")
def running_stack(stack):
    """Server, pool and agent, all up."""
    stack.start()
    stack.pool.wait()
    return stack


class FolderAwareScheduling(LoadFileScheduling):
    """Hands out whole files, and all browser tests at once: they look at one run, which costs much to make."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "tests/browser" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """How tests are dealt out to processes."""
    return FolderAwareScheduling(config, log) if config.getvalue("dist") == "loadfile" else None

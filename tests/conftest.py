"""Fixtures for all rooms: a stack of its own, on free ports, in a folder that is thrown away."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from config.settings import Resolved, Settings
from pipelines.connection import Connection
from pipelines.stack import Stack


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

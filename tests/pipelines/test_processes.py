"""Background processes: found again, ended by their own id, and never another's."""

import json
import os
import signal
import stat
import sys

import psutil
import pytest

from config.errors import BadInput
from pipelines.processes import ProcessFolder, make_folder, wait_until, write_atomically

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


@pytest.fixture
def processes(tmp_path):
    folder = ProcessFolder(tmp_path / "home")
    yield folder
    for path in (tmp_path / "home" / "processes").glob("*.json"):
        folder.stop(path.stem)


def test_a_started_process_is_found_by_a_later_command_and_stopped(processes):
    record = processes.start("sleeper", SLEEP, purpose={"for": "a test"})
    later = ProcessFolder(processes.home)
    assert later.find("sleeper") == record
    assert later.purpose("sleeper") == {"for": "a test"}
    assert wait_until(lambda: later.tail("sleeper") == "up", 20)
    assert later.stop("sleeper")
    assert not psutil.pid_exists(record.pid) or psutil.Process(record.pid).status() == psutil.STATUS_ZOMBIE
    assert later.find("sleeper") is None
    assert not later.stop("sleeper")


def test_stopping_ends_the_children_too(processes):
    spawn = f"import subprocess, sys, time; subprocess.Popen({SLEEP!r}); time.sleep(600)"
    record = processes.start("parent", [sys.executable, "-c", spawn])
    assert wait_until(lambda: bool(psutil.Process(record.pid).children()), 20)
    child = psutil.Process(record.pid).children()[0]
    processes.stop("parent")
    assert wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 20)


def test_a_process_that_ignores_sigterm_is_killed(processes, monkeypatch):
    monkeypatch.setattr("pipelines.processes.GRACE", 0.2)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    record = processes.start("stubborn", [sys.executable, "-c", stubborn])
    assert wait_until(lambda: processes.tail("stubborn") == "up", 20)
    processes.stop("stubborn")
    assert record.process() is None


def test_a_later_process_with_the_same_id_is_not_ours(processes):
    processes.start("sleeper", SLEEP)
    processes.stop("sleeper")
    own = psutil.Process(os.getpid())
    record = {"name": "sleeper", "pid": own.pid, "created": own.create_time() - 100, "command": SLEEP, "purpose": {}}
    (processes.home / "processes" / "sleeper.json").write_text(json.dumps(record))
    assert processes.find("sleeper") is None
    assert not processes.stop("sleeper")


def test_a_killed_process_is_not_found(processes):
    record = processes.start("sleeper", SLEEP)
    os.kill(record.pid, signal.SIGKILL)
    assert wait_until(lambda: processes.find("sleeper") is None, 20)


def test_a_torn_record_counts_as_nothing_running(processes):
    processes.start("sleeper", SLEEP)
    processes.stop("sleeper")
    (processes.home / "processes" / "sleeper.json").write_text('{"name": "slee')
    assert processes.find("sleeper") is None


def test_writing_replaces_a_file_as_a_whole_with_its_mode(tmp_path):
    path = tmp_path / "secret"
    write_atomically(path, "one", mode=0o600)
    write_atomically(path, "two", mode=0o600)
    assert path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_bad_input(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be made.*AUTOML_HOME"):
        make_folder(tmp_path / "file" / "home")

"""The commands that keep the embedded server's data: backup, restore, export, import and push."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
from config.settings import Settings
from pipelines.server import EmbeddedServer

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs ``clearml-automl server ...`` in a home of its own: exit code, stdout and stderr."""
    for name in [name for name in os.environ if name.startswith("CLEARML")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))  # in which there is no clearml.conf

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["clearml-automl", "server", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def server(tmp_path: Path, command: Command) -> Iterator[EmbeddedServer]:
    started = EmbeddedServer(tmp_path / "home")
    started.start(Settings(home=started.home, api_port=0, web_port=0, files_port=0))
    yield started
    started.stop()


def told(outcome: tuple[int, str, str]) -> Any:
    assert outcome[0] == 0, outcome[2]
    return json.loads(outcome[1])


def refusal(outcome: tuple[int, str, str]) -> str:
    """The one line of a command that is refused."""
    assert (outcome[0], outcome[1], outcome[2].count("\n")) == (2, "", 1), outcome
    return outcome[2]


def test_the_way_there_and_back(server: EmbeddedServer, command: Command, tmp_path: Path) -> None:
    file, folder = tmp_path / "backup.tar.gz", tmp_path / "exported"
    assert command("backup", file)[1].startswith(f"{file}: ")
    assert "exists already" in refusal(command("backup", file))
    assert told(command("export", folder, "-o", "json"))["tasks"] == 0
    assert "no project 'nothing'" in refusal(command("export", tmp_path / "e", "--project", "nothing"))
    assert command("import", folder)[0] == 0
    assert "no other ClearML server is configured" in refusal(command("push", folder))
    assert "stop it by 'clearml-automl server stop'" in refusal(command("restore", file))
    server.stop()
    assert "'clearml-automl server start'" in refusal(command("import", folder))
    assert Path(told(command("restore", file, "-o", "json"))["before"]).is_dir()


def test_push_goes_to_the_configured_server(
    server: EmbeddedServer, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exported"
    command("export", folder)
    for name, value in server.connection().environment().items():
        if name != "CLEARML_CONFIG_FILE":
            monkeypatch.setenv(name, value)
    assert told(command("push", folder, "-o", "json")) == {
        "projects": {},
        "tasks": {},
        "models": {},
        "events": 0,
        "files": 0,
    }
    monkeypatch.setenv("CLEARML_API_SECRET_KEY", "wrong")
    assert "refuses auth.login" in refusal(command("push", folder))

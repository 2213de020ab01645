"""The embedded ClearML server as a background process: the one place that starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.errors import BadInput
from config.settings import Settings
from pipelines.checkout import ROOT
from pipelines.connection import Connection
from pipelines.pool import LocalPool
from pipelines.processes import ProcessFolder, wait_until

NAME = "server"
READY_WITHIN = 20.0  # seconds from the process's start to its first answer, on a busy machine
PACKAGE_FOLDER = ROOT / "clearml"


@dataclass(frozen=True)
class EmbeddedServer:
    """The embedded server of one stack."""

    home: Path

    @property
    def folder(self) -> Path:
        """Where it keeps its database, files and credentials."""
        return self.home / "server"

    @property
    def is_running(self) -> bool:
        """Whether its process runs."""
        return ProcessFolder(self.home).find(NAME) is not None

    def start(self, settings: Settings) -> Connection:
        """Starts it where it does not run, and waits for its first answer.

        Raises:
            BadInput: a port is taken, the folder cannot be written, or it ended for another reason of its own.
        """
        processes = ProcessFolder(self.home)
        running = processes.find(NAME)
        if not running:
            processes.log(NAME).unlink(missing_ok=True)
        pid = (running or processes.start(NAME, self._command(settings), self._environment())).pid
        ready = wait_until(lambda: self._address().get("pid") == pid or not processes.find(NAME), READY_WITHIN)
        if not ready or not processes.find(NAME):
            processes.stop(NAME)
            reason = processes.tail(NAME, 1).removeprefix("error: ") or f"no answer within {READY_WITHIN:.0f} s"
            raise BadInput(f"the embedded server did not start: {reason}")
        if not running:
            self._pass_on_warnings(processes.log(NAME))
        return self.connection()

    def stop(self) -> bool:
        """Ends it; True where it was running."""
        return ProcessFolder(self.home).stop(NAME)

    def connection(self) -> Connection:
        """How to reach it.

        Raises:
            BadInput: it has never been started.
        """
        address, keys = self._address(), self._credentials()
        if not address or not keys:
            raise BadInput("the embedded server is not running; start it by 'clearml-automl server start'")
        return Connection(
            address["api"], address["web"], address["files"], keys["access_key"], keys["secret_key"], self.home
        )

    def login_link(self) -> str:
        """A link that lets one browser in, once."""
        command = [sys.executable, "-m", "embedded_server", "--folder", str(self.folder), "--print-login-link"]
        answer = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if answer.returncode:
            raise BadInput(answer.stderr.strip().removeprefix("error: ") or "the embedded server gave no link")
        return answer.stdout.strip()

    def maintain(self, *words: str | Path, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What a command of the server's maintenance tells: backup, restore, export, import or push.

        Args:
            words: the command and its arguments.
            environment: more variables for it.

        Raises:
            BadInput: it is refused; nothing was changed.
        """
        of_folder = [] if words[0] == "push" else ["--folder", str(self.folder)]
        command = [sys.executable, "-m", "embedded_server.transfer.maintenance", *map(str, words), *of_folder]
        variables = {**self._environment(), **(environment or {})}
        answer = subprocess.run(command, env=variables, capture_output=True, text=True)
        if answer.returncode:
            lines = answer.stderr.strip().splitlines()
            raise BadInput(lines[-1].removeprefix("error: ") if lines else f"{words[0]} ended by itself")
        told: dict[str, Any] = json.loads(answer.stdout)
        return told

    @staticmethod
    def _pass_on_warnings(log: Path) -> None:
        """Says on standard error what a server that has just been started says of how it is reached."""
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("warning: "):
                print(line, file=sys.stderr)

    def _command(self, settings: Settings) -> list[str]:
        # a free port (0) is chosen once: tasks that run, and links that were printed, know it
        known = {name: urlsplit(str(url)).port for name, url in self._address().items()}
        ports = {
            "api": settings.api_port or known.get("api") or 0,
            "files": settings.files_port or known.get("files") or 0,
            "web": settings.web_port or known.get("web") or 0,
        }
        options = [word for name, port in ports.items() for word in (f"--{name}-port", str(port))]
        options += ["--host", settings.server_host]
        options += ["--allow-remote"] if settings.allow_remote else []
        options += ["--web-origin", settings.web_origin] if settings.web_origin else []
        return [
            sys.executable, "-m", "embedded_server", "--folder", str(self.folder), *options,
            "--experiment-command", json.dumps(self._experiment_command()),
            "--pool-file", str(LocalPool(self.home).scheduler_file),
        ]  # fmt: skip

    def _experiment_command(self) -> list[str]:
        """What the page "New experiment" runs: the server itself knows neither tables nor searches."""
        return [sys.executable, str(ROOT / "cli.py"), "new-experiment", "--home", str(self.home)]

    @staticmethod
    def _environment() -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(PACKAGE_FOLDER), os.environ.get("PYTHONPATH"))))
        return {**os.environ, "PYTHONPATH": path}

    def _address(self) -> dict:
        return _read_json(self.folder / "server.json")

    def _credentials(self) -> dict:
        return _read_json(self.folder / "credentials.json")


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}

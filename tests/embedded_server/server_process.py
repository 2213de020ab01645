"""The server as a process of its own, for tests that kill it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

PACKAGE_FOLDER = Path(__file__).parents[2] / "clearml"
FREE_PORTS = ("--api-port", "0", "--files-port", "0", "--web-port", "0")
PATIENCE = 30  # seconds


def wait_until(condition: Callable[[], Any]) -> None:
    """Waits for a condition, which must hold before long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.01)


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "embedded_server", "--folder", str(folder), *options]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE_FOLDER)}


def refused(folder: Path, *options: str) -> str:
    """The one line on stderr of a server that must not start."""
    words = command(folder, *options)
    ended = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    return ended.stderr.strip()


def raw(address: str) -> socket.socket:
    """A connection that sends what it likes."""
    place = urlsplit(address)
    return socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE)


class ServerProcess:
    """A server that runs in a folder, and a client with its token."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command(folder, *(options or FREE_PORTS)), env=environment(), stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(lambda: self._address().get("pid") == self.process.pid or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        self.address = self._address()
        keys = json.loads((folder / "credentials.json").read_text())
        self.key_pair = (keys["access_key"], keys["secret_key"])
        self.http = requests.Session()
        self.http.trust_env = False
        self.token = self.http.post(f"{self.address['api']}/auth.login", auth=self.key_pair).json()["data"]["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def _address(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "server.json").read_text())
        except FileNotFoundError:
            return {}
        return found

    def ok(self, endpoint: str, **request: Any) -> dict[str, Any]:
        """The data of an answer to a call that must succeed."""
        answer = self.http.post(f"{self.address['api']}/v2.31/{endpoint}", json=request, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def kill(self) -> None:
        """Ends it as a loss of power would."""
        self._end(signal.SIGKILL)

    def stop(self) -> float:
        """Ends it as a service manager would; the seconds that it took."""
        start = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - start

    def _end(self, number: int) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(PATIENCE)

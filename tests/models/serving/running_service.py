"""``clearml-automl serve`` as a test sees it: a process of its own that is asked over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

ROOT = Path(__file__).parents[3]
KEY = "a-key-of-the-tests-0123456789"


class RunningService:
    """The service, started; `stop` ends it.

    Args:
        name: whose champion it serves.
        options: of the command.
        environment: variables beside those of this process; without `KEY` as API key where it names another.
    """

    def __init__(self, name: str, *options: str, **environment: str) -> None:
        variables = {key: value for key, value in os.environ.items() if not key.startswith("CLEARML")}
        ports = dict.fromkeys(("AUTOML_API_PORT", "AUTOML_WEB_PORT", "AUTOML_FILES_PORT"), "0")
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), "serve", name, "--port", "0", "--poll-seconds", "0.1", "-o", "json",
             *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**variables, **ports, "AUTOML_SERVE_KEY": KEY, **environment},
        )  # fmt: skip
        self._log: list[str] = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        line = self.process.stdout.readline()
        if not line:
            self._reader.join(10)
            raise AssertionError(f"the service ended with {self.process.wait(10)}: {self.log}")
        self.told = json.loads(line)
        self.url = self.told["url"]
        #: that `ask` sends
        self.key = KEY

    @property
    def log(self) -> str:
        """What it has said on standard error so far."""
        return "".join(self._log)

    def ask(
        self, path: str, body: Any = None, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and content of an answer, decoded where it is JSON."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        given = {"Authorization": f"Bearer {self.key}", "Content-Type": kind} if headers is None else dict(headers)
        try:
            sent = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
            connection.request("GET" if body is None else "POST", path, sent, given)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(content) if is_json else content.decode()

    def metric(self, name: str) -> float:
        """A number of ``/metrics``."""
        lines = self.ask("/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def wait_until(self, condition: Callable[[], Any], seconds: float = 60.0) -> None:
        """Waits for what must become true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def workers(self) -> list[psutil.Process]:
        """Its prediction workers."""
        nurseries = psutil.Process(self.process.pid).children()
        return [worker for nursery in nurseries for worker in nursery.children()]

    def __enter__(self) -> RunningService:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        self._close()

    def stop(self) -> int:
        """Tells it to end; its exit code."""
        children = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the service did not end: {self.log}") from None
        self._close()
        _, left = psutil.wait_procs(children, timeout=10)
        assert not left, f"processes are left over: {left}"
        return code

    def _close(self) -> None:
        self._reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()

    def _read_log(self) -> None:
        for line in self.process.stderr:
            self._log.append(line)

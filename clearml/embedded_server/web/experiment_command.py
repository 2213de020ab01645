"""The command that makes experiments out of tables: a program of whoever started the server, spoken to in JSON.

The server itself knows neither tables nor searches. The command gets a JSON object on its standard input and answers
one on its standard output: ``{"request": "look", "file": path}`` with what is in a table, ``{"request": "start",
"file": path, "fields": {...}}`` with ``{"task": id, "name": text}`` or with ``{"errors": {field: text}}``.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from embedded_server.errors import ApiError

log = logging.getLogger(__name__)

LOOK_WITHIN = 120.0  # seconds
START_WITHIN = 600.0  # seconds: the table is uploaded once more, as a dataset
AT_ONCE = 2  # commands; each reads a table into memory
WAIT_FOR_TURN = 60.0  # seconds
LARGEST_ANSWER = 16 << 20  # bytes


@dataclass(frozen=True)
class ExperimentCommand:
    """A program and its arguments."""

    words: Sequence[str]
    _turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE), repr=False)

    def ask(self, request: dict[str, Any], within: float) -> dict[str, Any]:
        """Runs the command once.

        Args:
            request: what it gets.
            within: seconds that it may take.

        Raises:
            ApiError: 503 or 504, it cannot be started, takes too long, fails, or answers no JSON object.
        """
        if not self._turns.acquire(timeout=WAIT_FOR_TURN):
            raise ApiError(503, 0, "Other tables are being read; try again in a while")
        try:
            return self._answer(request, within)
        finally:
            self._turns.release()

    def _answer(self, request: dict[str, Any], within: float) -> dict[str, Any]:
        try:
            process = subprocess.Popen(
                list(self.words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ApiError(503, 0, f"The server cannot run {self.words[0]!r} ({error.strerror})") from None
        try:
            output, complaint = process.communicate(json.dumps(request).encode(), timeout=within)
        except subprocess.TimeoutExpired:
            raise ApiError(
                504, 0, f"It took longer than {within:.0f} s, so it was ended; is the table too large?"
            ) from None
        finally:
            _end(process)
        if process.returncode:
            log.error(
                "the experiment command ended with %d: %s", process.returncode, complaint.decode("utf-8", "replace")
            )
            raise ApiError(503, 0, _last_line(complaint) or f"The command ended with exit code {process.returncode}")
        try:
            found = json.loads(output[:LARGEST_ANSWER])
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ApiError(503, 0, "The server's experiment command gave no answer that can be read")
        return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the command, and what it started, where it still runs."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("error: ")[:1000] if lines else ""

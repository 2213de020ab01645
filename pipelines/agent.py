"""The genuine clearml-agent as a background process that serves the project's queue."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from pipelines.checkout import ROOT
from pipelines.connection import Connection
from pipelines.processes import ProcessFolder

NAME = "agent"
POLLING_INTERVAL = "1"  # seconds; the agent's option cannot go below 5, this variable can


@dataclass(frozen=True)
class Agent:
    """The agent of one stack."""

    home: Path

    @property
    def is_running(self) -> bool:
        """Whether its process runs."""
        return ProcessFolder(self.home).find(NAME) is not None

    def start(self, connection: Connection, queue: str) -> None:
        """Starts the agent, or starts it anew where it serves another queue, server or checkout.

        It runs every task of the queue with its own interpreter, in this checkout, and installs nothing.
        """
        processes = ProcessFolder(self.home)
        purpose = {
            "queue": queue, "api": connection.api, "key": connection.access_key, "checkout": str(ROOT),
            "python": sys.executable,
        }  # fmt: skip
        record = processes.find(NAME)
        if record and record.purpose == purpose:
            return
        processes.stop(NAME)
        environment = {
            **os.environ,
            **connection.environment(),
            "AUTOML_HOME": str(self.home),  # the key that signs models is there
            "CLEARML_WORKER_NAME": worker_name(queue),
            "CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL": "1",
            "CLEARML_AGENT_FORCE_CODE_DIR": str(ROOT),
            "CLEARML_AGENT_QUEUE_POLL_FREQ_SEC": POLLING_INTERVAL,
            "CLEARML_AGENT_NO_UPDATE": "1",
        }
        command = [
            sys.executable, "-m", "clearml_agent", "--config-file", str(connection.config_file),
            "daemon", "--queue", queue, "--create-queue", "--foreground",
        ]  # fmt: skip
        processes.start(NAME, command, environment, purpose, folder=ROOT)

    def stop(self) -> bool:
        """Ends the agent and the task it runs; True where it was running."""
        return ProcessFolder(self.home).stop(NAME)


def worker_name(queue: str) -> str:
    """How the agent's worker is called on the server."""
    return f"{socket.gethostname()}:{queue}"

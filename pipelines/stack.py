"""The local stack: server where none is configured, Dask pool and agent, each in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config.errors import BadInput
from config.settings import Resolved, Settings
from pipelines.agent import Agent
from pipelines.connection import Connection, configured_connection, is_configured
from pipelines.launching import ensure_queue
from pipelines.pool import LocalPool
from pipelines.processes import ProcessFolder
from pipelines.server import EmbeddedServer

PARTS = ("all", "server", "dask", "agent")


@dataclass(frozen=True)
class Stack:
    """What this project starts on this machine, and what it talks to."""

    resolved: Resolved

    @property
    def settings(self) -> Settings:
        """What the person set."""
        return self.resolved.settings

    @cached_property
    def home(self) -> Path:
        """Folder of the stack.

        Raises:
            BadInput: its path has a space, which the agent refuses in every folder that it is given.
        """
        home = self.settings.home.expanduser().absolute()
        if any(character.isspace() for character in str(home)):
            raise BadInput(f"the folder '{home}' has a space in its path, which clearml-agent refuses; set AUTOML_HOME")
        return home

    @property
    def server(self) -> EmbeddedServer:
        """The embedded server, which runs only where no other is configured."""
        return EmbeddedServer(self.home)

    @property
    def pool(self) -> LocalPool:
        """The local Dask pool."""
        return LocalPool(self.home)

    @property
    def agent(self) -> Agent:
        """The agent."""
        return Agent(self.home)

    @property
    def processes(self) -> ProcessFolder:
        """Records and logs of the stack's processes."""
        return ProcessFolder(self.home)

    @property
    def uses_local_pool(self) -> bool:
        """Whether runs go to the local Dask pool: not where the person chose another mode or scheduler by name."""
        if self.resolved.origins["parallel_mode"] == "default":
            return True
        named = self.settings.dask_address or self.settings.scheduler_file
        return self.settings.parallel_mode == "distributed" and not named

    @cached_property
    def is_server_configured(self) -> bool:
        """Whether the person named a ClearML server, so that the embedded one is not needed.

        Looked at once: `connect` writes the server's address into this process's environment.
        """
        return is_configured(self.home)

    def missing_parts(self) -> list[str]:
        """Names of the parts that a launched run needs and that do not run."""
        needed = {
            "the embedded server": self.is_server_configured or self.server.is_running,
            "the Dask pool": not self.uses_local_pool or self.pool.is_running,
            "the agent": self.agent.is_running,
        }
        return [name for name, there in needed.items() if not there]

    def connect(self) -> Connection:
        """The server to talk to, checked: the configured one, or the embedded one, which is started if need be.

        Raises:
            BadInput: it does not answer, refuses the key, or cannot be started.
        """
        if self.is_server_configured:
            connection = configured_connection(self.home)
        else:
            with self.processes.locked():
                connection = self.server.start(self.settings)
        connection.check()
        connection.apply()
        return connection

    def start(self, await_cold_pool: Callable[[], None] | None = None) -> Connection:
        """Starts whatever does not run yet, server first; pool and agent come up while the caller goes on.

        Args:
            await_cold_pool: where given, a pool that had to be started is waited for, so that this takes nothing from
                a run's time; called before.

        Raises:
            BadInput: see `connect`.
        """
        connection = self.connect()
        with self.processes.locked():
            is_cold = self.uses_local_pool and self.pool.start(self.settings.n_jobs)
            ensure_queue(self.settings.queue)
            self.agent.start(connection, self.settings.queue)
        if await_cold_pool and is_cold:
            await_cold_pool()
            self.pool.wait_until_warm()
        return connection

    def start_part(self, part: str) -> None:
        """Starts one part, or all.

        Args:
            part: ``all``, ``server``, ``dask`` or ``agent``; the agent needs a server, which is started with it
                where none is configured.

        Raises:
            BadInput: there is no such part; see also `connect`.
        """
        check_part(part)
        if part == "all":
            self.start()
            self.pool.wait()
        elif part == "dask":
            with self.processes.locked():
                self.pool.start(self.settings.n_jobs)
            self.pool.wait()
        else:
            connection = self.connect()
            if part == "agent":
                with self.processes.locked():
                    self.agent.start(connection, self.settings.queue)

    def stop(self, part: str = "all") -> list[str]:
        """Ends what this project started on this machine, and only that.

        Args:
            part: see `start_part`.

        Returns:
            Names of what was running.

        Raises:
            BadInput: there is no such part.
        """
        check_part(part)
        with self.processes.locked():
            stops = {"agent": self.agent.stop, "dask": self.pool.stop, "server": self.server.stop}
            return [name for name, stop in stops.items() if part in ("all", name) and stop()]

    def run_settings(self) -> Settings:
        """The settings of a run that the agent will execute, with the local pool's scheduler where it is used."""
        if not self.uses_local_pool:
            return self.settings
        return self.settings.model_copy(
            # the file, not an address: a scheduler that was started again has another one
            update={
                "parallel_mode": "distributed",
                "scheduler_file": str(self.pool.scheduler_file),
                "dask_address": "",
            }
        )


def check_part(part: str) -> None:
    """Refuses the name of a part that there is not."""
    if part not in PARTS:
        raise BadInput(f"the stack has no part {part!r}; type one of {', '.join(PARTS)}")

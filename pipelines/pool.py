"""The local Dask pool: a scheduler and worker processes that serve one run after the other."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import experiments
from config.errors import BadInput
from pipelines.processes import ProcessFolder, wait_until

SCHEDULER, WORKERS = "dask-scheduler", "dask-workers"
READY_WITHIN = 40.0  # seconds until the scheduler is there, on a busy machine
#: Dask looks at itself up to a hundred times a second, for nobody here: an idle pool took 15 % of a processor
CALM = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
    "DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "2s",
}
#: by which Dask takes the modules of its scheduler's HTTP routes: its own, and what the server's pages ask
ROUTES_VARIABLE = "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES"
ROUTES = (
    "distributed.http.scheduler.prometheus", "distributed.http.scheduler.info", "distributed.http.scheduler.json",
    "distributed.http.health", "distributed.http.proxy", "distributed.http.statics", "pipelines.pool_information",
)  # fmt: skip


@dataclass(frozen=True)
class LocalPool:
    """Dask scheduler and workers of one stack."""

    home: Path

    @property
    def scheduler_file(self) -> Path:
        """Names the scheduler's address for workers and runs."""
        return self.home / "pool" / "scheduler.json"

    @property
    def is_running(self) -> bool:
        """Whether both the scheduler and the workers' parent run."""
        processes = ProcessFolder(self.home)
        return all(processes.find(name) for name in (SCHEDULER, WORKERS))

    @property
    def worker_count(self) -> int:
        """Worker processes it was started with."""
        return int(ProcessFolder(self.home).purpose(WORKERS).get("workers", 0))

    def start(self, workers: int) -> bool:
        """Starts what does not run, anew where the code or the number of workers has changed. Does not wait for it.

        Args:
            workers: worker processes, one thread each: a worker's evaluations run in a process of their own, and
                more threads would only share its processor.

        Returns:
            Whether anything had to be started.
        """
        processes = ProcessFolder(self.home)
        self.scheduler_file.parent.mkdir(parents=True, exist_ok=True)
        purpose = {"workers": str(workers), "python": sys.executable, "code": _code_version()}
        found = {name: processes.find(name) for name in (SCHEDULER, WORKERS)}
        stale = any(record and record.purpose != purpose for record in found.values())
        is_needed = stale or not all(found.values())
        if is_needed:
            self.stop()
            self.scheduler_file.unlink(missing_ok=True)
            # numerical libraries must not start more threads than the worker's one processor has
            environment = {
                **os.environ,
                **CALM,
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "MKL_NUM_THREADS": "1",
            }
            processes.start(
                SCHEDULER,
                [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
                 "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(self.scheduler_file)],
                {**environment, ROUTES_VARIABLE: json.dumps(ROUTES)}, purpose,
            )  # fmt: skip
            processes.start(
                WORKERS,
                [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(self.scheduler_file),
                 "--nworkers", str(workers), "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard",
                 "--preload", "experiments.search.idle_sandboxes", "--preload", "pipelines.worker_load",
                 "--local-directory", str(self.home / "pool")],
                environment, purpose,
            )  # fmt: skip
        return is_needed

    def wait(self) -> str:
        """Waits for the scheduler and gives its address.

        Raises:
            BadInput: it did not come up.
        """
        processes = ProcessFolder(self.home)
        if (
            not wait_until(lambda: bool(self.address()) or not processes.find(SCHEDULER), READY_WITHIN)
            or not self.address()
        ):
            reason = processes.tail(SCHEDULER, 1) or "no answer"
            raise BadInput(f"the Dask scheduler did not start: {reason}; see {processes.log(SCHEDULER)}")
        return self.address()

    def wait_until_warm(self) -> None:
        """Waits until every worker is there: each has imported its libraries before it joins.

        Raises:
            BadInput: the scheduler or the workers did not come up.
        """
        from distributed import Client  # half a second, which other commands need not wait for

        try:
            with Client(self.wait(), timeout=READY_WITHIN, set_as_default=False) as client:
                client.wait_for_workers(self.worker_count, timeout=READY_WITHIN)
        except (OSError, TimeoutError) as error:
            log = ProcessFolder(self.home).log(WORKERS)
            raise BadInput(f"the Dask workers did not start ({error}); see {log}") from None

    def stop(self) -> bool:
        """Ends workers and scheduler; True where any was running."""
        processes = ProcessFolder(self.home)
        stopped = [processes.stop(name) for name in (WORKERS, SCHEDULER)]
        self.scheduler_file.unlink(missing_ok=True)
        return any(stopped)

    def address(self) -> str:
        """The scheduler's address; empty where it is not there yet."""
        try:
            return str(json.loads(self.scheduler_file.read_text(encoding="utf-8"))["address"])
        except (OSError, ValueError, KeyError):
            return ""


def _code_version() -> str:
    """When the workers' code was last changed: they import it once, and must not run another than the driver's."""
    folder = Path(experiments.__file__).parent
    return str(max(path.stat().st_mtime_ns for path in folder.rglob("*.py")))

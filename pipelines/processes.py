"""Background processes of the local stack: started once, found again by later commands, ended by their own id."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from config.errors import BadInput

GRACE = 5.0  # seconds between SIGTERM and SIGKILL

#: what this very process started, by id: to be asked for its end now and then, or it would stay a zombie
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class ProcessRecord:
    """A process that this project started, as its file remembers it."""

    name: str
    pid: int
    #: seconds since the epoch; tells our process from a later one that got the same id
    created: float
    command: list[str]
    #: what the process was started for; one that was started for something else is not reused
    purpose: dict[str, str] = field(default_factory=dict)

    def process(self) -> psutil.Process | None:
        """The process, or None once it has ended."""
        if self.pid in _children:
            _children[self.pid].poll()
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) < 1 and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None


@dataclass(frozen=True)
class ProcessFolder:
    """Records and logs of background processes below one folder.

    Args:
        home: the stack's folder; records go to ``home/processes``, logs to ``home/logs``.
    """

    home: Path

    def log(self, name: str) -> Path:
        """The file that takes the process's output."""
        return self.home / "logs" / f"{name}.log"

    def find(self, name: str) -> ProcessRecord | None:
        """The running process of that name, or None."""
        try:
            record = ProcessRecord(**json.loads(self._record(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return record if record.process() else None

    def purpose(self, name: str) -> dict[str, str]:
        """What a running process was started for; empty where it does not run."""
        record = self.find(name)
        return record.purpose if record else {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        purpose: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> ProcessRecord:
        """Starts a process that outlives this one, its output in its log file.

        Args:
            name: by which later commands find it.
            command: program and arguments.
            environment: its whole environment; this process's where None.
            purpose: see `ProcessRecord.purpose`.
            folder: its working folder; the stack's where None.

        Raises:
            BadInput: the folder cannot be written.
        """
        for parent in ("processes", "logs"):
            make_folder(self.home / parent)
        with self.log(name).open("ab") as output:
            process = subprocess.Popen(
                list(command), cwd=folder or self.home, env=dict(environment) if environment is not None else None,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        _children[process.pid] = process
        created = psutil.Process(process.pid).create_time()
        record = ProcessRecord(name, process.pid, created, list(command), dict(purpose or {}))
        write_atomically(self._record(name), json.dumps(asdict(record), indent=2))
        return record

    def stop(self, name: str) -> bool:
        """Ends the process and everything below it; True where one was running."""
        record = self.find(name)
        process = record.process() if record else None
        if process:
            end_process_tree(process)
            if child := _children.pop(process.pid, None):
                child.wait()
        self._record(name).unlink(missing_ok=True)
        return process is not None

    def tail(self, name: str, lines: int = 5) -> str:
        """The last lines of a process's log."""
        try:
            text = self.log(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lets one command at a time start and stop processes."""
        make_folder(self.home)
        with (self.home / "stack.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _record(self, name: str) -> Path:
        return self.home / "processes" / f"{name}.json"


def end_process_tree(process: psutil.Process) -> None:
    """SIGTERM to a process, SIGKILL after `GRACE` seconds; then the same for what it left behind."""
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        family = process.children(recursive=True)
    for generation in ([process], family):
        for member in generation:
            with suppress(psutil.NoSuchProcess):
                member.terminate()
        _, alive = psutil.wait_procs(generation, timeout=GRACE)
        for member in alive:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(alive, timeout=GRACE)


def make_folder(folder: Path) -> None:
    """Makes a folder and its parents.

    Raises:
        BadInput: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the folder {folder} cannot be made ({error.strerror}); choose another by AUTOML_HOME"
        ) from None
    if not os.access(folder, os.W_OK):
        raise BadInput(f"the folder {folder} cannot be written; choose another by AUTOML_HOME")


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replaces a file's content as a whole: a reader sees the old or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def wait_until(condition: Callable[[], bool], timeout: float, interval: float = 0.05) -> bool:
    """Waits for a condition; False where it did not hold within ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True

"""One contender's fit in a process of its own: started, timed, watched and judged from outside."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

#: a fit may take so many times its budget and so many seconds more, or it is ended
FACTOR, GRACE = 3.0, 60.0
#: seconds to start and import, and to predict, beside it
SURROUNDINGS = 300.0
#: characters of an error that are kept
ERROR_LENGTH = 300
LOG = "log.txt"


@dataclass(frozen=True)
class Run:
    """What was seen of a process."""

    #: None where it ended well
    error: str | None
    killed: bool
    wall_seconds: float
    #: None where it never told that its fit had ended
    fit_seconds: float | None
    cpu_seconds: float | None


def run_contender(python: Path, script: Path, folder: Path, budget: float, threads: int, grace: float = GRACE) -> Run:
    """Runs a contender's script on the assignment in a folder.

    Args:
        python: the interpreter.
        script: of the contender.
        folder: holds the assignment; the answer and a log of what was printed are written into it.
        budget: of the fit, in seconds.
        threads: that its numeric libraries may use in a process.
        grace: seconds beyond three times its budget after which its fit is ended.
    """
    began = time.monotonic()
    with (folder / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [str(python), str(script), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(threads),
            start_new_session=True,
            cwd=folder,
        )
        watch = _Watch(psutil.Process(process.pid))
        try:
            killed = not _listen(process, watch, FACTOR * budget + grace)
        finally:
            _end(process)
    error = None
    if killed:
        error = f"ended after {time.monotonic() - began:.0f} s"
    elif process.returncode != 0:
        error = (
            last_words((folder / LOG).read_text(encoding="utf-8", errors="replace"))
            or f"exit code {process.returncode}"
        )
    return Run(error, killed, time.monotonic() - began, watch.fit_seconds, watch.cpu_seconds)


class _Watch:
    """The clock and the processor time of a fit."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._began: float | None = None
        self._computed = 0.0
        self.fit_seconds: float | None = None
        self.cpu_seconds: float | None = None

    @property
    def fitting_since(self) -> float | None:
        """When the fit began; None before and after it."""
        return self._began if self.fit_seconds is None else None

    def hear(self, line: str) -> None:
        """A line from the contender: ``began <time>`` or ``ended <time>``, on the clock that all processes share."""
        word, _, when = line.partition(" ")
        if word == "began":
            self._began, self._computed = float(when), self._computed_so_far()
        elif word == "ended" and self._began is not None:
            self.fit_seconds = float(when) - self._began
            self.cpu_seconds = self._computed_so_far() - self._computed

    def _computed_so_far(self) -> float:
        """Processor seconds of all processes that there are, and of all that have ended and were waited for."""
        seconds = 0.0
        with contextlib.suppress(psutil.Error):
            for process in (self._process, *self._process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    seconds += times.user + times.system + times.children_user + times.children_system
        return seconds


def _listen(process: subprocess.Popen[bytes], watch: _Watch, longest: float) -> bool:
    """Hears what a contender tells until it ends; whether it did before its time was up."""
    assert process.stdout is not None
    stream: IO[bytes] = process.stdout
    started = time.monotonic()
    heard = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            fitting = watch.fitting_since
            limit = started + SURROUNDINGS + longest
            if fitting is not None:
                limit = min(limit, fitting + longest)
            remaining = limit - time.monotonic()
            if remaining <= 0:
                return False
            if not selector.select(min(remaining, 1.0)):
                # a process that it left behind may hold the pipe open after it has ended
                if process.poll() is not None:
                    return True
                continue
            chunk = os.read(stream.fileno(), 4096)
            if not chunk:
                return _ends_within(process, max(0.0, limit - time.monotonic()))
            *lines, heard = (heard + chunk).split(b"\n")
            for line in lines:
                watch.hear(line.decode(errors="replace"))


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a contender and everything that it started, by their ids."""
    family: list[Any] = []
    with contextlib.suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _environment(threads: int) -> dict[str, str]:
    """This process's environment, with so many threads for numeric libraries, and with bytecode."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV") and not name.startswith("CLEARML")
    }
    for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
        environment[f"{library}_NUM_THREADS"] = str(threads)
    return environment | {"PYTHONUNBUFFERED": "1"}


def last_words(log: str) -> str:
    """Why a contender failed, in one line: the error of the last traceback, or the last line where there is none."""
    _, found, after = log.rpartition("Traceback (most recent call last):")
    if found:
        lines = [line for line in after.splitlines()[1:] if line and not line[0].isspace()]
    else:
        lines = [line.strip() for line in log.splitlines() if line.strip()][-1:]
    return lines[0][:ERROR_LENGTH] if lines else ""


def read_answer(path: Path) -> dict[str, Any]:
    """What a contender told; empty where it came to nothing."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

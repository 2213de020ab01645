"""The program of an evaluating process: a clean, single-threaded Python that forks one child for each evaluation.

It imports the libraries once and is told the problem once; then every evaluation starts from the very same state,
which makes it repeatable, and costs a fork, a few milliseconds. Whatever an evaluation does (sleeps, holds the
interpreter in native code, forks, eats memory, crashes), this process is there to end it. It ends by itself when
its owner is gone. `experiments.search.sandbox` is the owner's side.

Messages are framed pickles on what used to be standard input and output: ``("learn", problem)``,
``("evaluate", ticket, seed, task as cloudpickle, seconds, memory in MB)``, ``("cancel", ticket)``; each evaluation
is answered by a `Verdict`. A task is called with the problem and returns a verdict. A cancellation that arrives when
the evaluation has ended is passed over: the owner keeps those that it does not want any more to itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import os
import pickle
import random
import resource
import select
import signal
import sys
import time
import warnings
from dataclasses import replace
from typing import Any, NoReturn

import cloudpickle  # type: ignore[import-untyped]
import numpy as np
import psutil

from experiments.search.evaluation import cause_of
from experiments.search.framing import PipeClosed, read_frame, write_frame
from experiments.search.verdict import Verdict

#: how often a running evaluation's memory and the owner are looked at, in seconds
WATCH_INTERVAL = 0.05
#: at every which look the processes that it started are searched for, too: it takes milliseconds
CHILDREN_TICKS = 5
#: how often an idle process looks whether its owner lives, in seconds
IDLE_INTERVAL = 1.0
#: an owner that wants nothing for so long, in seconds, has forgotten the process (a Dask worker, whose driver was
#: killed); should it come back, it starts another
IDLE_LIFE = 900.0

_LINUX = sys.platform.startswith("linux")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC: Any = ctypes.CDLL(None) if _LINUX else None
_MEGABYTE = 1 << 20


def main() -> None:
    """Serves one owner until it is gone."""
    inbox, outbox = _take_over_pipes()
    warnings.simplefilter("ignore")
    if _LIBC is not None:
        # Orphans of an evaluation's own forks become children of this process, which then can end them.
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    owner = os.getppid()
    problem: Any = None
    with contextlib.suppress(PipeClosed):
        write_frame(outbox, pickle.dumps(("ready", os.getpid())))
        while True:
            message = pickle.loads(_next_frame(inbox, owner))
            if message[0] == "learn":
                problem = message[1]
                gc.collect()
                gc.freeze()  # so that a child's garbage collection does not copy all pages
            elif message[0] == "evaluate":
                write_frame(outbox, pickle.dumps(_Evaluation(problem, *message[1:]).run(inbox)))


def _take_over_pipes() -> tuple[int, int]:
    """Moves the owner's pipes out of the way of libraries that print."""
    inbox, outbox = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return inbox, outbox


def _next_frame(inbox: int, owner: int) -> bytes:
    """The owner's next message; a stray copy of the pipe in another process must not keep this one alive."""
    forgotten = time.monotonic() + IDLE_LIFE
    while not select.select([inbox], [], [], IDLE_INTERVAL)[0]:
        if os.getppid() != owner or time.monotonic() > forgotten:
            raise PipeClosed("the owner is gone")
    return read_frame(inbox)


class _Evaluation:
    """One forked child and the watch over it."""

    def __init__(self, problem: Any, ticket: int, seed: int, task: bytes, seconds: float, memory_mb: int) -> None:
        self._problem = problem
        self._ticket = ticket
        self._seed = seed
        self._task = task
        self._limit = seconds
        self._memory_mb = memory_mb
        self._baseline = _private_memory(psutil.Process())
        #: the child's wait status once it was taken note of
        self._status: int | None = None

    def run(self, inbox: int) -> Verdict:
        """Forks, watches and buries the child.

        Raises:
            PipeClosed: the owner is gone; nothing is left running.
        """
        started = time.monotonic()
        outgoing, incoming = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(outgoing)
            _be_the_child(self._problem, self._seed, self._task, self._memory_mb, incoming)
        os.close(incoming)
        try:
            verdict = self._watch(inbox, outgoing, started + self._limit)
        finally:
            self._end_everything()
            os.close(outgoing)
        return replace(verdict, seconds=time.monotonic() - started)

    def _watch(self, inbox: int, outgoing: int, deadline: float) -> Verdict:
        process = psutil.Process(self._child)
        for tick in itertools.count():
            ready = select.select([outgoing, inbox], [], [], WATCH_INTERVAL)[0]
            if outgoing in ready:
                return self._answer(outgoing)
            if inbox in ready and self._is_meant_by(pickle.loads(read_frame(inbox))):
                return Verdict(None)
            if time.monotonic() >= deadline:
                return Verdict("timeout", f"longer than {self._limit:g} seconds")
            if self._memory_used(process, with_children=tick % CHILDREN_TICKS == 0) > self._memory_mb * _MEGABYTE:
                return Verdict("memory", f"more than {self._memory_mb} MB of memory")
            if self._has_ended():
                # A process that it forked may hold the pipe open still: there is no end of file to wait for.
                return self._answer(outgoing) if select.select([outgoing], [], [], 0)[0] else self._crash()
        raise AssertionError("unreachable")

    def _is_meant_by(self, message: tuple[Any, ...]) -> bool:
        """Whether a message cancels this evaluation, and not one before it."""
        return message[0] == "cancel" and (message[1] == 0 or self._ticket <= message[1])

    def _answer(self, outgoing: int) -> Verdict:
        try:
            verdict = pickle.loads(read_frame(outgoing))
        except PipeClosed:
            return self._crash()
        assert isinstance(verdict, Verdict)
        return verdict

    def _has_ended(self) -> bool:
        if self._status is None:
            ended, status = os.waitpid(self._child, os.WNOHANG)
            self._status = status if ended else None
        return self._status is not None

    def _crash(self) -> Verdict:
        if self._status is None:
            _, self._status = os.waitpid(self._child, 0)
        if os.WIFSIGNALED(self._status):
            return Verdict("crashed", f"killed by {signal.Signals(os.WTERMSIG(self._status)).name}")
        return Verdict("crashed", f"ended with exit code {os.WEXITSTATUS(self._status)}")

    def _memory_used(self, process: psutil.Process, with_children: bool) -> int:
        """Bytes that the child and what it started hold beyond what was there before the fork."""
        used = 0
        with contextlib.suppress(psutil.Error):
            for each in [process, *(process.children(recursive=True) if with_children else ())]:
                with contextlib.suppress(psutil.Error):
                    used += max(0, _private_memory(each) - self._baseline)
        return used

    def _end_everything(self) -> None:
        """Kills the child, its process group and what escaped from it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child, signal.SIGKILL)
        if self._status is None:
            os.kill(self._child, signal.SIGKILL)  # it may not have come to make its own group yet
            os.waitpid(self._child, 0)
        while True:
            try:
                buried, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not buried:
                for escaped in psutil.Process().children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        escaped.kill()
                time.sleep(0.001)


def _private_memory(process: psutil.Process) -> int:
    """Resident bytes that are not of a file, where the system tells; libraries are shared by all evaluations."""
    memory = process.memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


def _be_the_child(problem: Any, seed: int, task: bytes, memory_mb: int, incoming: int) -> NoReturn:
    """Evaluates in the forked child and ends it."""
    try:
        os.setsid()
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        _limit_allocations(memory_mb)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        write_frame(incoming, pickle.dumps(_attempt(problem, task, memory_mb)))
    finally:
        os._exit(0)


def _attempt(problem: Any, task: bytes, memory_mb: int) -> Verdict:
    try:
        verdict = cloudpickle.loads(task)(problem)
        assert isinstance(verdict, Verdict)
    except MemoryError:
        return Verdict("memory", f"more than {memory_mb} MB of memory")
    except BaseException as error:
        return Verdict("invalid", cause_of(error))
    return verdict


def _limit_allocations(memory_mb: int) -> None:
    """Makes one huge allocation fail at once, before the watch could see it; twice the limit, as not all is touched."""
    if not _LINUX:
        return
    with contextlib.suppress(ValueError, OSError), open("/proc/self/statm") as statm:
        data = int(statm.read().split()[5]) * resource.getpagesize()
        limit = data + 2 * memory_mb * _MEGABYTE
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()

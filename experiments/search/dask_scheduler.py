"""A Dask scheduler as a driver sees it: how to reach it, who is there, and questions that have a time limit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client

from config.errors import BadInput
from experiments.search.dask_worker import COMPUTE_SECONDS
from experiments.search.pool import PoolUnreachable
from experiments.search.versions import installed

#: for how long an address is tried first, in seconds; twice as long each time, as the scheduler may be busy
FIRST_ATTEMPT = 1.0
#: how long a client may take to say goodbye, in seconds
LEAVE_PATIENCE = 1.0
#: between two looks for a scheduler file or workers, in seconds
PAUSE = 0.1


class _Composure(logging.Filter):
    """Keeps back what a client says, traceback and all, when its scheduler is gone: who lost it says it in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, asyncio.CancelledError) or record.getMessage().startswith("Failed to reconnect"))


_COMPOSURE = _Composure()


@dataclass(frozen=True)
class Roll:
    """What a scheduler knew at one moment."""

    #: id of the scheduler; the one that is started when it is gone has another
    scheduler: str
    #: worker's address -> its memory limit in bytes
    memory: Mapping[str, int | None]
    #: run -> compute seconds that it had of all the workers lately
    seconds: Mapping[str, float]


def reach(address: str, scheduler_file: str, timeout: float) -> Client:
    """A client of a scheduler that has workers.

    Args:
        address: of the scheduler; empty where there is a scheduler file.
        scheduler_file: that the scheduler wrote; it is read again at each attempt, as another scheduler may write it.
        timeout: how long to try, in seconds.

    Raises:
        PoolUnreachable: nothing answers in time, or no worker is there.
    """
    logging.getLogger("distributed.client").addFilter(_COMPOSURE)  # the same one a second time is passed over
    end = time.monotonic() + timeout
    patience = FIRST_ATTEMPT
    while True:
        target = address or _address_in(scheduler_file)
        try:
            if not target:
                raise PoolUnreachable(f"there is no Dask scheduler file {scheduler_file}")
            return _attempt(target, patience, end)
        except PoolUnreachable:
            if time.monotonic() + PAUSE > end:
                raise
        patience *= 2
        time.sleep(PAUSE)


def call_roll(client: Client, timeout: float) -> Roll:
    """Asks the scheduler who is there.

    Raises:
        OSError: it is gone.
        TimeoutError: it does not answer in time.
    """
    scheduler = client.scheduler
    if client.status != "running" or scheduler is None:
        raise OSError("the connection is lost")
    identity = ask(client, timeout, scheduler.identity, n_workers=-1)
    workers = identity["workers"]
    seconds: Counter[str] = Counter()
    for worker in workers.values():
        seconds.update(worker["metrics"].get(COMPUTE_SECONDS) or {})
    memory = {address: worker.get("memory_limit") for address, worker in workers.items()}
    return Roll(identity["id"], memory, seconds)


def ask(client: Client, timeout: float, question: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
    """Calls one of the client's functions, which have no time limit themselves.

    Raises:
        OSError: the scheduler is gone.
        TimeoutError: no answer in time.
    """

    async def asked() -> Any:
        return await question(*args, **options)

    try:
        return client.sync(asked, callback_timeout=timeout)
    except asyncio.TimeoutError as error:  # before Python 3.11 it is another class
        raise TimeoutError(str(error) or f"no answer within {timeout:g} seconds") from error


def leave(client: Client) -> None:
    """Closes a client, whether its scheduler is there or not."""
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        client.close(timeout=LEAVE_PATIENCE)


def versions(client: Client, workers: list[str], timeout: float) -> dict[str, dict[str, str]]:
    """Worker's address -> what is installed there.

    Raises:
        BadInput: this project is not installed there.
        OSError: the scheduler is gone.
        TimeoutError: no answer in time.
    """
    try:
        found = ask(client, timeout, client.run, installed, workers=workers, on_error="return")
    except ImportError as error:
        found = {workers[0]: error}
    for worker, answer in found.items():
        if isinstance(answer, ImportError):
            raise BadInput(f"worker {worker} cannot import this project ({answer}); start it in the same environment")
    return {worker: answer for worker, answer in found.items() if isinstance(answer, dict)}


def _attempt(address: str, patience: float, end: float) -> Client:
    """A client of the scheduler at an address, once it has workers.

    Args:
        patience: how long it may take to answer, in seconds.
        end: until when it may wait for workers.

    Raises:
        PoolUnreachable: it does not answer, or is gone meanwhile, or there are no workers in time.
    """
    try:
        client = Client(address, timeout=max(PAUSE, min(patience, end - time.monotonic())), set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise PoolUnreachable(f"the Dask scheduler at {address} does not answer ({error})") from None
    try:
        # not Client.wait_for_workers: it overlooks workers without memory, which are paused but must be told of
        while not call_roll(client, max(PAUSE, end - time.monotonic())).memory:
            if time.monotonic() > end:
                raise PoolUnreachable(f"the Dask scheduler at {address} has no workers")
            time.sleep(PAUSE)
    except OSError as error:  # a TimeoutError is one
        leave(client)
        raise PoolUnreachable(f"the Dask scheduler at {address} does not answer ({error})") from None
    except BaseException:
        leave(client)
        raise
    return client


def _address_in(scheduler_file: str) -> str:
    """The address that a scheduler wrote; empty while it has not, or not to the end."""
    try:
        return str(json.loads(Path(scheduler_file).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError):
        return ""

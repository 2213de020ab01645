"""Keeps the local stack alive while somebody follows a run: what was killed is started again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from config.errors import BadInput
from pipelines.stack import Stack

INTERVAL = 0.5  # seconds between two looks
RESTARTS = 5  # of one part, before it counts as broken


@dataclass
class Supervision:
    """What the supervision of a stack has come to."""

    #: why the stack cannot be kept alive; empty while it can
    failure: str = ""
    _ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def supervised(stack: Stack, messages: Console) -> Iterator[Supervision]:
    """Starts server, pool or agent again where one has ended, until the block is left.

    A follower cannot do it between two calls: a call waits for the very server that is gone.

    Args:
        stack: what to keep alive.
        messages: where a line goes for each restart.

    Yields:
        What a follower asks for a failure: a part that ends again and again.
    """
    supervision = Supervision()
    watcher = threading.Thread(target=_watch, args=(stack, messages, supervision), name="supervision", daemon=True)
    watcher.start()
    try:
        yield supervision
    finally:
        supervision._ended.set()
        watcher.join()


def _watch(stack: Stack, messages: Console, supervision: Supervision) -> None:
    restarts: Counter[str] = Counter()
    while not supervision._ended.wait(INTERVAL):
        missing = stack.missing_parts()
        if not missing:
            continue
        restarts.update(missing)
        broken = [part for part in missing if restarts[part] > RESTARTS]
        if broken:
            supervision.failure = f"{broken[0]} ended {RESTARTS + 1} times; see {stack.processes.home / 'logs'}"
            return
        messages.print(f"{', '.join(missing)} ended unexpectedly and is started again", style="yellow")
        try:
            stack.start()
        except BadInput as error:
            supervision.failure = str(error)
            return

"""Keeps the local stack alive while somebody follows a run: what was killed is started again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from config.errors import BadInput
from pipelines.stack import Stack

INTERVAL = 0.5  # seconds between two looks


@contextmanager
def supervised(stack: Stack, messages: Console) -> Iterator[None]:
    """Starts server, pool or agent again where one has ended, until the block is left.

    A follower cannot do it between two calls: a call waits for the very server that is gone.

    Args:
        stack: what to keep alive.
        messages: where a line goes for each restart.
    """
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(INTERVAL):
            missing = stack.missing_parts()
            if missing:
                messages.print(f"{', '.join(missing)} ended unexpectedly and is started again", style="yellow")
                try:
                    stack.start()
                except BadInput as error:
                    messages.print(f"it cannot be started again: {error}", style="red", markup=False)
                    return

    watcher = threading.Thread(target=watch, name="stack supervision", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()

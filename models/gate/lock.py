"""One promotion of a name at a time, wherever the processes run: the registry's server is the referee.

A queue's name is unique on a ClearML server, and making one is a single step there. So whoever makes the queue
``promotion of <name>`` may promote, and deletes it afterwards; no agent serves it. (A task will not do: a ClearML
server takes a second ``started`` as well as the first.) A process that dies in between leaves the queue behind: who
waits sees the same queue for `PATIENCE` seconds by its own clock, and takes it away, by its id.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from types import TracebackType

from models.catalog import registry_client

#: seconds after which a holder counts as dead; it needs a second at most
PATIENCE = 20.0
_INTERVAL = 0.1  # seconds between two looks
_NAME_IS_TAKEN = 801  # subcode of the refusal to make a queue of a name that another has
_TAG = "promotion"


class LockTaken(Exception):
    """Others held the lock until the deadline."""


class PromotionLock:
    """Held within a ``with`` block.

    Args:
        name: of the models.
        deadline: on `time.monotonic`, until which others are waited for.
        patience: seconds after which a holder counts as dead.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        name: str,
        deadline: float = math.inf,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._queue_name = f"promotion of {name}"
        self._deadline, self._patience, self._sleep = deadline, patience, sleep
        self._id = ""

    def __enter__(self) -> PromotionLock:
        seen, seen_since = "", 0.0
        while not self._taken():
            now = time.monotonic()
            holder = self._holder()
            if holder != seen:
                seen, seen_since = holder, now
            elif holder and now - seen_since >= self._patience:
                self._delete(holder)
                continue
            if now >= self._deadline:
                raise LockTaken(f"another promotion, {self._queue_name!r}, is under way")
            self._sleep(_INTERVAL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._delete(self._id)

    @property
    def is_held(self) -> bool:
        """Whether nobody took it away meanwhile."""
        return self._holder() == self._id

    def _taken(self) -> bool:
        from clearml.backend_api.session.client import APIError

        try:
            self._id = str(registry_client().queues.create(name=self._queue_name, tags=[_TAG]).id)
        except APIError as error:
            if error.subcode != _NAME_IS_TAKEN:
                raise
            return False
        return True

    def _holder(self) -> str:
        found = registry_client().queues.get_all(name=f"^{re.escape(self._queue_name)}$", only_fields=["id"])
        return str(found[0].id) if found else ""

    def _delete(self, queue_id: str) -> None:
        from clearml.backend_api.session.client import APIError

        try:
            registry_client().queues.delete(queue=queue_id, force=True)
        except APIError as error:
            if error.code >= 500:
                raise  # else it is gone: somebody else was faster

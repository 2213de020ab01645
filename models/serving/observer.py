"""Who looks on while the service answers: it gets what was asked and answered, and makes pages and metrics of it.

Looking on costs the answers next to nothing: all calls to an observer come from one thread, one after another, so that
it needs no locks; batches that it has no time for are dropped and counted.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import pickle
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from models.catalog import RegistryModel

log = logging.getLogger(__name__)

#: rows that wait for the observer at most; what comes on top is dropped
ROWS_WAITING = 20_000
#: seconds for which batches are gathered before the observer sees them as one: fewer, larger calls are cheaper
GATHERING = 0.25

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Batch:
    """Rows that one model has answered together; they may come from several requests."""

    model_id: str
    #: column name -> its cells, (n_rows,) each: float, bool or text as validated, None where a cell is missing; every
    #: column that the model's input schema requires is there
    columns: Mapping[str, Sequence[Any]]
    #: the person's own labels, or numbers, (n_rows,)
    predictions: Sequence[Any]
    #: (n_rows, n_classes) as lists, in the order of the model's classes; None where there are none
    probabilities: Sequence[Sequence[float]] | None = None

    def __len__(self) -> int:
        return len(self.predictions)


class Observer(Protocol):
    """What the service calls, always from the same thread."""

    def on_model(self, model: RegistryModel) -> None:
        """From now on this model answers; a few batches of the one before may still follow."""

    def observe(self, batch: Batch) -> None:
        """These rows were answered."""

    def metrics(self) -> Iterable[Any]:
        """Metric families (`prometheus_client.core.Metric`) for ``/metrics``."""

    def page(self) -> str:
        """The HTML of ``/drift``, whole, with nothing in it that another host would have to give."""

    def report(self) -> Mapping[str, Any]:
        """The same for programs, ready for JSON, as ``/drift.json``."""

    def close(self) -> None:
        """The service ends: what is not reported yet may be reported now, within a second or two."""


class Blind:
    """An observer that does not look."""

    def on_model(self, model: RegistryModel) -> None:
        """Does nothing."""

    def observe(self, batch: Batch) -> None:
        """Does nothing."""

    def metrics(self) -> Iterable[Any]:
        """There are none."""
        return ()

    def page(self) -> str:
        """Says so."""
        return "<!doctype html><title>Drift</title><p>This service does not watch for drift.</p>\n"

    def report(self) -> Mapping[str, Any]:
        """Says so."""
        return {"watching": False}

    def close(self) -> None:
        """Does nothing."""


class ObserverThread:
    """Brings batches to an observer, as many as it has time for.

    Args:
        observer: who looks on; what it raises is logged and forgotten.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        #: number of rows and the pickled list of `Batch`, which a worker has made
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._rows_waiting = 0
        #: rows that the observer never saw, for want of time
        self.rows_dropped = 0
        # a daemon: an observer that hangs must not keep the service from ending
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
        self._thread.start()

    def on_model(self, model: RegistryModel) -> None:
        """Tells that another model answers."""
        self._calls.put(lambda: self._observer.on_model(model))

    def observe(self, n_rows: int, packed: bytes) -> None:
        """Hands a batch over, or drops it where too many rows wait already.

        Args:
            n_rows: in it.
            packed: a list of `Batch`, pickled by a worker of this service.
        """
        if self._rows_waiting + n_rows > ROWS_WAITING:
            self.rows_dropped += n_rows
            return
        self._rows_waiting += n_rows
        self._waiting.append((n_rows, packed))

    async def ask(self, question: Callable[[Observer], Answer]) -> Answer:
        """What the observer says of all that was handed over so far; whatever it raises is raised here."""
        future: Future[Answer] = Future()

        def answer() -> None:
            if not future.set_running_or_notify_cancel():  # nobody waits any more
                return
            try:
                future.set_result(question(self._observer))
            except Exception as error:
                future.set_exception(error)

        self._calls.put(answer)
        return await asyncio.wrap_future(future)

    def close(self, seconds: float = 3.0) -> None:
        """Lets the observer end, and waits for that for so many seconds."""
        self._calls.put(self._observer.close)
        self._calls.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive():
            log.warning("the observer did not end within %g s", seconds)

    def _run(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=GATHERING)
            except queue.Empty:
                self._bring_waiting()
                continue
            self._bring_waiting()
            if call is None:
                return
            self._quietly(call)

    def _bring_waiting(self) -> None:
        batches = []
        while self._waiting:
            n_rows, packed = self._waiting.popleft()
            self._rows_waiting -= n_rows
            batches += pickle.loads(packed)
        for batch in _merged(batches):
            self._quietly(functools.partial(self._observer.observe, batch))

    @staticmethod
    def _quietly(call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            log.exception("the observer failed")


def _merged(batches: Iterable[Batch]) -> Iterable[Batch]:
    """One batch for each model."""
    of_model: dict[str, list[Batch]] = {}
    for batch in batches:
        of_model.setdefault(batch.model_id, []).append(batch)
    for model_id, parts in of_model.items():
        first = parts[0]
        yield Batch(
            model_id,
            {name: [cell for part in parts for cell in part.columns[name]] for name in first.columns},
            [prediction for part in parts for prediction in part.predictions],
            None if first.probabilities is None else [row for part in parts for row in part.probabilities or ()],
        )

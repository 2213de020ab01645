"""Watches for drift what a service is asked: counts it, and says what moved as a page, as metrics and to ClearML."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from config.errors import BadInput
from models.catalog import RegistryModel
from models.drift.counts import Counts
from models.drift.metrics import metric_families
from models.drift.monitoring import INTERVAL, Monitoring
from models.drift.page import page
from models.drift.profile import Profile
from models.drift.report import LIMIT, drift_report
from models.drift.stored_profile import profile_of
from models.drift.watch import Watch
from models.drift.windows import Windows
from models.serving.observer import Batch

log = logging.getLogger(__name__)

#: seconds for which a report is told again: a page and a scrape may come together
FRESH = 1.0
#: Rows that are counted together, and the seconds that they wait for it; nobody who looks has to wait.
ROWS_TOGETHER = 2_000
SECONDS_TOGETHER = 1.0
#: seconds after which a profile that could not be fetched is asked for again
ANOTHER_TRY = 60.0


class DriftObserver:
    """An observer of a service (`models.serving.observer.Observer`).

    Counts belong to one model: with another champion they start anew, against its own training profile.

    Args:
        limit: of the population stability index beyond chance, from which on a column has moved.
        interval: seconds between two reports to ClearML; None for no monitoring task.
        clock: seconds that only rise, by which the window of a day slides.
        profile: where a model's training profile comes from.
    """

    def __init__(
        self,
        limit: float = LIMIT,
        interval: float | None = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
        profile: Callable[[RegistryModel], Profile] = profile_of,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._profile = profile
        # the monitoring thread looks, while the service's thread counts
        self._lock = threading.Lock()
        self._model: RegistryModel | None = None
        self._windows: Windows | None = None
        self._since = datetime.now(timezone.utc)
        self._reason = "No model answers yet."
        #: rows that are not counted yet: many together cost little more than a few
        self._waiting: list[Batch] = []
        self._waiting_since = 0.0
        self._watch: tuple[float, int, Watch] | None = None
        self._moved: tuple[str, ...] = ()
        self._interval = interval
        self._monitoring: Monitoring | None = None
        self._looked_at = float("-inf")

    def on_model(self, model: RegistryModel) -> None:
        """From now on this model answers: counts start anew, unless it is the same."""
        if self._model is not None and self._model.id == model.id:
            return
        if self._monitoring is not None:
            self._monitoring.report_last(self.watch())
        with self._lock:
            self._model, self._windows, self._watch, self._moved = model, None, None, ()
            self._waiting = []
        self._begin(model)
        if self._monitoring is None and self._interval is not None:
            self._monitoring = Monitoring(
                self.watch, self._interval
            )  # not before: its thread would be in the way of forks

    def _begin(self, model: RegistryModel) -> None:
        """Fetches the model's profile and starts to count."""
        self._looked_at = self._clock()
        try:
            windows = Windows(self._profile(model), self._clock)
        except Exception as error:  # of any kind: it depends on what the server is doing
            told = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
            if not self._reason.endswith(told):
                log.warning("drift of model %s is not watched: %s", model.id, told)
            self._reason = f"Drift of model {model.id} is not watched: {told}"
            return
        with self._lock:
            self._windows, self._since = windows, datetime.now(timezone.utc)

    def observe(self, batch: Batch) -> None:
        """Counts rows of the model that answers now; those of the one before are left out."""
        model = self._model
        if model is None or batch.model_id != model.id:
            return
        if self._windows is None and self._clock() - self._looked_at > ANOTHER_TRY:
            self._begin(model)
        with self._lock:
            if self._windows is None:
                return
            if not self._waiting:
                self._waiting_since = self._clock()
            self._waiting.append(batch)
            if sum(map(len, self._waiting)) >= ROWS_TOGETHER or self._clock() - self._waiting_since >= SECONDS_TOGETHER:
                self._count()

    def _count(self) -> None:
        """Counts the rows that wait, and lets them go; the lock is held."""
        batches, self._waiting = self._waiting, []
        if self._windows is None or not batches:
            return
        counts = Counts(self._windows.total.profile)
        first = batches[0]
        counts.add(
            {name: [cell for batch in batches for cell in batch.columns[name]] for name in first.columns},
            [prediction for batch in batches for prediction in batch.predictions],
            None if first.probabilities is None else [row for batch in batches for row in batch.probabilities or ()],
        )
        self._windows.add(counts)

    def watch(self) -> Watch | None:
        """What is known now; None where no model is watched."""
        with self._lock:
            self._count()
            model, windows = self._model, self._windows
            if model is None or windows is None:
                return None
            now = self._clock()
            if self._watch and now - self._watch[0] < FRESH and self._watch[1] == windows.total.rows:
                return self._watch[2]
            recent, total = windows.recent(), windows.total.copy()
        watch = Watch(
            model.id, model.name, self._since, drift_report(recent, self._limit), drift_report(total, self._limit)
        )
        with self._lock:
            if self._model is model:
                self._watch = now, total.rows, watch
                self._say(watch)
        return watch

    def metrics(self) -> Iterable[Any]:
        """Metric families for ``/metrics``."""
        watch = self.watch()
        return [] if watch is None else list(metric_families(watch))

    def page(self) -> str:
        """The HTML of ``/drift``."""
        return page(self.watch(), self._reason)

    def report(self) -> Mapping[str, Any]:
        """The same for programs."""
        watch = self.watch()
        return {"watching": False, "reason": self._reason} if watch is None else watch.as_json()

    def close(self) -> None:
        """Reports what is new."""
        if self._monitoring is not None:
            self._monitoring.close()

    @property
    def monitoring_task_id(self) -> str:
        """Of the task that the drift is reported to; empty before the first report."""
        return "" if self._monitoring is None else self._monitoring.task.id

    def _say(self, watch: Watch) -> None:
        """A line of the log where other columns have moved than before."""
        moved = tuple(sorted(column.name for column in watch.recent if column.moved))
        if moved != self._moved:
            log.warning("%s: %s", watch.model_name, watch.recent.summary)
            self._moved = moved

"""Reports to the monitoring task in a thread of its own, which nobody has to wait for."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from models.drift.monitoring_task import MonitoringTask
from models.drift.watch import Watch

log = logging.getLogger(__name__)

#: seconds between two reports
INTERVAL = 60.0
#: seconds that the end of a service waits for the last report
LAST_REPORT = 2.5


class Monitoring:
    """Looks at the drift every minute and reports it, where rows have come meanwhile.

    A server that is away is told of once, and disturbs nothing: the report after its return says all that matters.

    Args:
        look: what is known now; None where nothing is watched.
        interval: seconds between two reports.
    """

    def __init__(self, look: Callable[[], Watch | None], interval: float = INTERVAL) -> None:
        self.task = MonitoringTask()
        self._look = look
        self._interval = interval
        self._told: tuple[str, int] | None = None
        self._is_away = False
        #: last words on models that do not answer any more; None ends the thread
        self._last_words: queue.SimpleQueue[Watch | None] = queue.SimpleQueue()
        # a daemon: a server that hangs must not keep the service from ending
        self._thread = threading.Thread(target=self._run, name="drift monitoring", daemon=True)
        self._thread.start()

    def report_last(self, watch: Watch | None) -> None:
        """Reports what is known of a model that another one has replaced; returns at once."""
        if watch is not None:
            self._last_words.put(watch)

    def close(self) -> None:
        """Reports what is new and ends, within `LAST_REPORT` seconds."""
        self._last_words.put(None)
        self._thread.join(LAST_REPORT)

    def _run(self) -> None:
        is_ending = False
        while not is_ending:
            try:
                watch = self._last_words.get(timeout=self._interval)
                is_ending = watch is None
            except queue.Empty:
                watch = None
            self._report(watch or self._look())
        if not self._is_away:
            self._attempt(self.task.close)

    def _report(self, watch: Watch | None) -> None:
        if watch is None or not watch.total.rows or self._told == (watch.model_id, watch.total.rows):
            return
        if self._attempt(lambda: self.task.report(watch)):
            self._told = watch.model_id, watch.total.rows

    def _attempt(self, call: Callable[[], None]) -> bool:
        try:
            call()
        except Exception as error:  # of any kind: it depends on what the server is doing
            if not self._is_away:
                log.warning("drift is not reported to ClearML for now: %s: %s", type(error).__name__, error)
            self._is_away = True
            self.task.reconnect()
            return False
        if self._is_away:
            log.info("drift is reported to ClearML again")
        self._is_away = False
        return True

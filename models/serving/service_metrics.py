"""What the service counts of itself, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric

#: seconds
LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1_000, 10_000, 100_000)
PREFIX = "automl_serving"


class ServiceMetrics:
    """Counts of one service, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()

        def counter(name: str, text: str, labels: Iterable[str] = ()) -> Counter:
            return Counter(f"{PREFIX}_{name}", text, list(labels), registry=registry)

        def gauge(name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
            return Gauge(f"{PREFIX}_{name}", text, list(labels), registry=registry)

        def histogram(name: str, text: str, buckets: Iterable[float]) -> Histogram:
            return Histogram(f"{PREFIX}_{name}", text, buckets=list(buckets), registry=registry)

        self._requests = counter("requests", "Requests by path and HTTP status.", ("path", "status"))
        self._seconds = histogram("predict_seconds", "From a prediction's request to its answer.", LATENCIES)
        self._rows = counter("rows", "Rows that were predicted.")
        self._batch_requests = histogram("batch_requests", "Requests that were answered together.", SIZES)
        self._batch_rows = histogram("batch_rows", "Rows that were predicted together.", SIZES)
        self._batch_seconds = histogram("batch_seconds", "What a worker took for a batch.", LATENCIES)
        self._model = gauge("model_info", "1 for the model that answers.", ("model", "name"))
        self._swaps = counter("model_swaps", "Times that another model took over.")
        self._refused = gauge("model_refused", "1 for a champion that cannot be loaded.", ("model",))
        self._refusals = counter("model_refusals", "Attempts to load a champion that failed.")
        self.workers = gauge("workers", "Workers that can answer.")
        self._restarts = counter("worker_restarts", "Workers that were lost and replaced.")
        self.in_flight = gauge("requests_in_flight", "Predictions that wait for a worker or are with one.")
        self.waiting = gauge("requests_waiting", "Requests that wait for a worker.")
        self.registry_reachable = gauge("registry_reachable", "Whether the last look at the registry succeeded.")
        self.rows_unobserved = gauge("rows_unobserved", "Rows that the drift observer had no time for.")

    def request_answered(self, path: str, status: int) -> None:
        """A request has its answer."""
        self._requests.labels(path, str(status)).inc()

    def prediction_answered(self, seconds: float) -> None:
        """A prediction was answered, refusals included."""
        self._seconds.observe(seconds)

    def batch_answered(self, n_requests: int, n_rows: int, seconds: float) -> None:
        """A worker has answered a batch."""
        self._rows.inc(n_rows)
        self._batch_requests.observe(n_requests)
        self._batch_rows.observe(n_rows)
        self._batch_seconds.observe(seconds)

    def model_answers(self, model_id: str, name: str, is_swap: bool) -> None:
        """A model has begun to answer."""
        self._model.clear()
        self._model.labels(model_id, name).set(1)
        self._refused.clear()
        if is_swap:
            self._swaps.inc()

    def model_refused(self, model_id: str) -> None:
        """A champion cannot be loaded."""
        self._refused.clear()
        self._refused.labels(model_id).set(1)
        self._refusals.inc()

    def nothing_refused(self) -> None:
        """The champion is the model that answers."""
        self._refused.clear()

    def worker_restarted(self) -> None:
        """A worker was lost and is replaced."""
        self._restarts.inc()

    def text(self, others: Iterable[Metric] = ()) -> bytes:
        """All samples, in Prometheus' text format.

        Args:
            others: metric families that somebody else counts.
        """
        found = generate_latest(self._registry)
        given = list(others)
        return found + (generate_latest(_Given(given)) if given else b"")


class _Given(CollectorRegistry):
    """A registry of samples that are there already."""

    def __init__(self, families: list[Metric]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return iter(self._families)

"""Drift for Prometheus: gauges of the last day, counters since the model began to answer.

The label ``column`` has at most `COLUMNS` values, and there is no other label whose values come from requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from models.drift.column_drift import ColumnDrift
from models.drift.watch import Watch

#: Columns that have series of their own: of a wider table those that moved before the others.
COLUMNS = 200


def metric_families(watch: Watch) -> Iterator[Metric]:
    """All of them, as prometheus-client's registries ask for them."""
    recent, columns = watch.recent, watch.recent.columns[:COLUMNS]
    yield from _by_column(
        ("automl_drift_psi", "Population stability index of the last day against training.", [
            (column, column.worst.psi) for column in columns]),
        ("automl_drift_psi_by_chance", "The index to expect without drift, from so few rows.", [
            (column, column.worst.psi_by_chance) for column in columns]),
        ("automl_drift_moved", "1 where a column has moved beyond the limit and beyond chance.", [
            (column, float(column.moved)) for column in columns]),
        ("automl_drift_missing_share", "Share of the rows of the last day in which the column was missing.", [
            (column, column.missing_now) for column in columns]),
    )  # fmt: skip
    predictions = GaugeMetricFamily(
        "automl_drift_prediction_psi", "Population stability index of what was predicted.", labels=["of"]
    )
    shares = GaugeMetricFamily(
        "automl_drift_prediction_share", "Share of the rows of the last day by predicted class.", labels=["class"]
    )
    for each in recent.predictions:
        predictions.add_metric([each.name], each.worst.psi)
        if each.kind == "class":
            for label, share in zip(each.shares.labels, each.shares.now, strict=True):
                shares.add_metric([label], share)
    yield predictions
    if shares.samples:
        yield shares
    yield _gauge("automl_drift_moved_columns", "Columns that have moved.", len(recent.moved_columns))
    yield _gauge("automl_drift_limit", "Index beyond chance from which on a column has moved.", recent.limit)
    yield _gauge("automl_drift_recent_rows", "Rows of the last day, by which drift is judged.", recent.rows)
    rows = CounterMetricFamily("automl_drift_rows", "Rows counted since the model began to answer.")
    rows.add_metric([], watch.total.rows)
    yield rows
    new = CounterMetricFamily(
        "automl_drift_new_categories", "Cells whose category training did not know.", labels=["column"]
    )
    for column in watch.total.columns[:COLUMNS]:
        if column.new_share is not None:
            new.add_metric([column.name], column.new_rows)
    yield new


def _by_column(*families: tuple[str, str, list[tuple[ColumnDrift, float]]]) -> Iterator[Metric]:
    for name, documentation, values in families:
        family = GaugeMetricFamily(name, documentation, labels=["column"])
        for column, value in values:
            family.add_metric([column.name], value)
        yield family


def _gauge(name: str, documentation: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, documentation)
    family.add_metric([], value)
    return family

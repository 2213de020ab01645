"""Rows for tests of drift: every kind of column, and a shift of known size where one is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.drift.counts import Counts
from models.drift.profile import Profile, training_profile
from models.drift.report import DriftReport, drift_report

KINDS = {
    "age": "numeric", "visits": "numeric", "colour": "categorical", "town": "categorical", "member": "boolean",
    "day": "date", "note": "text", "nothing": "drop",
}  # fmt: skip
CLASSES = ["no", "yes"]


def frame(rows: int, seed: int = 0) -> pd.DataFrame:
    """Rows of one distribution."""
    random = np.random.default_rng(seed)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 365, rows), "D")
    return pd.DataFrame(
        {
            "age": random.normal(40.0, 10.0, rows),
            "visits": random.poisson(1.0, rows),
            "colour": random.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2]),
            "town": random.choice([f"town {number}" for number in range(100)], rows),
            "member": random.random(rows) < 0.5,
            "day": days.strftime("%d.%m.%Y"),
            "note": [" ".join(["word"] * number) for number in random.poisson(8, rows) + 1],
            "nothing": 1,
        }
    )  # fmt: skip


def probabilities(rows: int, seed: int = 0) -> np.ndarray:
    """Of two classes, (rows, 2)."""
    first = np.random.default_rng(seed).beta(2.0, 2.0, rows)
    return np.column_stack([first, 1.0 - first])


def profile(rows: int = 1000, seed: int = 100) -> Profile:
    """Of rows and predictions of that distribution."""
    told = training_profile(frame(rows, seed), KINDS, probabilities(rows // 4, seed), "classification", CLASSES)
    return Profile.from_json(told)


def counts(of: Profile, X: pd.DataFrame, p: np.ndarray) -> Counts:
    """Rows counted as a service does it, from lists."""
    counted = Counts(of)
    labels = [CLASSES[code] for code in p.argmax(axis=1)]
    counted.add({name: cells(X[name]) for name in X}, labels, p.tolist())
    return counted


def cells(column: pd.Series) -> list[Any]:
    """As a list, None where a cell is missing."""
    return [None if pd.isna(cell) else cell for cell in column.tolist()]


def report(of: Profile, X: pd.DataFrame, p: np.ndarray | None = None, limit: float = 0.1) -> DriftReport:
    """Of rows, and predictions that are as in training where none are given."""
    return drift_report(counts(of, X, probabilities(len(X), 7) if p is None else p), limit)

"""How fast a fitted pipeline predicts."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pandas as pd

#: rows that a prediction is timed with
ROWS = 1000
#: predictions that are timed; their median is told
REPEATS = 5


def inference_ms(fitted: Any, X: pd.DataFrame, repeats: int = REPEATS) -> float:
    """Milliseconds in which a pipeline predicts 1,000 rows, preprocessing included.

    The median of some predictions after one that does not count, since the first pays for imports and caches.

    Args:
        fitted: predicts rows like those of ``X``.
        X: rows, (n_rows, n_columns); the first thousand are taken, again and again where there are fewer.
        repeats: predictions that are timed.
    """
    rows = X.iloc[[position % len(X) for position in range(ROWS)]]
    fitted.predict(rows)
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        fitted.predict(rows)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000

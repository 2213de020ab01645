"""What a published pipeline expects of the rows that it is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

#: Categories that are listed at most; columns with more say only how many there are.
CATEGORIES_LISTED = 50


def input_schema(X: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, Any]:
    """The columns that a pipeline was trained on, ready for JSON.

    Args:
        X: the raw columns, (n_rows, n_columns).
        kinds: column name -> kind.

    Returns:
        ``columns``: a list with ``name``, ``kind``, ``dtype``, ``missing`` (whether cells were missing), ``required``
        (false where the pipeline does not look at the column) of each; ``categories`` (sorted) or ``n_categories`` of a
        categorical column, ``minimum`` and ``maximum`` of a numeric one.
    """
    return {"columns": [_described(X[name], kinds[name]) for name in X.columns]}


def _described(column: pd.Series, kind: str) -> dict[str, Any]:
    described = {
        "name": str(column.name),
        "kind": kind,
        "dtype": "text" if pd.api.types.is_string_dtype(column.dtype) else str(column.dtype),
        "missing": bool(column.isna().any()),
        "required": kind != "drop",
    }
    if kind == "categorical":
        categories = sorted(column.dropna().astype("string").unique())
        listed = len(categories) <= CATEGORIES_LISTED
        described |= {"categories": categories} if listed else {"n_categories": len(categories)}
    if kind == "numeric":
        numbers = pd.to_numeric(column, errors="coerce").astype("float64")
        finite = numbers[np.isfinite(numbers)]
        if len(finite):
            described |= {"minimum": float(finite.min()), "maximum": float(finite.max())}
    return described

"""Rows of a table against a model's training profile: predicted, counted, and not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from config.errors import BadInput
from models.drift.counts import Counts
from models.drift.profile import Profile
from models.published import classes_of

#: Rows that are predicted together.
CHUNK = 50_000
#: Names of columns that a message lists at most.
SHOWN_NAMES = 5


def features(frame: pd.DataFrame, schema: Mapping[str, Any], source: str) -> pd.DataFrame:
    """The columns that a model looks at.

    Args:
        frame: a table that may have others as well.
        schema: the model's input schema.
        source: what the table is called in messages.

    Raises:
        BadInput: a column is missing, or there are no rows.
    """
    required = [column["name"] for column in schema.get("columns", []) if column["required"]]
    missing = [name for name in required if name not in frame.columns]
    if missing:
        more = f" and {len(missing) - SHOWN_NAMES} more" if len(missing) > SHOWN_NAMES else ""
        names = ", ".join(map(repr, missing[:SHOWN_NAMES]))
        one = len(missing) == 1
        raise BadInput(
            f"{source} lacks the {'column' if one else 'columns'} {names}{more}, which the model learnt from; "
            f"add {'it' if one else 'them'}, empty where the values are not known"
        )
    if not len(frame):
        raise BadInput(f"{source} has no rows; drift needs rows to look at")
    return frame[required]


def count_rows(profile: Profile, fitted: Any, X: pd.DataFrame) -> Counts:
    """Predicts rows and counts them.

    Args:
        profile: of the model.
        fitted: its pipeline, as `models.published.publishable` makes it.
        X: raw columns, (n_rows, n_columns).

    Raises:
        BadInput: the model cannot predict these rows.
    """
    counts = Counts(profile)
    for begin in range(0, len(X), CHUNK):
        rows = X.iloc[begin : begin + CHUNK]
        try:
            labels, probabilities = _answers(fitted, rows)
        except Exception as error:  # of any kind: it depends on the model
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            raise BadInput(f"the model cannot predict these rows: {reason}") from error
        counts.add({str(name): rows[name] for name in rows.columns}, labels, probabilities)
    return counts


def _answers(fitted: Any, rows: pd.DataFrame) -> tuple[Sequence[Any] | np.ndarray, np.ndarray | None]:
    classes = classes_of(fitted)
    if classes is None or not hasattr(fitted, "predict_proba"):
        return np.asarray(fitted.predict(rows)), None
    probabilities = np.asarray(fitted.predict_proba(rows))
    return classes[probabilities.argmax(axis=1)], probabilities

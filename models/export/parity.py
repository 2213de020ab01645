"""Whether an exported form answers as the published pipeline does, row by row."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.evidence import HoldoutRows
from models.published import classes_of

#: Largest difference of a probability, or of a number relative to the largest one, where a form calculates in 32 bits.
TOLERANCE = 1e-4
#: Two most probable classes that are as close as this are tied: either may be the label.
TIE = 1e-5
#: Rows of which cells are emptied, besides the rows as they are.
EMPTIED_ROWS = 200


@dataclass(frozen=True, eq=False)
class Answers:
    """What a form of a pipeline says of some rows."""

    #: labels or numbers, (n_rows,)
    predictions: np.ndarray
    #: of the labels sorted, (n_rows, n_classes); None for a regression, and where a classifier knows none
    probabilities: np.ndarray | None = None

    @classmethod
    def of(cls, fitted: Any, X: pd.DataFrame) -> Answers:
        """What a fitted pipeline says."""
        has_probabilities = classes_of(fitted) is not None and hasattr(fitted, "predict_proba")
        probabilities = np.asarray(fitted.predict_proba(X), dtype=np.float64) if has_probabilities else None
        return cls(np.asarray(fitted.predict(X)).ravel(), probabilities)


@dataclass(frozen=True)
class Comparison:
    """How one form compares with the published pipeline."""

    #: name of the file
    form: str
    rows: int
    #: rows whose answers differ by more than is allowed
    differing: int
    #: of a probability; of a number, relative to the largest one
    largest_difference: float
    #: that is allowed
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether no row differs."""
        return self.differing == 0

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self), "agrees": self.agrees}


def rows_to_compare(evidence: HoldoutRows) -> pd.DataFrame:
    """Rows that the search never saw, then some of them again with one cell emptied, column after column."""
    X = evidence.X
    used = [name for name in X.columns if evidence.kinds.get(str(name)) != "drop"]
    count = min(EMPTIED_ROWS, max(len(X), len(used)))
    emptied = X.iloc[np.arange(count) % len(X)].reset_index(drop=True)
    emptied = emptied.astype({name: _with_room(X[name]) for name in used})
    for position, name in enumerate(used):
        emptied.loc[emptied.index % len(used) == position, name] = None
    # side by side as objects, so that the cells of the first part stay as they are
    parts = [X.astype(object), emptied.astype(object)]
    joined = pd.concat(parts, ignore_index=True)
    return joined.astype({name: X[name].dtype for name in X.columns if joined[name].isna().sum() == 0})


def compare(form: str, expected: Answers, told: Answers, tolerance: float) -> Comparison:
    """Compares answers row by row.

    Args:
        form: name of the file.
        expected: of the published pipeline.
        told: of the form.
        tolerance: that probabilities, or numbers relative to the largest, may differ by; 0 where both must be the same.
    """
    rows = len(expected.predictions)
    if len(told.predictions) != rows:
        return Comparison(form, rows, rows, float("inf"), tolerance)
    if expected.predictions.dtype.kind == "f" and expected.probabilities is None:
        scale = max(float(np.abs(expected.predictions).max(initial=0.0)), 1e-300)
        difference = np.abs(told.predictions.astype(np.float64) - expected.predictions) / scale
        return _counted(form, rows, ~(difference <= tolerance), difference, tolerance)
    apart = told.predictions != expected.predictions
    difference = np.zeros(rows)
    if expected.probabilities is not None and told.probabilities is not None:
        difference = np.abs(told.probabilities - expected.probabilities).max(axis=1)
        highest = np.sort(expected.probabilities, axis=1)
        if tolerance:
            apart &= highest[:, -1] - highest[:, -2] > TIE
        apart |= ~(difference <= tolerance)
    return _counted(form, rows, apart, difference, tolerance)


def _counted(form: str, rows: int, apart: np.ndarray, difference: np.ndarray, tolerance: float) -> Comparison:
    return Comparison(form, rows, int(apart.sum()), float(difference.max(initial=0.0)), tolerance)


def _with_room(column: pd.Series) -> Any:
    """A type of the same cells that can be empty."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return object
    return "float64" if pd.api.types.is_integer_dtype(column.dtype) else column.dtype

"""Whether a model does as well for one group of people, or of anything, as for another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.gate.judged import Judged

#: rows that a group needs: on fewer its score is chance
FEWEST_ROWS = 20
#: a numeric column with more values than this is cut into bands of equally many rows
MOST_VALUES = 10
BANDS = 4
MISSING = "(missing)"


@dataclass(frozen=True)
class Fairness:
    """The metric in each group of a column."""

    column: str
    #: group -> its score
    scores: Mapping[str, float]
    #: group -> why it has no score
    left_out: Mapping[str, str]

    @property
    def difference(self) -> float | None:
        """Between the best and the worst group; None where there are not two."""
        if len(self.scores) < 2:
            return None
        return max(self.scores.values()) - min(self.scores.values())


def fairness(judged: Judged, column: str) -> Fairness | None:
    """Scores a model in each group of a column of its held-out rows.

    Args:
        judged: the model and the rows.
        column: a raw column; a numeric one with many values is cut into quarters.

    Returns:
        The scores; None where the rows have no such column.
    """
    if column not in judged.rows.X.columns:
        return None
    groups = groups_of(judged.rows.X[column])
    scores: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for group in sorted(set(groups)):
        chosen = np.flatnonzero(groups == group)
        if len(chosen) < FEWEST_ROWS:
            left_out[group] = f"{len(chosen)} rows, {FEWEST_ROWS} are needed"
            continue
        value = judged.score_of(chosen)
        if np.isfinite(value):
            scores[group] = value
        else:
            left_out[group] = "the metric is not defined for its rows"
    return Fairness(column, scores, left_out)


def groups_of(column: pd.Series) -> np.ndarray:
    """The group of each row in words, (n_rows,)."""
    is_number = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    if is_number and column.nunique() > MOST_VALUES:
        column = pd.qcut(column, BANDS, duplicates="drop", precision=3)
    return column.astype("string").fillna(MISSING).to_numpy(dtype=object)

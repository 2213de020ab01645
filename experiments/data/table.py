"""A table to learn from: raw columns, labels, kinds and fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Kind = Literal["numeric", "boolean", "categorical", "text", "date", "drop"]
TaskType = Literal["classification", "regression"]


@dataclass(frozen=True)
class Table:
    """Rows to learn from, as the person gave them."""

    #: short name for titles and the model registry: the file's stem or the sample's name
    name: str
    #: raw feature columns, (n_rows, n_columns)
    X: pd.DataFrame
    #: the person's own labels or numbers, (n_rows,), none missing
    y: pd.Series
    task: TaskType
    #: column name -> kind, in the order of the columns
    kinds: Mapping[str, Kind]
    #: SHA-256 of the content, hexadecimal; a changed cell, name or order changes it
    fingerprint: str

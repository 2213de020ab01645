"""What a model is judged by after its run: the rows that were held out from it, and which rows it has learnt from.

Both travel as artifacts of the run's task. With the held-out rows a later model is compared on equal terms, and with
the hashes of all rows it can be told whether some row would be no test for a model, because it has learnt from it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from config.errors import BadInput
from models.scoring import TaskType

#: names of the artifacts
HOLDOUT = "holdout"
SPLIT = "split"

_TARGET, _WEIGHT, _GROUP = "target", "weight", "group"
_FACTS = b"holdout"


@dataclass(frozen=True, eq=False)
class HoldoutRows:
    """Rows that a search never saw, as the person gave them."""

    #: raw columns, (n_rows, n_columns)
    X: pd.DataFrame
    #: the person's own labels or numbers, (n_rows,)
    y: pd.Series
    task: TaskType
    #: column name -> numeric, boolean, categorical, text, date or drop
    kinds: Mapping[str, str]
    #: what each row counts in the score, (n_rows,); None where all count the same
    weight: np.ndarray | None = None
    #: the group of each row as a code, (n_rows,); rows of a group depend on each other
    groups: np.ndarray | None = None
    #: whether they are the latest rows, so that each depends on those before it
    by_time: bool = False

    def __len__(self) -> int:
        return len(self.y)

    def target(self, classes: np.ndarray | None) -> np.ndarray:
        """The target as the pipeline inside a published one knows it, (n_rows,): class codes, or float64.

        Args:
            classes: the person's labels that a model knows, sorted, (n_classes,); None for regression.

        Raises:
            BadInput: a label that the model does not know.
        """
        labels = self.y.to_numpy()
        if classes is None:
            return labels.astype(np.float64)
        codes = pd.Index(classes).get_indexer(pd.Index(labels))
        if len(codes) and codes.min() < 0:
            unknown = str(labels[codes < 0][0])
            raise BadInput(f"the held-out rows have the class {unknown!r}, which the model does not know")
        return codes.astype(np.int64)

    def rows(self, chosen: np.ndarray) -> HoldoutRows:
        """Some of the rows.

        Args:
            chosen: their positions from 0, or whether each is chosen, (n_rows,).
        """
        positions = np.arange(len(self))[chosen]
        return HoldoutRows(
            self.X.iloc[positions].reset_index(drop=True),
            self.y.iloc[positions].reset_index(drop=True),
            self.task,
            self.kinds,
            None if self.weight is None else self.weight[positions],
            None if self.groups is None else self.groups[positions],
            self.by_time,
        )

    def to_parquet(self) -> bytes:
        """Content of the artifact ``holdout``."""
        names = [str(name) for name in self.X.columns]
        frame = _storable(self.X).set_axis([f"column {number}" for number in range(len(names))], axis=1)
        frame[_TARGET] = _storable(self.y.to_frame()).iloc[:, 0].to_numpy()
        for name, values in ((_WEIGHT, self.weight), (_GROUP, self.groups)):
            if values is not None:
                frame[name] = values
        facts = {
            "columns": names, "target": str(self.y.name), "task": self.task, "kinds": dict(self.kinds),
            "by_time": self.by_time,
        }  # fmt: skip
        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), _FACTS: json.dumps(facts).encode()})
        content = io.BytesIO()
        parquet.write_table(table, content, compression="zstd")
        return content.getvalue()

    @classmethod
    def from_parquet(cls, content: bytes) -> HoldoutRows:
        """The rows again.

        Raises:
            ValueError: it is no such artifact.
        """
        table = parquet.read_table(io.BytesIO(content))
        if _FACTS not in (table.schema.metadata or {}):
            raise ValueError("these are no held-out rows")
        facts = json.loads(table.schema.metadata[_FACTS])
        frame = table.to_pandas()
        columns = [f"column {number}" for number in range(len(facts["columns"]))]
        return cls(
            frame[columns].set_axis(facts["columns"], axis=1),
            frame[_TARGET].rename(facts["target"]),
            facts["task"],
            facts["kinds"],
            frame[_WEIGHT].to_numpy() if _WEIGHT in frame else None,
            frame[_GROUP].to_numpy() if _GROUP in frame else None,
            facts["by_time"],
        )


@dataclass(frozen=True, eq=False)
class Split:
    """Which rows of a table a run held out, by what the rows hold."""

    #: `row_hashes` of all rows, (n_rows,) of uint64
    hashes: np.ndarray
    #: whether each was held out, (n_rows,)
    held_out: np.ndarray

    def has_learnt_from(self, hashes: np.ndarray) -> np.ndarray:
        """Whether a row of the same content was among those that the run developed on, (n_hashes,)."""
        return np.isin(hashes, self.hashes[~self.held_out])

    def to_parquet(self) -> bytes:
        """Content of the artifact ``split``."""
        content = io.BytesIO()
        table = pa.table({"hash": self.hashes.astype(np.uint64), "held out": self.held_out.astype(bool)})
        parquet.write_table(table, content, compression="zstd")
        return content.getvalue()

    @classmethod
    def from_parquet(cls, content: bytes) -> Split:
        """The split again."""
        table = parquet.read_table(io.BytesIO(content))
        return cls(table["hash"].to_numpy(), table["held out"].to_numpy())


def row_hashes(X: pd.DataFrame, y: pd.Series) -> np.ndarray:
    """A number for what each row holds, (n_rows,) of uint64: the same for the same cells, in whatever type they came.

    Columns count by their order. Numbers are compared as floats, everything else as text.

    Args:
        X: raw columns, (n_rows, n_columns).
        y: target, (n_rows,).
    """
    cells = pd.concat([X, y], axis=1).set_axis(range(X.shape[1] + 1), axis=1)
    plain = {name: _comparable(column) for name, column in cells.items()}
    return pd.util.hash_pandas_object(pd.DataFrame(plain), index=False).to_numpy()


def _comparable(column: pd.Series) -> np.ndarray:
    """The cells in one of two types: float64, or text with None for a missing one, (n_rows,)."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype="float64", na_value=np.nan) + 0.0  # minus zero becomes zero
    codes, cells = pd.factorize(column)  # many rows, few cells
    distinct = pd.Series(cells)
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        numbers = pd.to_numeric(distinct, errors="coerce")
        if not numbers.isna().any():
            return np.append(numbers.to_numpy(dtype="float64") + 0.0, np.nan)[codes]
    texts = np.array([*distinct.astype("string"), None], dtype=object)
    return texts[codes]


def _storable(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with cells of one type a column, which is all that the format knows."""
    mixed = {
        name: column.astype("string")
        for name, column in frame.items()
        if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True).startswith("mixed")
    }
    return frame.assign(**mixed) if mixed else frame.copy()  # type: ignore[arg-type]

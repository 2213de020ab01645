"""Models in a real registry within a second each: a small table, plain estimators, what a run leaves on its task."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression

from models.catalog import RegistryModel, model_by_id
from models.evidence import HOLDOUT, SPLIT, HoldoutRows, Split, row_hashes
from models.published import classes_of, coded, publishable
from models.registry import TableFacts, packed, publish
from models.schema import input_schema

KINDS = {"clear": "numeric", "vague": "numeric", "noise": "numeric", "town": "categorical"}
N_ROWS = 400


def people(seed: int = 0, n_rows: int = N_ROWS) -> pd.DataFrame:
    """Rows whose ``target`` (no or yes) the column ``clear`` nearly tells, ``vague`` somewhat, and ``noise`` not."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=n_rows)
    return pd.DataFrame(
        {
            "clear": truth + 0.2 * random.normal(size=n_rows),
            "vague": truth + 1.5 * random.normal(size=n_rows),
            "noise": random.normal(size=n_rows),
            "town": random.choice(["Bonn", "Kiel", "Ulm"], n_rows, p=[0.5, 0.48, 0.02]),
            "target": np.where(truth > 0, "yes", "no"),
        }
    )


LAST_HALF = np.arange(N_ROWS) >= N_ROWS // 2
FIRST_HALF = ~LAST_HALF


@dataclass
class Shelf:
    """Where a test puts its models."""

    #: address of the file server
    files: str
    _names: Any = field(default_factory=itertools.count)

    def new_name(self) -> str:
        """A name that no other test uses."""
        return f"Gate {id(self)}/people{next(self._names)}"

    def put(
        self,
        name: str,
        features: Sequence[str] = ("clear",),
        *,
        estimator: Any = None,
        table: pd.DataFrame | None = None,
        held_out: np.ndarray = LAST_HALF,
        metric: str = "accuracy",
        with_evidence: bool = True,
        publish_it: bool = True,
        signing_home: Path | None = None,
        groups: np.ndarray | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> RegistryModel:
        """Trains on some columns of a table, and leaves what a run leaves; the task is completed."""
        from clearml import Task

        table = people() if table is None else table
        X, y = table.drop(columns="target"), table["target"]
        task_type = "classification" if y.dtype.kind not in "fi" else "regression"
        columns = ColumnTransformer([("kept", "passthrough", list(features))])
        learning = ~held_out
        fitted = publishable(columns, estimator or LogisticRegression(), X[learning], y[learning], task_type)
        rows = HoldoutRows(
            X[held_out].reset_index(drop=True), y[held_out].reset_index(drop=True), task_type, KINDS,
            groups=None if groups is None else groups[held_out],
        )  # fmt: skip
        task = Task.create(project_name=name.partition("/")[0], task_name="a run")
        task.mark_started()
        task.output_uri = self.files
        if with_evidence:
            with tempfile.TemporaryDirectory() as folder:
                for key, content in ((HOLDOUT, rows.to_parquet()), (SPLIT, split(table, held_out).to_parquet())):
                    path = Path(folder, f"{key}.parquet")
                    path.write_bytes(content)
                    task.upload_artifact(key, path, wait_on_upload=True)
        published = publish(
            task, packed(fitted), name=name, metric=metric, cv_score=None, holdout_score=accuracy(fitted, rows),
            table=TableFacts(len(X), X.shape[1], "0" * 64, input_schema(X, {name: KINDS[name] for name in X})),
            publish=publish_it, task_type=task_type, signing_home=signing_home, **(metadata or {}),
        )  # fmt: skip
        task.mark_completed()
        return found(published.id)


def split(table: pd.DataFrame, held_out: np.ndarray) -> Split:
    """The artifact ``split`` of a run on a table."""
    return Split(row_hashes(table.drop(columns="target"), table["target"]), held_out)


def accuracy(fitted: Any, rows: HoldoutRows) -> float:
    """Share of the rows that a classifier gets right, or what a regression scores."""
    return float(coded(fitted).score(rows.X, rows.target(classes_of(fitted))))


def found(model_id: str) -> RegistryModel:
    """A model as it is now."""
    model = model_by_id(model_id)
    assert model is not None
    return model

"""Models for tests of the service, made in a moment, with all kinds of columns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.data.columns import preprocessing
from experiments.data.kinds import detect_kinds
from models.evidence import HoldoutRows
from models.published import publishable
from models.registry import packed
from models.schema import input_schema
from models.serving.model_folder import ModelFolder
from tests.data.awkward import awkward_frame, awkward_labels

MODEL_ID = "0123456789abcdef0123456789abcdef"


class Made:
    """A fitted pipeline with what belongs to it.

    Args:
        X: raw columns.
        y: labels or numbers.
        estimator: behind the preprocessing.
        task: what ``y`` is.
    """

    def __init__(self, X: pd.DataFrame, y: pd.Series, estimator: Any = None, task: str = "classification") -> None:
        self.X, self.y, self.task = X, y, task
        self.kinds = detect_kinds(X)
        self.schema = input_schema(X, self.kinds)
        model = make_pipeline(StandardScaler(), LogisticRegression()) if estimator is None else estimator
        self.fitted = publishable(preprocessing(self.kinds, X, task), model, X, y, task)

    def holdout(self) -> HoldoutRows:
        """Some of its rows, as if they had been held out."""
        return HoldoutRows(self.X.head(60), self.y.head(60), self.task, self.kinds)

    def folder(self) -> ModelFolder:
        """A folder for workers."""
        model = SimpleNamespace(id=MODEL_ID, name="AutoML/made", input_schema=self.schema)
        return ModelFolder.make(model, packed(self.fitted), self.holdout().to_parquet())


def awkward(estimator: Any = None) -> Made:
    """A classification of every kind of column, missing cells among them."""
    return Made(awkward_frame(), awkward_labels(), estimator)


def plain_frame(rows: int = 80, seed: int = 0) -> pd.DataFrame:
    """Four columns of four kinds, nothing strange."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": random.integers(18, 80, rows).astype(float),
            "income": random.normal(40_000, 9_000, rows),
            "colour": random.choice(["red", "green", "blue"], rows),
            "member": random.random(rows) < 0.5,
        }
    )


def plain_labels(rows: int = 80, seed: int = 0) -> pd.Series:
    """Two classes, (rows,)."""
    return pd.Series(np.random.default_rng(seed + 1).choice(["no", "yes"], rows), name="answer")


def plain(estimator: Any = None) -> Made:
    """A classification of four plain columns."""
    return Made(plain_frame(), plain_labels(), estimator)

"""Small tables whose truth is known, the pipelines that learnt from them, and what a run would say of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from models.card.facts import CardFacts, Score
from models.evidence import HoldoutRows
from models.published import classes_of, coded, publishable
from models.schema import input_schema

#: as a column and as a label: it tries to leave Markdown, a table's cell, HTML, an attribute and a block of code
EVIL = "<script>alert('1')</script> | `x` **b** ![i](http://elsewhere.example/i.png) ```\n# no\u202e\"&amp;"
KINDS = {"matters": "numeric", "nothing": "numeric", EVIL: "categorical", "not used": "drop"}


@dataclass(frozen=True)
class Made:
    """A published pipeline with its held-out rows."""

    fitted: Any
    holdout: HoldoutRows
    facts: CardFacts


def frame(rows: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "matters": random.standard_normal(rows),
            "nothing": random.standard_normal(rows),
            EVIL: random.choice(["a", "b|c", EVIL], rows),
            "not used": [f"row {number}" for number in range(rows)],
        }
    )


def made(estimator: Any, X: pd.DataFrame, y: pd.Series, task: Any, metric: str, held_out: int = 120) -> Made:
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["matters", "nothing"]),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), [EVIL]),
        ]
    )
    fitted = publishable(columns, estimator, X[held_out:], y[held_out:], task)
    holdout = HoldoutRows(X[:held_out].reset_index(drop=True), y[:held_out].reset_index(drop=True), task, KINDS)
    value = float(get_scorer(metric)(coded(fitted), holdout.X, holdout.target(classes_of(fitted))))
    facts = CardFacts(
        model_name="Project/table",
        task=task,
        metric=metric,
        table="table",
        target=str(y.name),
        rows=len(X),
        development_rows=len(X) - held_out,
        fingerprint="f" * 64,
        split="some rows, drawn by chance",
        input_schema=input_schema(X, KINDS),
        cv=Score(value + 0.01, value - 0.05, value + 0.05),
        holdout=Score(value, value - 0.04, value + 0.04),
        classes={} if task == "regression" else {str(k): int(v) for k, v in y.value_counts().items()},
        optimism=0.0125,
        candidates=77,
        folds=5,
        search={"budget": "20 s", "seed": "42"},
        pipeline=f"Model({EVIL})",
        versions={"scikit-learn": "1.9.1"},
        sha256=hashlib.sha256(b"model").hexdigest(),
        model_id="a" * 32,
        task_url="http://server.example/projects/p/experiments/t",
    )
    return Made(fitted, holdout, facts)


@pytest.fixture(scope="package")
def binary() -> Made:
    X = frame(400)
    noise = np.random.default_rng(1).standard_normal(len(X))
    y = pd.Series(np.where(X["matters"] + 0.5 * noise > 0, "yes", EVIL), name=EVIL)
    return made(LogisticRegression(), X, y, "classification", "roc_auc")


@pytest.fixture(scope="package")
def many_classes() -> Made:
    X = frame(600)
    codes = np.digitize(X["matters"], [-1.2, -0.7, -0.4, -0.1, 0.1, 0.4, 0.7, 1.2, 1.7])
    return made(LogisticRegression(), X, pd.Series(codes * 10, name="group"), "classification", "accuracy", 200)


@pytest.fixture(scope="package")
def numbers() -> Made:
    X = frame(400)
    noise = np.random.default_rng(1).standard_normal(len(X))
    return made(LinearRegression(), X, (3 * X["matters"] + noise).rename("amount"), "regression", "r2")

"""What a card says beyond what the model and its held-out rows tell by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.scoring import TaskType


@dataclass(frozen=True)
class Score:
    """A score with its interval; greater is better."""

    value: float
    #: ends of its 95 % interval; None where none can be told
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CardFacts:
    """Plain values of a run; every text may hold anything, and is escaped where it is written."""

    #: of the model in the registry
    model_name: str
    task: TaskType
    #: a scikit-learn scorer's name
    metric: str
    #: of the table
    table: str
    target: str
    rows: int
    development_rows: int
    #: SHA-256 of the table's content
    fingerprint: str
    #: how rows were held out, in words: "20 % drawn by chance, the same share of each class, seed 42"
    split: str
    #: made by `models.schema.input_schema`
    input_schema: Mapping[str, Any]
    #: mean over the folds; None where there was no cross-validation
    cv: Score | None
    #: on the held-out rows; None where there were none
    holdout: Score | None
    #: label -> rows of the table; empty for regression
    classes: Mapping[str, int] = field(default_factory=dict)
    #: smallest, middle and largest target of the table; None for classification
    target_range: tuple[float, float, float] | None = None
    #: by how much the cross-validation score overstates, as the best of ``candidates``; None where it is not known
    optimism: float | None = None
    #: pipelines that it is the best of
    candidates: int = 0
    #: folds of the cross-validation
    folds: int = 0
    #: what was searched, and how: "budget" -> "600 s"; in this order
    search: Mapping[str, str] = field(default_factory=dict)
    #: the pipeline in one line
    pipeline: str = ""
    #: why this is the light baseline and no search's best; empty where it is not
    fallback: str = ""
    #: what the checks of the table found, one line each
    findings: tuple[str, ...] = ()
    #: distribution -> version
    versions: Mapping[str, str] = field(default_factory=dict)
    #: hexadecimal, of ``model.joblib``
    sha256: str = ""
    #: of ``model.joblib``
    size_bytes: int | None = None
    #: milliseconds to predict 1,000 rows, preprocessing included
    inference_ms: float | None = None
    model_id: str = ""
    task_id: str = ""
    #: the task's page
    task_url: str = ""
    #: when the model was made, as it is to be read
    created: str = ""

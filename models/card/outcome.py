"""What a model answers to its held-out rows, kept once and judged many times."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from models.evidence import HoldoutRows
from models.prediction_scorer import PredictionScorer
from models.published import classes_of, coded
from models.scoring import score_weight

#: beyond this, a score is a division by nothing: r2 of rows that are all alike
_ABSURD = 1e9


@dataclass(frozen=True, eq=False)
class Outcome:
    """Held-out rows with a model's answers."""

    holdout: HoldoutRows
    #: a scikit-learn scorer's name
    metric: str
    #: the person's labels in the order of their codes, (n_classes,); None for regression
    classes: np.ndarray | None
    #: class codes or numbers, (n_rows,)
    y: np.ndarray
    #: a row's answers: as `answers` gives them, (n_rows, n_classes) or (n_rows, 1)
    answers: np.ndarray
    #: whether answers are probabilities that the model itself gives
    has_probabilities: bool
    #: what each row counts in the score, (n_rows,); None where all count the same
    weight: np.ndarray | None

    @classmethod
    def of(cls, fitted: Any, holdout: HoldoutRows, metric: str) -> Outcome:
        """Asks a published pipeline about all held-out rows.

        Raises:
            BadInput: the rows hold a class that the model does not know.
        """
        classes = classes_of(fitted)
        return cls(
            holdout,
            metric,
            classes,
            holdout.target(classes),
            answers(fitted, holdout.X),
            hasattr(coded(fitted), "predict_proba"),
            score_weight(holdout.weight, metric),
        )

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_classes(self) -> int:
        """0 for regression."""
        return 0 if self.classes is None else len(self.classes)

    @property
    def class_names(self) -> list[str]:
        """The labels as text."""
        return [] if self.classes is None else [str(label) for label in self.classes]

    @property
    def predicted(self) -> np.ndarray:
        """Class codes or numbers, (n_rows,)."""
        return self.answers[:, 0] if self.classes is None else self.answers.argmax(axis=1)

    def score(self, rows: np.ndarray, answers: np.ndarray | None = None) -> float:
        """The metric on some of the rows; not a number where it is undefined there.

        Args:
            rows: their positions, (n_chosen,); one may be there more than once.
            answers: of these rows, (n_chosen, n_classes) or (n_chosen, 1); None for those that were kept.
        """
        kept = self.answers[rows] if answers is None else answers
        weight = None if self.weight is None else self.weight[rows]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of classes that are missing among few rows
                scorer = PredictionScorer(
                    self.metric, self.holdout.task, self.y[rows], [len(rows)], self.n_classes, weight
                )
                value = scorer.score(0, kept)
        except ValueError:
            return float("nan")
        return value if abs(value) < _ABSURD else float("nan")


def answers(fitted: Any, X: pd.DataFrame) -> np.ndarray:
    """What a published pipeline says of raw rows.

    Returns:
        Numbers of a regression, (n_rows, 1). Probabilities of a classification, (n_rows, n_classes); where there are
        none, the decision function squeezed to the same form, which keeps the order of rows and the predicted class,
        and certainties where there is not even that.
    """
    pipeline, classes = coded(fitted), classes_of(fitted)
    if classes is None:
        return np.asarray(pipeline.predict(X), dtype=np.float64).reshape(-1, 1)
    if hasattr(pipeline, "predict_proba"):
        return np.asarray(pipeline.predict_proba(X), dtype=np.float64)
    if hasattr(pipeline, "decision_function"):
        decisions = np.asarray(pipeline.decision_function(X), dtype=np.float64)
        if decisions.ndim == 1:
            positive = expit(decisions)
            return np.column_stack([1 - positive, positive])
        if decisions.shape[1] == len(classes):
            return np.asarray(softmax(decisions, axis=1))
    return np.eye(len(classes))[np.asarray(pipeline.predict(X), dtype=int)]

"""A loaded model: validated cells in, labels and probabilities out, by the compiled preprocessing where it is sound."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from models.published import classes_of, coded
from models.serving.quick_columns import Cells, NotSeparable, QuickColumns, frame_of, identical

log = logging.getLogger(__name__)


class Predictor:
    """Answers for rows with the model's own pipeline.

    Args:
        fitted: as `models.published.publishable` makes it.
        schema: the model's input schema.
    """

    def __init__(self, fitted: Any, schema: Mapping[str, Any]) -> None:
        self._fitted = fitted
        #: the person's labels, (n_classes,); None for a regression
        self.classes = classes_of(fitted)
        self.has_probabilities = self.classes is not None and hasattr(fitted, "predict_proba")
        self._quick: QuickColumns | None = None
        #: why the compiled preprocessing is not used; empty where it is
        self.why_slow = ""
        pipeline = coded(fitted)
        try:
            if not _is_known(fitted, pipeline):
                raise NotSeparable("the model is no pipeline of this project's making")
            self._columns, self._model = pipeline.steps[0][1], pipeline.steps[1][1]
            self._quick = QuickColumns(self._columns, schema)
        except (NotSeparable, KeyError, ValueError, AttributeError) as error:
            self.why_slow = str(error)

    @property
    def is_quick(self) -> bool:
        """Whether the compiled preprocessing answers."""
        return self._quick is not None

    def check(self, cells: Cells) -> None:
        """Compares the compiled preprocessing with the fitted one, and gives it up where a bit differs.

        Args:
            cells: of rows, validated.
        """
        if self._quick is None:
            return
        frame = frame_of(cells)
        try:
            same = identical(self._quick.transform(cells), np.asarray(self._columns.transform(frame)))
        except Exception as error:  # of any kind: then it is not used
            same, self.why_slow = False, f"{type(error).__name__}: {error}"
        if not same:
            self._quick = None
            self.why_slow = self.why_slow or "its numbers differ from those of the fitted preprocessing"

    def predict(self, cells: Cells) -> tuple[list[Any], list[list[float]] | None]:
        """The answers for rows.

        Args:
            cells: validated; at least one row.

        Returns:
            Labels or numbers, (n_rows,), and probabilities, (n_rows, n_classes), None where the model knows none.
        """
        if self._quick is not None:
            return self._answers(self._model, self._quick.transform(cells))
        return self._answers(self._fitted, frame_of(cells))

    def _answers(self, model: Any, X: Any) -> tuple[list[Any], list[list[float]] | None]:
        if self.classes is None:
            return np.asarray(model.predict(X), dtype=np.float64).ravel().tolist(), None
        if self.has_probabilities:
            # the vote of one voter: the most probable class
            probabilities = np.asarray(model.predict_proba(X))
            return self.classes[probabilities.argmax(axis=1)].tolist(), probabilities.tolist()
        labels = np.asarray(model.predict(X))
        return (labels if model is self._fitted else self.classes[labels]).tolist(), None


def _is_known(fitted: Any, pipeline: Any) -> bool:
    return (
        isinstance(pipeline, Pipeline)
        and [name for name, _ in pipeline.steps] == ["columns", "model"]
        and (not isinstance(fitted, VotingClassifier) or len(fitted.estimators_) == 1)
    )


def with_one_thread(model: Any) -> Any:
    """A fitted model that computes in the thread that calls it: threads cost more than they bring for a few rows.

    It is also what keeps sums in one order, so that the same row gets the same answer, to the last bit.
    """
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        elif hasattr(one, "get_params") or hasattr(one, "graph"):
            if isinstance(getattr(one, "n_jobs", None), int):
                one.n_jobs = 1
            waiting += vars(one).values()
        elif type(one).__name__ == "DiGraph":  # a TPOT graph holds its estimators as attributes of its nodes
            waiting += [attributes for _, attributes in one.nodes(data=True)]
    return model

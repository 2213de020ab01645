"""What a contender is given and what it hands in.

This runs in every contender's environment, and imports no more than all of them have: numpy, pandas, scikit-learn. A
contender's standard output carries two lines to the driver, when its fit begins and when it ends; whatever its
libraries print goes to standard error. It is given the hold-out rows without their target, and hands in predictions.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

ASSIGNMENT = "assignment.json"
ANSWER = "answer.json"
#: features and target of the development rows
DEVELOPMENT = "development.parquet"
#: features of the hold-out rows
HOLDOUT = "holdout.parquet"
#: both as numbers, for a contender that takes nothing else
NUMBERS = "numbers.npz"
BEGAN, ENDED = "began", "ended"


@dataclass
class Answer:
    """What a contender tells of its fit; its predictions are files beside it."""

    #: name and version
    library: str
    #: of the best model by the contender's own cross-validation on the common folds; None where it has none
    cv_score: float | None = None
    #: pipelines tried, and those of them that worked; None where the contender does not say
    evaluations: int | None = None
    valid: int | None = None
    #: seconds since the fit began, and the best score on the common folds from then on
    trajectory: list[tuple[float, float]] = field(default_factory=list)
    #: whatever else a reader of the results should know
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """One table, one seed, one budget."""

    #: holds the files above, and may be written into
    folder: Path
    target: str
    task: str
    #: a scikit-learn scorer's name
    metric: str
    seed: int
    #: wall clock, in seconds
    budget: float
    #: of cross-validation
    folds: int
    #: cores, and worker processes or threads
    workers: int

    @classmethod
    def given(cls) -> Assignment:
        """The one in the folder that the command line names."""
        folder = Path(sys.argv[1])
        return cls(folder, **json.loads((folder / ASSIGNMENT).read_text(encoding="utf-8")))

    def development(self) -> tuple[pd.DataFrame, pd.Series]:
        """Raw columns, and the target: class codes from 0, or numbers."""
        frame = pd.read_parquet(self.folder / DEVELOPMENT)
        return frame.drop(columns=self.target), frame[self.target]

    def holdout(self) -> pd.DataFrame:
        """Raw columns."""
        return pd.read_parquet(self.folder / HOLDOUT)

    def splitter(self) -> KFold | StratifiedKFold:
        """The folds that this project's search uses, for a contender that can be given some."""
        kind = KFold if self.task == "regression" else StratifiedKFold
        return kind(self.folds, shuffle=True, random_state=self.seed)

    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """Development and hold-out rows after a preprocessing that was fitted on the development rows."""
        with np.load(self.folder / NUMBERS) as arrays:
            return arrays["development"], arrays["holdout"]

    @contextmanager
    def clock(self) -> Iterator[float]:
        """Tells the driver when the fit begins and when it has ended.

        Yields:
            When it began, on `time.monotonic`'s clock.
        """
        sys.stdout.flush()
        with os.fdopen(os.dup(1), "w", buffering=1) as driver:
            os.dup2(2, 1)
            began = time.monotonic()
            print(BEGAN, began, file=driver)
            try:
                yield began
            finally:
                print(ENDED, time.monotonic(), file=driver)

    def hand_in_predictions(self, name: str, model: Any, X: Any) -> None:
        """Writes what a fitted model says of the hold-out rows: ``single`` or ``ensemble``."""
        said = {"labels": np.asarray(model.predict(X))}
        for response in ("predict_proba", "decision_function"):
            if self.task == "classification" and hasattr(model, response):
                said[response] = np.asarray(getattr(model, response)(X))
        np.savez(self.folder / f"{name}.npz", **said)

    def hand_in(self, answer: Answer) -> None:
        """Writes the answer; the last thing that a contender does."""
        (self.folder / ANSWER).write_text(json.dumps(asdict(answer)), encoding="utf-8")

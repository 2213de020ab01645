"""The training profile: what a model's rows and predictions looked like, as counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from config.errors import BadInput
from models.drift.categories import Categories
from models.drift.cells import texts
from models.drift.column_profile import MEASURES, ColumnProfile

#: Name of the artifact of a run that holds its model's profile.
ARTIFACT = "training_profile"
SCHEMA_VERSION = 1
#: Rows that are profiled at most, drawn with a fixed seed: by chance alone the share of a tenth is off by 0.2 points.
ROWS = 20_000
#: Rows whose categories are counted at most: more than `ROWS`, lest rare ones be taken for new later.
CATEGORY_ROWS = 50_000
#: Names of what is counted of predictions.
PREDICTION = "prediction"
CONFIDENCE = "confidence"


@dataclass(frozen=True)
class Profile:
    """Columns and predictions of a model, with the counts that drift is measured against."""

    #: rows that the model learnt from
    rows: int
    task: Literal["classification", "regression"]
    columns: tuple[ColumnProfile, ...]
    #: of rows that the model had not seen: `PREDICTION`, and `CONFIDENCE`, the probability of the predicted class,
    #: where the model knows it
    predictions: tuple[ColumnProfile, ...]

    def __iter__(self) -> Iterator[ColumnProfile]:
        """The columns, then the predictions."""
        yield from self.columns
        yield from self.predictions

    def __getitem__(self, position: int) -> ColumnProfile:
        """By its position in that order."""
        columns = len(self.columns)
        return self.columns[position] if position < columns else self.predictions[position - columns]

    def as_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "rows": self.rows,
            "task": self.task,
            "columns": [column.as_json() for column in self.columns],
            "predictions": [column.as_json() for column in self.predictions],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Profile:
        """What `as_json` gave.

        Raises:
            BadInput: it is of a later version, or no profile.
        """
        try:
            version = int(told["schema_version"])
            if version > SCHEMA_VERSION:
                raise BadInput(
                    f"the training profile is of version {version}, this program reads {SCHEMA_VERSION}; update it"
                )
            return cls(
                int(told["rows"]),
                told["task"],
                tuple(map(ColumnProfile.from_json, told["columns"])),
                tuple(map(ColumnProfile.from_json, told["predictions"])),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"the training profile cannot be read: {type(error).__name__} {error}") from None


def training_profile(
    X: pd.DataFrame,
    kinds: Mapping[str, str],
    predictions: np.ndarray | None,
    task: Literal["classification", "regression"],
    classes: Sequence[Any] | np.ndarray | None = None,
) -> dict[str, Any]:
    """Counts what a model learnt from, ready for JSON; `docs/drift.md` describes it.

    Numbers and dates are counted by at most 10 quantile bins, categories by name, texts by their characters and words.
    Of more than `ROWS` rows a seeded sample is counted, of categories up to `CATEGORY_ROWS`.

    Args:
        X: raw columns of the development rows, (n_rows, n_columns).
        kinds: column name -> kind; columns of kind ``drop`` are left out.
        predictions: for rows that the model has not seen, such as the hold-out: numbers, (n_holdout,); or the labels,
            (n_holdout,), or better the probabilities, (n_holdout, n_classes). None where there are no such rows.
        task: what is predicted.
        classes: the labels, in the order of the probabilities, (n_classes,); None for regression.
    """
    rows = len(X)
    few, many = _sample(rows, ROWS), _sample(rows, CATEGORY_ROWS)
    columns = tuple(
        ColumnProfile.of(str(name), kinds[name], X[name].iloc[many if "category" in MEASURES[kinds[name]] else few])
        for name in X.columns
        if kinds[name] in MEASURES
    )
    seen = () if predictions is None or not len(predictions) else _predicted(np.asarray(predictions), task, classes)
    return Profile(rows, task, columns, tuple(seen)).as_json()


def class_name(label: Any) -> str:
    """A label as the text by which it is counted."""
    return str(label.item() if isinstance(label, np.generic) else label)


def _sample(rows: int, at_most: int) -> slice | np.ndarray:
    """Positions of rows."""
    return slice(None) if rows <= at_most else np.sort(np.random.default_rng(0).choice(rows, at_most, replace=False))


def _predicted(
    predictions: np.ndarray, task: str, classes: Sequence[Any] | np.ndarray | None
) -> Iterator[ColumnProfile]:
    if task == "regression":
        yield ColumnProfile.of(PREDICTION, "numeric", predictions.ravel())
        return
    if predictions.ndim == 2 and classes is not None:
        labels, confidence = np.asarray(classes)[predictions.argmax(axis=1)], predictions.max(axis=1)
    else:
        labels, confidence = predictions.ravel(), None
    read = texts([class_name(label) for label in labels])
    # a class that is never predicted is no new category when it is
    categories = Categories.of(read, also=[class_name(label) for label in (() if classes is None else classes)])
    yield ColumnProfile(PREDICTION, "class", len(labels), 0, {"category": categories})
    if confidence is not None:
        yield ColumnProfile.of(CONFIDENCE, "numeric", confidence)

"""Labels of a classification as the codes 0 to n - 1 that every estimator takes, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Labels:
    """The classes of a target, in the order of their codes."""

    #: the person's own labels, sorted, (n_classes,)
    classes: np.ndarray

    @classmethod
    def of(cls, y: Iterable[Any]) -> Labels:
        """The classes that occur in ``y``, (n_rows,), sorted as scikit-learn sorts them."""
        return cls(np.unique(np.asarray(y)))

    def encode(self, y: Iterable[Any]) -> np.ndarray:
        """Codes of labels, (n_rows,) of int64.

        Raises:
            ValueError: a label that is none of the classes.
        """
        labels = np.asarray(y)
        if not len(labels):
            return np.empty(0, dtype=np.int64)
        codes = np.minimum(np.searchsorted(self.classes, labels), len(self.classes) - 1)
        unknown = self.classes[codes] != labels
        if unknown.any():
            raise ValueError(f"label {str(labels[unknown][0])!r} is none of the classes {self.classes.tolist()}")
        return codes.astype(np.int64)

    def decode(self, codes: Iterable[int]) -> np.ndarray:
        """Labels of codes, (n_rows,), in the type of the person's own."""
        return self.classes[np.asarray(codes, dtype=np.int64)]

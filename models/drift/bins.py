"""Numbers counted by bins whose edges are quantiles of the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

#: Bins at most: deciles, as the population stability index is usually taken (Siddiqi 2006, Credit Risk Scorecards).
BINS = 10
#: Training values a bin at least, so that its share is known to some extent.
VALUES_A_BIN = 10


@dataclass(frozen=True)
class Bins:
    """Edges between bins; the first and the last bin are open, so that every number falls into one of them."""

    #: between bins, rising, (n_bins - 1,); a number equal to an edge is below it
    edges: tuple[float, ...]
    #: smallest and largest training value
    minimum: float
    maximum: float
    #: the tally of the training rows, (size,), int64
    training: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, bins: int = BINS) -> Bins:
        """Bins that hold about equally many of the values; one each, where there are few distinct ones.

        Args:
            values: of the training rows, (n_rows,), NaN where a cell is missing.
            bins: at most; fewer where there are few values.
        """
        ordered = np.sort(values[~np.isnan(values)])
        if not len(ordered):
            return cls((), 0.0, 0.0, np.zeros(3, np.int64))
        distinct = ordered[np.r_[True, ordered[1:] != ordered[:-1]]]
        bins = max(2, min(bins, len(ordered) // VALUES_A_BIN))
        if len(distinct) <= bins:
            ends = np.arange(len(distinct) - 1)
        else:
            quantiles = ordered[np.ceil(np.arange(1, bins) / bins * len(ordered)).astype(int) - 1]
            ends = np.unique(np.searchsorted(distinct, quantiles))
            ends = ends[ends < len(distinct) - 1]
        # midway to the next value: 0.1 + 0.2 falls into the bin of 0.3
        edges = distinct[ends] / 2 + distinct[ends + 1] / 2
        bare = cls(tuple(edges.tolist()), float(ordered[0]), float(ordered[-1]), np.empty(0, np.int64))
        return replace(bare, training=bare.tally(ordered))

    @property
    def n_cells(self) -> int:
        """Number of bins."""
        return len(self.edges) + 1

    @property
    def size(self) -> int:
        """Length of a tally: the bins, then what is below the minimum, then what is above the maximum."""
        return self.n_cells + 2

    def tally(self, values: np.ndarray) -> np.ndarray:
        """Counts of some values: of each bin, below the minimum, above the maximum; NaN is left out; (size,), int64."""
        values = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(self.edges, values, side="left"), minlength=self.n_cells)
        return np.r_[counts, np.sum(values < self.minimum), np.sum(values > self.maximum)].astype(np.int64)

    def cells(self, tally: np.ndarray) -> np.ndarray:
        """The counts of a tally that add up to the number of values, (n_cells,)."""
        return tally[: self.n_cells]

    def as_json(self) -> dict[str, Any]:
        """For `from_json`."""
        return {
            "edges": list(self.edges),
            "minimum": self.minimum,
            "maximum": self.maximum,
            "counts": self.cells(self.training).tolist(),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Bins:
        """What `as_json` gave."""
        training = np.array([*told["counts"], 0, 0], np.int64)  # none is beyond its own minimum
        return cls(tuple(map(float, told["edges"])), float(told["minimum"]), float(told["maximum"]), training)

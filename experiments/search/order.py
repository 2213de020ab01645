"""What a worker is asked to do: an estimator, and how far it is worth going with it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import cloudpickle  # type: ignore[import-untyped]

from experiments.search.early_drop import NO_BARS, Bars


class Packed(NamedTuple):
    """A task as it travels to a sandbox, which calls it with what it has learnt and gets a `Verdict` from it."""

    #: by cloudpickle
    task: bytes
    #: wall clock, instead of the sandbox's own limit
    seconds: float | None = None


@dataclass(frozen=True)
class Order:
    """One evaluation. It is small: the bare estimator, never the search space."""

    #: by which the result is known; not in use by another evaluation
    number: int
    #: unfitted
    estimator: Any
    #: where it stays below one of them, it is dropped
    bars: Bars = NO_BARS
    #: scores of the first looks, which are known already
    known: tuple[float, ...] = ()
    #: wall clock, instead of the pool's limit
    seconds: float | None = None
    #: whether out-of-fold predictions are wanted
    predictions: bool = False

    def packed(self) -> Packed:
        """As it travels."""
        from experiments.search.evaluation import evaluate  # it imports TPOT, which those who only pass orders on don't

        task = functools.partial(
            evaluate,
            estimator=self.estimator,
            bars=self.bars,
            known=self.known,
            keep_predictions=self.predictions,
        )
        return Packed(cloudpickle.dumps(task), self.seconds)

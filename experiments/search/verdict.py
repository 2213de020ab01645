"""How an evaluation ended, as the evaluating process tells its owner. Imports nothing heavy: owners need only this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from experiments.search.events import Measures, Outcome


@dataclass(frozen=True)
class Verdict:
    """How an evaluation ended."""

    #: None: cancelled by the owner
    outcome: Outcome | None
    #: why it is not valid, in one line; empty where it is
    cause: str = ""
    #: score of each look that was taken, in order: the first look at fewer rows, where there is one, then the folds
    looks: tuple[float, ...] = ()
    #: of the pipeline fitted last; None unless valid or dropped
    measures: Measures | None = None
    #: out-of-fold predictions, the folds' test parts one after the other; None where they were not wanted
    predictions: Any = field(default=None, repr=False, compare=False)
    #: of a task that is no evaluation
    answer: Any = field(default=None, repr=False, compare=False)
    #: from the fork to the end
    seconds: float = 0.0

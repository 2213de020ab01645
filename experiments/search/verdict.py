"""How an evaluation ended, as the evaluating process tells its owner. Imports nothing heavy: owners need only this."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.search.events import Outcome


@dataclass(frozen=True)
class Verdict:
    """How an evaluation ended."""

    #: None: cancelled by the owner
    outcome: Outcome | None
    #: why it is not valid, in one line; empty where it is
    cause: str = ""
    fold_scores: tuple[float, ...] = ()
    complexity: float | None = None
    #: from the fork to the end
    seconds: float = 0.0

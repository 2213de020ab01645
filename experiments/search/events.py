"""What a search tells while it runs: one record per evaluation, per generation, and at the end.

Tracking, the terminal and a notebook consume the same events; the search knows none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

#: ``dropped``: it works, and was left after its first folds because it could not reach the front
Outcome = Literal["valid", "dropped", "invalid", "timeout", "memory", "crashed"]
Reason = Literal["generations", "time", "early stop", "stopped"]
Variation = Literal["portfolio", "random", "mutation", "crossover"]


@dataclass(frozen=True)
class Measures:
    """What a fitted pipeline costs; smaller is better in all of them."""

    #: TPOT's: learned parameters of predictors, plus one for each transformer
    complexity: float
    #: milliseconds to predict 1,000 rows; it differs from run to run
    inference_ms: float = 0.0
    #: of the pickled pipeline, in kilobytes
    size_kb: float = 0.0


@dataclass(frozen=True)
class Evaluation:
    """One individual and what came of evaluating it."""

    #: order of submission, from 0
    number: int
    generation: int
    #: canonical one-line text of the unfitted estimator; equal for equivalent pipelines
    pipeline: str
    #: the unfitted estimator that follows the preprocessing
    estimator: Any = field(repr=False, compare=False)
    outcome: Outcome
    #: why the outcome is not ``valid``, in one line; empty where it is
    cause: str
    #: mean over the folds by the scorer's convention (greater is better); None unless valid
    score: float | None
    #: of the folds that were looked at: all of them where it is valid
    fold_scores: tuple[float, ...]
    #: None unless valid or dropped
    measures: Measures | None
    #: compute time on the worker, in seconds; also of a reused one, which cost this run nothing
    seconds: float
    worker: str
    #: numbers of the individuals that it was varied from
    parents: tuple[int, ...]
    variation: Variation
    #: score of the first look at fewer rows; None where there was none
    first_look: float | None = None
    #: taken over from an earlier run, or from this one before it was interrupted
    reused: bool = False

    @property
    def complexity(self) -> float | None:
        """TPOT's complexity of the fitted pipeline (smaller is better); None unless valid or dropped."""
        return self.measures.complexity if self.measures else None


@dataclass(frozen=True)
class Evaluated:
    """An evaluation has ended."""

    evaluation: Evaluation
    #: seconds since the search began
    spent_seconds: float


@dataclass(frozen=True)
class Generation:
    """A generation is complete; the numbers are of the whole run so far unless said otherwise."""

    number: int
    #: best score so far; None while nothing was valid
    best_score: float | None
    #: mean score of this generation's valid individuals
    mean_score: float | None
    evaluations: int
    #: share of valid and dropped among the evaluated, from 0 to 1
    valid_share: float
    #: of this generation
    evaluations_per_second: float
    #: evaluations none of which is dominated in the objectives, by falling score
    front: tuple[Evaluation, ...]
    #: valid evaluations by falling score, at most 100
    leaderboard: tuple[Evaluation, ...]
    #: every valid evaluation so far, for the dominated points of a plot
    valid: tuple[Evaluation, ...] = field(repr=False)
    #: cause -> (how often, seconds spent on it)
    failures: Mapping[str, tuple[int, float]]
    workers: int
    #: compute seconds over workers times wall seconds, of this generation, from 0 to 1
    utilisation: float
    #: evaluations that were sent again because a worker was lost
    retried: int
    #: seconds since the search began
    spent_seconds: float
    #: of the evaluations, those that were left after their first folds
    dropped: int = 0
    #: of the evaluations, those that cost this run nothing
    reused: int = 0
    #: this run's share of what the pool computes for all runs at this time, from 0 to 1
    share: float = 1.0


@dataclass(frozen=True)
class Finished:
    """The search has ended; always the last event."""

    #: why: its generations are done, its time is spent, nothing better was found for `early_stop` generations, or a
    #: person stopped it
    reason: Reason
    generations: int
    #: every evaluation, in order of submission
    evaluations: tuple[Evaluation, ...] = field(repr=False)
    front: tuple[Evaluation, ...]
    #: valid evaluations by falling score, the winner first; empty where nothing was valid
    leaderboard: tuple[Evaluation, ...]
    failures: Mapping[str, tuple[int, float]]
    retried: int
    spent_seconds: float
    #: compute seconds over workers times wall seconds of the search, what was ended at its end included, from 0 to 1
    utilisation: float = 0.0
    #: of it, compute seconds that were ended with the search and came to nothing
    abandoned_seconds: float = 0.0


Event = Evaluated | Generation | Finished

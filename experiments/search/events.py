"""What a search tells while it runs: one record per evaluation, per generation, and at the end.

Tracking, the terminal and a notebook consume the same events; the search knows none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["valid", "invalid", "timeout", "memory", "crashed"]
Variation = Literal["portfolio", "random", "mutation", "crossover"]


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
    fold_scores: tuple[float, ...]
    #: TPOT's complexity of the fitted pipeline (smaller is better); None unless valid
    complexity: float | None
    #: compute time on the worker, in seconds
    seconds: float
    worker: str
    #: numbers of the individuals that it was varied from
    parents: tuple[int, ...]
    variation: Variation


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
    #: share of valid among the evaluated, from 0 to 1
    valid_share: float
    #: of this generation
    evaluations_per_second: float
    #: evaluations none of which is dominated in (score, complexity), by falling score
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


@dataclass(frozen=True)
class Finished:
    """The search has ended; always the last event."""

    #: why: its generations are done, its time is spent, or a person stopped it
    reason: Literal["generations", "time", "stopped"]
    generations: int
    #: every evaluation, in order of submission
    evaluations: tuple[Evaluation, ...] = field(repr=False)
    front: tuple[Evaluation, ...]
    #: valid evaluations by falling score, the winner first; empty where nothing was valid
    leaderboard: tuple[Evaluation, ...]
    failures: Mapping[str, tuple[int, float]]
    retried: int
    spent_seconds: float


Event = Evaluated | Generation | Finished

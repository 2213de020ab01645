"""Two models on the same rows: how much better one is, and between which ends that lies.

A paired bootstrap (B. Efron, The Annals of Statistics 7, 1979, doi:10.1214/aos/1176344552; for two systems on the same
items see P. Koehn, EMNLP 2004, aclanthology.org/W04-3250): rows are drawn with replacement, both models are scored on
the same drawn rows, and the difference is kept. What makes rows hard for both cancels out. Groups are drawn as wholes.
Rows in the order of time are drawn as runs (Politis and Romano's circular blocks, 1992).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.evidence import HoldoutRows
from models.gate.judged import Judged
from models.holdout_interval import FEWEST_DRAWS, SHARE

DRAWS = 1000
SECONDS = 20.0  # for the draws, at most
#: rows that a comparison needs: on fewer, an interval by drawing them anew is too narrow
FEWEST_ROWS = 30
#: groups that a comparison needs where rows come in groups
FEWEST_GROUPS = 10

Drawn = Literal["rows", "groups", "blocks"]


class TooFewDraws(Exception):
    """There was no time for enough draws, or the metric is not defined for enough of them; which, in words."""


@dataclass(frozen=True)
class Comparison:
    """How a challenger and a champion do on the same rows."""

    #: a scikit-learn scorer's name; greater is better
    metric: str
    challenger_score: float
    champion_score: float
    #: 95 % interval of the difference
    low: float
    high: float
    #: rows that neither has learnt from
    rows: int
    #: rows left out because the champion has learnt from them
    left_out: int
    #: how often rows were drawn
    draws: int
    #: what was drawn as a whole
    drawn: Drawn
    #: the drawn differences in steps of 2.5 %, for the plot, (41,)
    quantiles: tuple[float, ...] = ()

    @property
    def difference(self) -> float:
        """Challenger minus champion."""
        return self.challenger_score - self.champion_score

    @property
    def is_better(self) -> bool:
        """Whether the challenger is better beyond the interval."""
        return self.low > 0


def compare(
    challenger: Judged,
    champion: Judged,
    metric: str,
    left_out: int = 0,
    *,
    seed: int = 0,
    deadline: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Comparison:
    """Compares two models that were asked about the same rows.

    Args:
        challenger: one.
        champion: the other; of the same rows.
        metric: a scikit-learn scorer's name.
        left_out: rows that were left out before.
        seed: of the draws.
        deadline: on the clock; the draws end there, or after `SECONDS`.
        clock: seconds.

    Raises:
        TooFewDraws: no interval can be told.
    """
    if not (math.isfinite(challenger.score) and math.isfinite(champion.score)):
        raise TooFewDraws(f"{metric} is not defined for the rows that are left")
    rows = challenger.rows
    draw, kind = drawer(rows)
    random = np.random.default_rng(seed)
    deadline = min(deadline, clock() + SECONDS)
    differences: list[float] = []
    drawn = 0
    while drawn < DRAWS and clock() < deadline:
        chosen = draw(random)
        difference = challenger.score_of(chosen) - champion.score_of(chosen)
        drawn += 1
        if np.isfinite(difference):  # a class may be missing among the drawn rows
            differences.append(difference)
    if len(differences) < FEWEST_DRAWS:
        why = "there was no time for more" if drawn < DRAWS else f"{metric} is not defined for the others"
        raise TooFewDraws(f"{len(differences)} of {drawn} draws gave a difference, {FEWEST_DRAWS} are needed; {why}")
    low, high = np.quantile(differences, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return Comparison(
        metric, challenger.score, champion.score, float(low), float(high), len(rows), left_out, drawn, kind,
        tuple(float(value) for value in np.quantile(differences, np.linspace(0, 1, 41))),
    )  # fmt: skip


def drawer(rows: HoldoutRows) -> tuple[Callable[[np.random.Generator], np.ndarray], Drawn]:
    """What draws positions of rows, and what it draws as a whole."""
    n_rows = len(rows)
    if rows.groups is not None:
        names, group = np.unique(rows.groups, return_inverse=True)

        def draw_groups(random: np.random.Generator) -> np.ndarray:
            counts = np.bincount(random.integers(0, len(names), len(names)), minlength=len(names))
            return np.repeat(np.arange(n_rows), counts[group])

        return draw_groups, "groups"
    if rows.by_time:
        length = math.ceil(n_rows ** (1 / 3))  # the order that Künsch's moving blocks want, 1989
        offsets = np.arange(length)

        def draw_blocks(random: np.random.Generator) -> np.ndarray:
            begins = random.integers(0, n_rows, math.ceil(n_rows / length))
            return ((begins[:, None] + offsets) % n_rows).ravel()[:n_rows]

        return draw_blocks, "blocks"
    return lambda random: random.integers(0, n_rows, n_rows), "rows"


def too_few(rows: HoldoutRows) -> str:
    """Why rows are too few to compare models by, in words; empty where they are enough."""
    if len(rows) < FEWEST_ROWS:
        return f"{len(rows)} held-out rows are left that neither model has learnt from, {FEWEST_ROWS} are needed"
    groups = FEWEST_GROUPS if rows.groups is None else len(np.unique(rows.groups))
    if groups < FEWEST_GROUPS:
        return f"the held-out rows come in {groups} groups, {FEWEST_GROUPS} are needed"
    return ""

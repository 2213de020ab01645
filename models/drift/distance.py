"""How far counts are from other counts, and whether chance explains it; `docs/drift.md` has the formulas.

All functions take two vectors of counts over the same cells, (n_cells,): `then`, of training, and `now`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, gammaln

#: Added to every cell, so that an empty one leaves the logarithm finite: Jeffreys' prior for shares.
SMOOTHING = 0.5
#: Rows that chance would put into a cell at least; cells with fewer are tested together (Cochran 1954).
EXPECTED_ROWS = 5.0


def psi(then: np.ndarray, now: np.ndarray) -> float:
    """The population stability index, from 0 on: the sum of (q - p) ln(q / p) over shares p of then and q of now.

    Also known as Jeffreys' divergence. By convention (Siddiqi 2006, Credit Risk Scorecards) below 0.1 is no change to
    speak of, from 0.25 on a large one.
    """
    then, now = _seen(then, now)
    p, q = ((each + SMOOTHING) / (each.sum() + SMOOTHING * len(each)) for each in (then, now))
    return float(np.sum((q - p) * np.log(q / p)))


def psi_by_chance(then: np.ndarray, now: np.ndarray) -> float:
    """The index to expect where nothing has changed, only because so few rows were counted.

    Then the index divided by 1/n + 1/m is about chi-square with n_cells - 1 degrees of freedom, whose mean that number
    is (Yurdakul 2018, Statistical Properties of Population Stability Index).
    """
    then, now = _seen(then, now)
    if not (then.sum() and now.sum()):
        return 0.0
    return float((len(then) - 1) * (1.0 / then.sum() + 1.0 / now.sum()))


def ks(then: np.ndarray, now: np.ndarray) -> float:
    """The Kolmogorov-Smirnov distance at the edges of the bins, from 0 to 1; the cells are in their order.

    It is at most the distance of the numbers themselves, which were not kept.
    """
    if not (then.sum() and now.sum()):
        return 0.0
    return float(np.max(np.abs(np.cumsum(then) / then.sum() - np.cumsum(now) / now.sum())))


def homogeneity_p(then: np.ndarray, now: np.ndarray) -> float:
    """How likely counts differ at least so much where nothing has changed: Pearson's chi-square of two samples.

    Cells are put together, by both samples, until each expects `EXPECTED_ROWS` in the smaller one.
    """
    then, now = _seen(then, now)
    n_then, n_now = then.sum(), now.sum()
    if not (n_then and n_now):
        return 1.0
    both = then + now
    order = np.argsort(-both, kind="stable")
    expected = both[order] * min(n_then, n_now) / (n_then + n_now)
    enough = int(np.sum(expected >= EXPECTED_ROWS))  # the first ones
    if enough < len(order) and expected[enough:].sum() < EXPECTED_ROWS:
        enough -= 1  # what is left is too little for a cell of its own
    if enough < 1:
        return 1.0
    starts = np.arange(min(enough + 1, len(order)))
    then, now = (np.add.reduceat(each[order], starts).astype(np.float64) for each in (then, now))
    both = then + now
    statistic = sum(
        np.sum((each - both * total / (n_then + n_now)) ** 2 / (both * total / (n_then + n_now)))
        for each, total in ((then, n_then), (now, n_now))
    )
    return float(chdtrc(len(both) - 1, statistic)) if len(both) > 1 else 1.0


def share_p(hits_then: int, rows_then: int, hits_now: int, rows_now: int, *, only_more: bool = False) -> float:
    """How likely two shares differ at least so much where nothing has changed: Fisher's exact test.

    Args:
        hits_then: rows of training that the share is of.
        rows_then: all rows of training.
        hits_now: the same now.
        rows_now: all rows now.
        only_more: whether only a greater share counts as a change.
    """
    if not (rows_then and rows_now):
        return 1.0
    hits, rows = hits_then + hits_now, rows_then + rows_now
    more = _hypergeometric_tail(hits, rows, rows_now, hits_now)
    if only_more:
        return more
    # as many hits or fewer: as many misses or more
    fewer = _hypergeometric_tail(rows - hits, rows, rows_now, rows_now - hits_now)
    return min(1.0, 2.0 * min(more, fewer))


def _hypergeometric_tail(hits: int, rows: int, drawn: int, at_least: int) -> float:
    """The chance of at least so many hits among rows that are drawn at random from all.

    What `scipy.stats.hypergeom.sf` gives, whose import would cost a service half a second.
    """
    mean = drawn * hits / rows
    spread = np.sqrt(mean * (1 - hits / rows) * (rows - drawn) / max(1, rows - 1))
    first, last = max(at_least, drawn + hits - rows, 0), min(hits, drawn)
    # farther than so from the mean there is nothing to add up in 64-bit numbers
    k = np.arange(max(first, int(mean - 40 * spread) - 50), min(last, int(max(mean, first) + 40 * spread) + 50) + 1)

    def ways(of: float, number: np.ndarray) -> np.ndarray:
        return gammaln(of + 1) - gammaln(number + 1) - gammaln(of - number + 1)

    chances = np.exp(ways(hits, k) + ways(rows - hits, drawn - k) - ways(rows, np.asarray(drawn)))
    return float(min(1.0, chances.sum()))


def false_discovery_q(p_values: Sequence[float]) -> np.ndarray:
    """The least false discovery rate at which each of several tests counts as found (Benjamini and Hochberg 1995).

    Args:
        p_values: of all tests, (n_tests,).

    Returns:
        (n_tests,), from 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not len(p):
        return p
    falling = np.argsort(-p, kind="stable")
    steps = p[falling] * len(p) / np.arange(len(p), 0, -1)
    q = np.empty_like(p)
    q[falling] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return q


def _seen(then: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Without the cells that nothing fell into, which say nothing; at least one is left."""
    seen = (then + now) > 0
    if not seen.any():
        return then[:1], now[:1]
    return then[seen], now[seen]

"""Intervals by drawing rows with replacement, as long as there is time.

The percentile bootstrap (B. Efron, The Annals of Statistics 7, 1979, doi:10.1214/aos/1176344552).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")

#: share of the draws that lie within an interval
SHARE = 0.95
DRAWS = 200
#: the ends of an interval of fewer draws are a matter of chance
FEWEST_DRAWS = 40


def drawn(rows: np.ndarray, groups: np.ndarray | None, random: np.random.Generator) -> np.ndarray:
    """Some rows drawn anew, as many as there are; rows of a group come together, about as many.

    Args:
        rows: positions, (n_rows,).
        groups: of all rows, as codes; None where rows do not depend on each other.
        random: draws.
    """
    if groups is None:
        return rows[random.integers(0, len(rows), len(rows))]
    _, member = np.unique(groups[rows], return_inverse=True)
    n_groups = int(member.max()) + 1
    counts = np.bincount(random.integers(0, n_groups, n_groups), minlength=n_groups)
    return np.repeat(rows, counts[member])


def repeated(draw: Callable[[int], Result], deadline: float | None, clock: Callable[[], float]) -> list[Result]:
    """What each of many draws gives, as far as the time goes.

    Args:
        draw: makes the draw of a number from 0.
        deadline: on the clock; None where there is time enough.
        clock: seconds.

    Returns:
        `DRAWS` of them, or fewer; none after the first where there is no time for `FEWEST_DRAWS`.
    """
    began = clock()
    found: list[Result] = []
    while len(found) < DRAWS and (deadline is None or clock() < deadline):
        found.append(draw(len(found)))
        if len(found) == 1 and deadline is not None and began + (clock() - began) * FEWEST_DRAWS > deadline:
            break
    return found


def ends(values: Sequence[float]) -> tuple[float | None, float | None]:
    """The interval of what the draws gave; None where too few of them gave a number."""
    finite = [value for value in values if np.isfinite(value)]
    if len(finite) < FEWEST_DRAWS:
        return None, None
    low, high = np.quantile(finite, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)

"""What has moved of a column, in a few words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.drift.shares import Shares


def share_finding(shares: Shares) -> str:
    """Which category there is more of."""
    most = shares.moved_most
    return f"{shares.labels[most]!r} in {shares.now[most]:.0%} of the rows, {shares.then[most]:.0%} in training"


def number_finding(kind: str, measure: str, shares: Shares) -> str:
    """Whether numbers have risen or fallen, by the mean position of the bins."""
    positions = np.arange(len(shares.labels))
    rise = float(np.dot(positions, shares.now) - np.dot(positions, shares.then))
    if abs(rise) < 0.5:  # half a bin
        most = shares.moved_most
        return f"{shares.labels[most]}: {shares.now[most]:.0%} of the rows, {shares.then[most]:.0%} in training"
    more, less = {"date": ("later", "earlier"), "text": ("longer", "shorter")}.get(kind, ("higher", "lower"))
    unit = f" ({measure})" if kind == "text" else ""
    return f"{more if rise > 0 else less} than in training{unit}"


def missing_finding(then: float, now: float) -> str:
    """How many cells are missing, as shares of the rows."""
    return f"{now:.1%} missing, {then:.1%} in training"


def new_finding(share: float, names: Mapping[str, int], at_most: int = 3) -> str:
    """Which categories training did not know, and how many rows have them."""
    shown = ", ".join(repr(name) for name in list(names)[:at_most])
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return f"new categories in {share:.1%} of the rows: {shown}{more}"

"""A target that changes along the file, so that rows drawn at random say little about rows to come."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from experiments.data.finding import Finding
from experiments.data.table import Table

#: Parts of equal size that the file is cut into; half as many where rows are few.
PARTS = 10
ROWS_OF_A_PART = 20
#: How often a file in random order would be taken for one that drifts, at most.
LEVEL = 1e-4
#: Share of the target's variance (of its ranks; for classes, Cramér's V squared) that stands between the parts; less is
#: of no consequence, however sure it is in a large file.
SHARE_AT_LEAST = 0.01


def target_drift(development: Table) -> list[Finding]:
    """Compares parts of the file by the target: classes by a chi-square test, amounts by that of Kruskal and Wallis.

    Where the rows are split by groups, one row speaks for each group, since rows of a group stand together. Where they
    are split by time, what drifts is told and nothing is to be done: the hold-out is the latest rows already.

    Args:
        development: rows that may be looked at with their labels, in the order of the file.
    """
    y = development.y
    if development.order is not None:
        y = y.iloc[np.argsort(development.order.to_numpy(), kind="stable")]
    elif development.groups is not None:
        y = y[~development.groups.duplicated()]
    parts = PARTS if len(y) >= PARTS * ROWS_OF_A_PART else PARTS // 2
    if len(y) < parts * ROWS_OF_A_PART:
        return []
    part = np.arange(len(y)) * parts // len(y)
    share, chance = (_of_classes if development.task == "classification" else _of_amounts)(y, part, parts)
    if share < SHARE_AT_LEAST or chance > LEVEL:
        return []
    changes = _told(y, part, development.task)
    name = str(y.name)
    if development.order is not None:
        line = (
            f"{name!r} changes with time: {changes}; the hold-out is the latest rows: its score is the one to trust, "
            "and the model should be trained again as new rows come"
        )
        return [Finding("drift", name, line, refusable=False)]
    if _is_sorted(y, development.task):
        line = f"the file is sorted by {name!r}; leave out columns that number its rows, they would give it away"
        return [Finding("drift", name, line, refusable=False)]
    line = f"{name!r} changes along the file: {changes}; if the rows are in the order of time, set split=time"
    if development.groups is None:
        line += ", or if rows that belong together stand together, group_column=COLUMN"
    return [Finding("drift", name, line)]


def _of_classes(y: pd.Series, part: np.ndarray, parts: int) -> tuple[float, float]:
    """Cramér's V squared between classes and parts, and its probability under chance; rare classes count as one."""
    codes, classes = pd.factorize(y)
    members = np.bincount(codes, minlength=len(classes))
    rare = members < 5 * parts
    codes = np.where(rare[codes], len(classes), codes)
    counts = pd.crosstab(part, codes).to_numpy()
    if counts.shape[1] < 2:
        return 0.0, 1.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    statistic = float((np.square(counts - expected) / expected).sum())
    rows, columns = counts.shape
    share = statistic / (counts.sum() * min(rows - 1, columns - 1))
    return share, float(chdtrc((rows - 1) * (columns - 1), statistic))


def _of_amounts(y: pd.Series, part: np.ndarray, parts: int) -> tuple[float, float]:
    """Share of the ranks' variance between the parts, and its probability under chance, ties accounted for."""
    ranks = y.rank().to_numpy()
    centred = ranks - ranks.mean()
    between = sum(np.square(centred[part == each].mean()) * (part == each).sum() for each in range(parts))
    total = np.square(centred).sum()
    if not total:
        return 0.0, 1.0
    share = float(between / total)
    return share, float(chdtrc(parts - 1, (len(ranks) - 1) * share))


def _told(y: pd.Series, part: np.ndarray, task: str) -> str:
    """The two parts that are furthest apart, in numbers."""
    if task == "regression":
        means = y.groupby(part).mean().to_numpy()
        low, high = int(means.argmin()), int(means.argmax())
        return f"its mean is {means[low]:.4g} in {_name(low, part)} and {means[high]:.4g} in {_name(high, part)}"
    shares = pd.crosstab(part, y.to_numpy(), normalize="index")
    label = (shares.max() - shares.min()).idxmax()
    of_label = shares[label].to_numpy()
    low, high = int(of_label.argmin()), int(of_label.argmax())
    return (
        f"{str(label)!r} is {of_label[low]:.0%} of {_name(low, part)} and {of_label[high]:.0%} of {_name(high, part)}"
    )


def _name(number: int, part: np.ndarray) -> str:
    size = "fifth" if part.max() + 1 == PARTS // 2 else "tenth"
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "last")
    return f"the {'last' if number == part.max() else ordinals[number]} {size}"


def _is_sorted(y: pd.Series, task: str) -> bool:
    """Whether amounts only rise or only fall, or the rows of each class stand together."""
    if task == "regression":
        return bool(y.is_monotonic_increasing or y.is_monotonic_decreasing)
    codes = pd.factorize(y)[0]
    return int((np.diff(codes) != 0).sum()) == int(codes.max())

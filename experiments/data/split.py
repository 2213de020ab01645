"""Rows to develop on and rows to hold out, and the folds of cross-validation: seeded, stratified by class.

Where there are groups, none of them is split; where rows are ordered by time, the latest are held out and each fold is
later than what it learns from, and rows of one moment stay together. The functions on plain arrays are also written
into ``best_pipeline.py``, which must find the same rows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold, train_test_split

from config.errors import BadInput
from experiments.data.table import Table

#: ways to draw the groups that are held out, of which the one is taken that comes closest to the shares wanted
DRAWS = 100

Positions = tuple[np.ndarray, np.ndarray]


def split(table: Table, holdout_share: float, seed: int) -> tuple[Table, Table]:
    """Development rows and hold-out rows, each in the order of the table.

    Args:
        table: rows that `experiments.data.table.check_folds` has accepted.
        holdout_share: share of the rows that is held out, between 0 and 1.
        seed: the same seed draws the same rows.
    """
    classes = table.y.to_numpy() if table.task == "classification" else None
    if table.order is not None:
        held_out = latest(table.order.to_numpy(), holdout_share)
    elif table.groups is not None:
        held_out = drawn_groups(table.groups.to_numpy(), classes, holdout_share, seed)
    else:
        held_out = drawn_rows(len(table.y), classes, holdout_share, seed)
    return table.rows(np.flatnonzero(~held_out)), table.rows(np.flatnonzero(held_out))


def folds(table: Table, cv_folds: int, seed: int) -> list[Positions]:
    """Positions of the training rows and of the test rows, fold by fold.

    Args:
        table: development rows.
        cv_folds: number of folds.
        seed: the same seed draws the same folds.

    Raises:
        BadInput: there are too few groups, or moments, for so many folds.
    """
    rows = np.zeros(len(table.y))
    is_classification = table.task == "classification"
    if table.order is not None:
        return _expanding_windows(table.order.to_numpy(), cv_folds)
    if table.groups is not None:
        return _group_folds(table, cv_folds, seed)
    kind = StratifiedKFold if is_classification else KFold
    return list(kind(cv_folds, shuffle=True, random_state=seed).split(rows, table.y.to_numpy()))


def check_parts(development: Table, holdout: Table, cv_folds: int, seed: int, judged_on_all: bool) -> None:
    """Checks that every part can be learnt from and judged on where groups or time decide which rows stand where.

    Args:
        development: rows to develop on.
        holdout: the others.
        cv_folds: number of folds.
        seed: of the folds.
        judged_on_all: whether the metric is undefined where a class is missing.

    Raises:
        BadInput: too few rows in a part, a class that is missing in one, or what `folds` raises.
    """
    y = development.y
    parts = [("the hold-out", y, holdout.y)]
    for number, (train, test) in enumerate(folds(development, cv_folds, seed), start=1):
        parts.append((f"fold {number}", y.iloc[train], y.iloc[test]))
    groups = development.groups
    cause, beside = ("split=time", "before") if groups is None else (f"group_column {groups.name!r}", "outside")
    instead = f"set cv_folds to fewer than {cv_folds}" if cv_folds > 2 else "bring more rows"
    classes = {*y, *holdout.y} if development.task == "classification" else set()
    for part, learnt, judged in parts:
        for rows, place, wanted in (
            (learnt, f"{beside} {part}", classes),
            (judged, f"in {part}", classes if judged_on_all else set()),
        ):
            if len(rows) < 2:
                raise BadInput(f"{cause}: there is only one row {place}; {instead}")
            missing = sorted(map(str, wanted - set(rows)))
            if missing:
                metric = "" if rows is learnt else ", or set metric to accuracy"
                raise BadInput(
                    f"{cause}: no row {place} is of class {missing[0]!r} of column {y.name!r}; {instead}, or take the "
                    f"class out{metric}"
                )


def drawn_rows(rows: int, classes: np.ndarray | None, share: float, seed: int) -> np.ndarray:
    """Whether each row is held out: drawn at random, the classes, where there are some, in their shares."""
    _, drawn = train_test_split(np.arange(rows), test_size=share, random_state=seed, stratify=classes)
    return np.isin(np.arange(rows), drawn)


def drawn_groups(groups: np.ndarray, classes: np.ndarray | None, share: float, seed: int) -> np.ndarray:
    """Whether each row is held out: whole groups, of many draws the one closest to that share of every class."""
    codes = pd.factorize(groups)[0]
    counts = pd.crosstab(codes, np.zeros(len(codes)) if classes is None else classes).to_numpy()
    sizes = counts.sum(axis=1)
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(DRAWS):
        order = random.permutation(len(sizes))
        taken = np.argmin(np.abs(np.cumsum(sizes[order]) - share * len(codes))) + 1
        drawn = order[: min(taken, len(sizes) - 1)]
        # a class that is missing on one side is as far off as can be
        distance = np.abs(counts[drawn].sum(axis=0) / counts.sum(axis=0) - share).max()
        draws.append((distance, drawn))
    return np.isin(codes, min(draws, key=lambda draw: draw[0])[1])


def latest(order: np.ndarray, share: float) -> np.ndarray:
    """Whether each row is held out: the latest are, and rows of one moment stay together."""
    return order >= turns(order, [len(order) - int(np.ceil(share * len(order)))])[0]


def turns(order: np.ndarray, wanted: list[int]) -> list:
    """The moments from which on the next part begins, each with about so many rows before it as wanted."""
    moments, counts = np.unique(order, return_counts=True)
    before = np.cumsum(counts) - counts
    chosen, found = 0, []
    for position, rows in enumerate(wanted):
        still_to_come = len(wanted) - 1 - position
        nearest = np.argmin(np.abs(before - rows))
        chosen = int(np.clip(nearest, chosen + 1, len(moments) - 1 - still_to_come))
        found.append(moments[chosen])
    return found


def _expanding_windows(order: np.ndarray, cv_folds: int) -> list[Positions]:
    """Folds as `sklearn.model_selection.TimeSeriesSplit` makes them, but no moment is split."""
    moments = len(np.unique(order))
    if moments <= cv_folds:
        raise BadInput(
            f"split=time: the development rows are of {moments} moments, too few for {cv_folds} folds, each later than "
            f"the one before; set cv_folds to {max(2, moments - 1)}, or name a finer time_column"
        )
    size = len(order) // (cv_folds + 1)
    begins = turns(order, [len(order) - (cv_folds - fold) * size for fold in range(cv_folds)])
    return [
        (np.flatnonzero(order < begin), np.flatnonzero((order >= begin) & (True if end is None else order < end)))
        for begin, end in zip(begins, [*begins[1:], None], strict=True)
    ]


def _group_folds(table: Table, cv_folds: int, seed: int) -> list[Positions]:
    assert table.groups is not None
    groups = table.groups.to_numpy()
    number = len(np.unique(groups))
    if number < cv_folds:
        fewer = f"set cv_folds to {number}" if number > 1 else "bring more groups, or hold out fewer rows"
        raise BadInput(
            f"group_column: {number} groups of column {table.groups.name!r} are left beside the hold-out, fewer than "
            f"{cv_folds} folds; {fewer}"
        )
    maker = StratifiedGroupKFold(cv_folds, shuffle=True, random_state=seed)
    rows = np.zeros(len(table.y))
    if table.task == "classification":
        made = list(maker.split(rows, table.y.to_numpy(), groups))
        if all(len(test) for _, test in made):
            return made
    # without classes the same method makes folds of equal size, which GroupKFold with a seed does not
    return list(maker.split(rows, rows, groups))

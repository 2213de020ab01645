"""Columns that alone predict the target almost perfectly: as a rule they were not known before the target was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from experiments.data.finding import Finding, without
from experiments.data.roles import date_written, instants, numbers_of
from experiments.data.table import Table

#: Rows that are looked at, for classes as many of each: enough to tell 0.99 from 0.97, and few enough to be quick.
ROWS_AT_MOST = 2000
#: With fewer rows, or fewer of a class, a perfect prediction may be luck.
ROWS_AT_LEAST = 30
MEMBERS_AT_LEAST = 5
FOLDS = 3
#: Balanced accuracy or r2 on rows that a prediction was not fitted to, or how well the order of a column is that of the
#: target. The best single columns of honest tables stay below: 0.96 (iris, petal width), 0.93 (breast cancer).
PERFECT = 0.99
#: What a first fold must reach for the others to be looked at.
PROMISING = 0.96
#: Leaves of a tree at most, for a regression, and for each class: enough for r2 of 0.999 along a line.
LEAVES = 100
LEAVES_OF_A_CLASS = 8
#: Rows of a leaf at least: a leaf of one row would follow noise, one of many could not follow a steep line.
LEAF_ROWS = 3


def leaks(development: Table, seed: int) -> list[Finding]:
    """Columns from which the target follows; each is asked alone, on rows that it was not fitted to.

    A number is asked by a decision tree, and where there are two classes, or amounts, also by its order; a category by
    the mean target of its rows. An identifier knows nothing of rows that it has not seen, and so is no leak.

    Args:
        development: rows that may be looked at with their labels.
        seed: of the rows that are drawn where there are many.
    """
    y = _target(development)
    rows = _sample(y, development.task == "classification", np.random.default_rng(seed))
    if rows is None:
        return []
    y, fold = y[rows], np.arange(len(rows)) % FOLDS
    time = None if development.order is None else development.order.name
    found = []
    for name, kind in development.kinds.items():
        if kind == "drop" or name == time:
            continue
        cells = development.X[name].iloc[rows]
        numbers = _numbers(cells, kind) if kind in ("numeric", "date") else None
        by_order = 0.0 if numbers is None else _by_order(numbers, y)
        score = 0.0 if numbers is None else _of_numbers(numbers, y, fold)
        if score < PERFECT and kind != "numeric":
            score = max(score, _of_categories(pd.factorize(cells.astype("string"))[0], y, fold))
        if max(score, by_order) >= PERFECT:
            told = _measured(score, by_order, development.task)
            found.append(Finding("leak", name, _line(name, str(development.y.name), told)))
    return found


def _line(name: str, target: str, told: str) -> str:
    return (
        f"column {name!r} alone predicts {target!r} almost perfectly ({told}); "
        f"if it is not known before {target!r} is, leave it out: {without(name)}"
    )


def _measured(score: float, by_order: float, task: str) -> str:
    """What was measured, in words."""
    if score >= PERFECT:
        measure = "balanced accuracy" if task == "classification" else "r2"
        return f"{measure} {score:.4g} on rows that it was not fitted to"
    measure = "area under the curve" if task == "classification" else "squared rank correlation"
    return f"{measure} {by_order:.4g}"


def _target(table: Table) -> np.ndarray:
    if table.task == "regression":
        return table.y.to_numpy(dtype=np.float64)
    return np.unique(table.y.to_numpy(), return_inverse=True)[1].astype(np.int64)


def _sample(y: np.ndarray, is_classification: bool, random: np.random.Generator) -> np.ndarray | None:
    """Positions of rows, class by class, such that every third one makes a fold; None where there are too few."""
    order = random.permutation(len(y))
    if not is_classification:
        return order[:ROWS_AT_MOST] if len(y) >= ROWS_AT_LEAST else None
    members = [order[y[order] == code] for code in range(int(y.max()) + 1)]
    members = [each for each in members if len(each) >= MEMBERS_AT_LEAST]
    if len(members) < 2 or sum(map(len, members)) < ROWS_AT_LEAST:
        return None
    most = max(20, ROWS_AT_MOST // len(members))
    return np.concatenate([each[:most] for each in members])


def _numbers(cells: pd.Series, kind: str) -> np.ndarray:
    if kind == "date":
        moments = instants(cells, date_written(cells))
        if pd.api.types.is_datetime64_any_dtype(moments.dtype):
            seconds = (moments - pd.Timestamp("1970-01-01")).dt.total_seconds()
            return seconds.to_numpy(dtype=np.float64)
        return moments.to_numpy(dtype=np.float64)
    # a tree calculates with 32 bits: larger numbers are cut off there, as the preprocessing does
    return np.clip(numbers_of(cells).to_numpy(dtype=np.float64), -1e37, 1e37)


def _of_numbers(numbers: np.ndarray, y: np.ndarray, fold: np.ndarray) -> float:
    """How well a number predicts by a tree, fold by fold."""
    if np.isnan(numbers).all():
        return 0.0
    # ranks keep apart what 32 bits would not, such as seconds since 1970
    ranks = np.where(np.isnan(numbers), np.nan, np.unique(numbers, return_inverse=True)[1])[:, None]
    predicted = np.empty(len(y))
    is_classification = y.dtype == np.int64
    tree: Any = DecisionTreeRegressor(min_samples_leaf=LEAF_ROWS, max_leaf_nodes=LEAVES, random_state=0)
    if is_classification:
        leaves = LEAVES_OF_A_CLASS * len(np.unique(y))
        tree = DecisionTreeClassifier(
            min_samples_leaf=LEAF_ROWS, max_leaf_nodes=leaves, class_weight="balanced", random_state=0
        )
    for number in range(FOLDS):
        test = fold == number
        predicted[test] = tree.fit(ranks[~test], y[~test]).predict(ranks[test])
        if number == 0 and _score(y[test], predicted[test]) < PROMISING:
            return 0.0
    return _score(y, predicted)


def _by_order(numbers: np.ndarray, y: np.ndarray) -> float:
    """How well the order of a number is that of the target, whichever way round, from 0 to 1.

    For two classes the area under the curve, for amounts the squared correlation of ranks: of a heavy tail, a tree
    misses the ends.
    """
    present = ~np.isnan(numbers)
    if present.mean() < 0.99:
        return 0.0
    placed, y = pd.Series(numbers[present]).rank().to_numpy(), y[present]
    if y.dtype != np.int64:
        if placed.std() == 0:
            return 0.0
        return float(np.corrcoef(placed, pd.Series(y).rank())[0, 1] ** 2)
    is_last = y == y.max()
    positive, negative = int(is_last.sum()), int((~is_last).sum())
    if len(np.unique(y)) != 2 or min(positive, negative) < MEMBERS_AT_LEAST:
        return 0.0
    area = (placed[is_last].sum() - positive * (positive + 1) / 2) / (positive * negative)
    return float(max(area, 1 - area))


def _of_categories(codes: np.ndarray, y: np.ndarray, fold: np.ndarray) -> float:
    """How well a category predicts by the rows of the other folds that share it; a new one predicts the mean."""
    predicted = np.empty(len(y))
    codes = codes + 1  # a missing cell is a category, too
    width = codes.max() + 1
    classes = np.unique(y) if y.dtype == np.int64 else None
    for number in range(FOLDS):
        test = fold == number
        seen, known = codes[~test], y[~test]
        if classes is None:
            counts = np.bincount(seen, minlength=width)
            sums = np.bincount(seen, known, minlength=width)
            means = np.where(counts > 0, sums / np.maximum(counts, 1), known.mean())
            predicted[test] = means[codes[test]]
        else:
            shares = np.stack([np.bincount(seen[known == each], minlength=width) for each in classes])
            shares = shares / np.maximum(1, shares.sum(axis=1, keepdims=True))
            predicted[test] = classes[shares.argmax(axis=0)[codes[test]]]
        if number == 0 and _score(y[test], predicted[test]) < PROMISING:
            return 0.0
    return _score(y, predicted)


def _score(y: np.ndarray, predicted: np.ndarray) -> float:
    """Balanced accuracy of class codes, r2 of amounts."""
    if y.dtype == np.int64:
        hits = y == predicted
        return float(np.mean([hits[y == each].mean() for each in np.unique(y)]))
    spread = np.square(y - y.mean()).sum()
    return float(1 - np.square(y - predicted).sum() / spread) if spread > 0 else 0.0

"""Rows to develop on and rows to hold out, and the folds of cross-validation: seeded, stratified by class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from experiments.data.fingerprint import fingerprint
from experiments.data.table import Table


def split(table: Table, holdout_share: float, seed: int) -> tuple[Table, Table]:
    """Development rows and hold-out rows, each in the order of the table.

    Args:
        table: rows that `experiments.data.table.check_folds` has accepted.
        holdout_share: share of the rows that is held out, between 0 and 1.
        seed: the same seed draws the same rows.
    """
    classes = table.y if table.task == "classification" else None
    development, holdout = train_test_split(
        np.arange(len(table.y)), test_size=holdout_share, random_state=seed, stratify=classes
    )
    return _rows(table, np.sort(development)), _rows(table, np.sort(holdout))


def folds(table: Table, cv_folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions of the training rows and of the test rows, fold by fold.

    Args:
        table: development rows.
        cv_folds: number of folds.
        seed: the same seed draws the same folds.
    """
    kind = StratifiedKFold if table.task == "classification" else KFold
    return list(kind(cv_folds, shuffle=True, random_state=seed).split(np.zeros(len(table.y)), table.y.to_numpy()))


def _rows(table: Table, positions: np.ndarray) -> Table:
    X = table.X.iloc[positions].reset_index(drop=True)
    y = table.y.iloc[positions].reset_index(drop=True)
    return replace(table, X=X, y=y, fingerprint=fingerprint(X, y))

"""From settings to rows: the table read and checked, the hold-out split off, the metric resolved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer

from config.settings import Settings, column_kinds
from experiments.data.columns import preprocessing
from experiments.data.labels import Labels
from experiments.data.source import locate
from experiments.data.split import folds, split
from experiments.data.table import Table, check_folds, read_table
from experiments.search.metric import check_metric
from experiments.search.problem import Problem
from experiments.search.problem import prepare as prepare_folds
from experiments.search.space_names import check_space_name

DATASET_PREFIX = "dataset:"


@dataclass(frozen=True)
class Prepared:
    """Rows that a run may develop on, rows that its search never sees, and how it is judged."""

    #: the file that the rows came from
    path: Path
    table: Table
    development: Table
    holdout: Table
    #: a scikit-learn scorer's name
    metric: str
    #: the classes of a classification; None for regression
    labels: Labels | None

    def target(self, rows: Table) -> np.ndarray:
        """The target of some rows as estimators take it, (n_rows,): class codes, or float64."""
        return self.labels.encode(rows.y) if self.labels else rows.y.to_numpy(dtype=np.float64)

    def columns(self) -> ColumnTransformer:
        """The unfitted transformer from raw columns to numbers."""
        rows = self.development
        return preprocessing(rows.kinds, rows.X, rows.task)

    def problem(self, cv_folds: int, seed: int) -> Problem:
        """The development rows as folds, each preprocessed with what its training part alone teaches."""
        rows = self.development
        splits = folds(rows, cv_folds, seed)
        return prepare_folds(rows.X, self.target(rows), self.columns(), splits, self.metric, rows.task)


def prepare(settings: Settings) -> Prepared:
    """Reads and checks everything that a person could have got wrong, in seconds and without a server.

    Raises:
        BadInput: the table, the target, the metric, the search space or the column kinds.
    """
    check_space_name(settings.search_space)
    source = local_source(settings.data)
    table = read_table(
        source,
        settings.target_column,
        task_type=settings.task_type,
        kinds=column_kinds(settings),
        missing_labels=settings.missing_labels,
    )
    check_folds(table, settings.cv_folds, settings.holdout_share)
    labels = Labels.of(table.y) if table.task == "classification" else None
    metric = check_metric(settings.metric, table.task, len(labels.classes) if labels else 0)
    development, holdout = split(table, settings.holdout_share, settings.seed)
    return Prepared(locate(source), table, development, holdout, metric, labels)


def local_source(data: str) -> str:
    """A path or a sample's name; the single file of a ClearML Dataset is fetched first.

    Raises:
        BadInput: there is no such dataset, or it is not one table.
    """
    if not data.startswith(DATASET_PREFIX):
        return data
    from experiments.reports.dataset import fetch_dataset

    return str(fetch_dataset(data.removeprefix(DATASET_PREFIX)))

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
from experiments.data.split import check_parts, folds, split
from experiments.data.table import Roles, Table, check_folds, read_table
from experiments.search.metric import (
    COMPLETE_METRICS,
    EVEN_METRICS,
    RARE_SHARE,
    ROW_METRICS,
    check_metric,
)
from experiments.search.objectives import Objectives
from experiments.search.problem import Problem
from experiments.search.problem import prepare as prepare_folds
from experiments.search.space_names import check_space_name
from experiments.search.weighting import learning_weight
from models.evidence import HoldoutRows, Split, row_hashes
from models.gate.limits import Limits
from models.scoring import UNWEIGHTED_METRICS, score_weight

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
    #: what a person should know about these settings and this table, one line each
    hints: tuple[str, ...] = ()

    def target(self, rows: Table) -> np.ndarray:
        """The target of some rows as estimators take it, (n_rows,): class codes, or float64."""
        return self.labels.encode(rows.y) if self.labels else rows.y.to_numpy(dtype=np.float64)

    def weight(self, rows: Table) -> np.ndarray | None:
        """What each row counts in learning, (n_rows,); None where all count the same.

        The person's weights, and where the metric counts classes evenly, such that they weigh the same.
        """
        return learning_weight(self.target(rows), _given(rows), balanced=self.metric in EVEN_METRICS)

    def score_weight(self, rows: Table) -> np.ndarray | None:
        """What each row counts in the score, (n_rows,); None where all count the same."""
        return score_weight(_given(rows), self.metric)

    def holdout_rows(self) -> HoldoutRows:
        """The rows that are held out, as later models and people are told of them."""
        rows = self.holdout
        return HoldoutRows(
            rows.X,
            rows.y,
            rows.task,
            rows.kinds,
            self.score_weight(rows),
            None if rows.groups is None else rows.groups.to_numpy(),
            rows.order is not None,
        )

    def split(self) -> Split:
        """Which rows are held out, by what they hold."""
        parts = (self.development, self.holdout)
        hashes = [row_hashes(rows.X, rows.y) for rows in parts]
        return Split(np.concatenate(hashes), np.repeat([False, True], [len(each) for each in hashes]))

    def columns(self) -> ColumnTransformer:
        """The unfitted transformer from raw columns to numbers."""
        rows = self.development
        return preprocessing(rows.kinds, rows.X, rows.task)

    def problem(self, cv_folds: int, seed: int) -> Problem:
        """The development rows as folds, each preprocessed with what its training part alone teaches."""
        rows = self.development
        return prepare_folds(
            rows.X,
            self.target(rows),
            self.columns(),
            folds(rows, cv_folds, seed),
            self.metric,
            rows.task,
            weight=_given(rows),
            seed=seed,
        )


def prepare(settings: Settings) -> Prepared:
    """Reads and checks everything that a person could have got wrong, in seconds and without a server.

    The hold-out is split off before anything learns; only what a column means is told by all rows.

    Raises:
        BadInput: the table, a column, the metric, the search space, a limit of the registry, or a split that leaves
            nothing to judge.
    """
    check_space_name(settings.search_space)
    Objectives.parse(settings.objectives)
    Limits.of(settings)
    source = local_source(settings.data)
    table = read_table(
        source,
        settings.target_column,
        task_type=settings.task_type,
        kinds=column_kinds(settings),
        missing_labels=settings.missing_labels,
        roles=Roles(
            weight=settings.weight_column,
            group=settings.group_column,
            by_time=settings.split == "time",
            time=settings.time_column,
        ),
    )
    check_folds(table, settings.cv_folds, settings.holdout_share)
    labels = Labels.of(table.y) if table.task == "classification" else None
    metric = check_metric(settings.metric, table.task, len(labels.classes) if labels else 0)
    development, holdout = split(table, settings.holdout_share, settings.seed)
    if table.groups is not None or table.order is not None:
        check_parts(development, holdout, settings.cv_folds, settings.seed, metric in COMPLETE_METRICS)
    return Prepared(locate(source), table, development, holdout, metric, labels, _hints(settings, table, metric))


def _given(rows: Table) -> np.ndarray | None:
    """What the person says that rows count."""
    return None if rows.weight is None else rows.weight.to_numpy()


def _hints(settings: Settings, table: Table, metric: str) -> tuple[str, ...]:
    hints = []
    if settings.time_column and settings.split != "time":
        hints.append(f"time_column {settings.time_column!r} is not used; set split to time to hold out the latest rows")
    if table.weight is not None and metric in UNWEIGHTED_METRICS:
        hints.append(f"{metric} takes no row weights: {table.weight.name!r} counts in learning only, not in the scores")
    if table.task == "classification" and metric in ROW_METRICS:
        shares = table.y.value_counts(normalize=True)
        if shares.iloc[-1] < RARE_SHARE:
            hints.append(
                f"class {str(shares.index[-1])!r} is {shares.iloc[-1]:.1%} of the rows, and {metric} hardly counts it; "
                "set metric to balanced_accuracy where all classes matter the same"
            )
    return tuple(hints)


def local_source(data: str) -> str:
    """A path or a sample's name; the single file of a ClearML Dataset is fetched first.

    Raises:
        BadInput: there is no such dataset, or it is not one table.
    """
    if not data.startswith(DATASET_PREFIX):
        return data
    from experiments.reports.dataset import fetch_dataset

    return str(fetch_dataset(data.removeprefix(DATASET_PREFIX)))

"""A table to learn from: raw columns, labels, kinds and fingerprint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from config.errors import BadInput
from config.samples import SAMPLES
from experiments.data.fingerprint import fingerprint
from experiments.data.kinds import Kind, detect_kinds
from experiments.data.roles import NO_ROLES, Roles, groups, times, weights
from experiments.data.source import locate, read_frame
from experiments.data.target import TaskType, check_target, labels, with_labels

__all__ = ["Kind", "Roles", "Table", "TaskType", "check_folds", "read_table"]

#: Fewer rows than this cannot be split into two folds and a hold-out part.
ROWS_AT_LEAST = 6


@dataclass(frozen=True)
class Table:
    """Rows to learn from, as the person gave them."""

    #: short name for titles and the model registry: the file's stem or the sample's name
    name: str
    #: raw feature columns, (n_rows, n_columns)
    X: pd.DataFrame
    #: the person's own labels or numbers, (n_rows,), none missing
    y: pd.Series
    task: TaskType
    #: column name -> kind, in the order of the columns
    kinds: Mapping[str, Kind]
    #: SHA-256 of the content, hexadecimal; a changed cell, name or order changes it
    fingerprint: str
    #: what each row counts, (n_rows,), none of them 0; None where all count the same
    weight: pd.Series | None = None
    #: the group of each row as a code, (n_rows,); None where there are none
    groups: pd.Series | None = None
    #: when each row was, (n_rows,), dates or numbers; None where the split does not go by time
    order: pd.Series | None = None

    def rows(self, positions: np.ndarray) -> Table:
        """Some of the rows as a table of their own, with a fingerprint of their own.

        Args:
            positions: of the rows from 0, in the order wanted.
        """

        def some(column: pd.Series | None) -> pd.Series | None:
            return None if column is None else column.iloc[positions].reset_index(drop=True)

        X = self.X.iloc[positions].reset_index(drop=True)
        y = self.y.iloc[positions].reset_index(drop=True)
        weight, groups, order = some(self.weight), some(self.groups), some(self.order)
        content = _content(X, y, weight, groups)
        return replace(self, X=X, y=y, fingerprint=content, weight=weight, groups=groups, order=order)


def read_table(
    source: str,
    target: str = "",
    *,
    task_type: str = "auto",
    kinds: Mapping[str, str] | None = None,
    missing_labels: str = "refuse",
    roles: Roles = NO_ROLES,
) -> Table:
    """Reads and checks a table.

    Rows of weight 0 count for nothing, and are left out. The kinds of columns are told by all rows, those that will be
    held out among them: a kind is what a column means, not what its cells teach, and labels are not looked at.

    Args:
        source: a sample's name, or the path of a CSV or Parquet file.
        target: column to predict; may be empty for a sample, which knows its own.
        task_type: ``auto``, ``classification`` or ``regression``; `experiments.data.target` says how auto decides.
        kinds: column name -> kind, for columns that are not what they look like.
        missing_labels: ``refuse`` a table in which labels are missing, or ``drop`` those rows.
        roles: columns that are no features, and whether rows are ordered by time.

    Raises:
        BadInput: anything about the file, its columns or its labels that a person has to mend.
    """
    path = locate(source)
    overrides = dict(kinds or {})
    dropped = {name for name, kind in overrides.items() if kind == "drop"}
    frame = read_frame(path, dropped)
    sample = SAMPLES.get(source)
    if sample and target in ("", sample.target):
        target = sample.target
        task_type = sample.task if task_type == "auto" else task_type
    check_target(frame, target, str(path))
    if target in overrides:
        raise BadInput(f"feat_type: {target!r} is the column to predict; set task_type instead")
    if len(frame) < ROWS_AT_LEAST:
        raise BadInput(
            f"{path} has {_counted(len(frame), 'row')} below its header; at least {ROWS_AT_LEAST} are needed"
        )
    roles.check(frame, target, overrides)
    labelled = frame[target].notna()
    frame = with_labels(frame, target, missing_labels)
    frame.index = labelled.index[labelled]  # numbers in messages are those of the file
    given: dict[str, pd.Series] = {}
    if roles.weight:
        weight = weights(frame[roles.weight])
        frame, given["weight"] = frame[weight > 0], weight[weight > 0]
    if roles.group:
        given["groups"] = groups(frame[roles.group])
    if roles.by_time:
        given["order"] = times(frame[roles.time]) if roles.time else pd.Series(np.arange(len(frame)), frame.index)
    frame = frame.reset_index(drop=True)
    given = {role: column.reset_index(drop=True) for role, column in given.items()}
    if len(frame) < ROWS_AT_LEAST:
        raise BadInput(f"{path} has {_counted(len(frame), 'row')} with a label; at least {ROWS_AT_LEAST} are needed")
    y, task = labels(frame[target], task_type)
    X = frame.drop(columns=[target, *roles.no_features])
    _check_features(path.name, X, dropped)
    found = detect_kinds(X, overrides)
    if all(kind == "drop" for kind in found.values()):
        raise BadInput(f"{path}: no column beside {target!r} differs from row to row, there is nothing to learn from")
    content = _content(X, y, given.get("weight"), given.get("groups"))
    return Table(sample.name if sample else path.stem, X, y, task, found, content, **given)


def check_folds(table: Table, cv_folds: int, holdout_share: float) -> None:
    """Checks that the rows suffice for a hold-out part and for every fold to hold each class.

    Args:
        table: all rows, before the split.
        cv_folds: number of folds of the development rows.
        holdout_share: share of the rows that is held out.

    Raises:
        BadInput: too few rows, or a class with fewer members than folds.
    """
    _check_coarseness(table, cv_folds)
    rows = len(table.y)
    held_out = math.ceil(rows * holdout_share)
    development = rows - held_out
    if table.task == "regression":
        # r2 and its kind are undefined on one row
        if development < 2 * cv_folds or held_out < 2:
            raise BadInput(
                f"{table.name}: {rows} rows are too few for {cv_folds} folds and a hold-out share of "
                f"{holdout_share:g}; set cv_folds to 2, or bring more rows"
            )
        return
    counts = table.y.value_counts()
    smallest, members = counts.index[-1], int(counts.iloc[-1])
    remaining = math.floor(members * development / rows)
    if remaining < cv_folds:
        fewer = f"set cv_folds to {remaining}" if remaining >= 2 else "bring more of them"
        raise BadInput(
            f"column {table.y.name!r}: class {str(smallest)!r} has {_counted(members, 'row')}, of which {remaining} "
            f"remain beside a hold-out share of {holdout_share:g}: fewer than {cv_folds} folds; "
            f"{fewer}, or take the class out"
        )
    if held_out < len(counts):
        needed = math.ceil(100 * len(counts) / rows) / 100
        raise BadInput(
            f"{table.name}: a hold-out share of {holdout_share:g} is {_counted(held_out, 'row')} for {len(counts)} "
            f"classes; set holdout_share to {needed:g}"
        )


def _content(X: pd.DataFrame, y: pd.Series, *others: pd.Series | None) -> str:
    """The fingerprint; the order in time is left out, it is a feature or how the rows are ordered anyway."""
    return fingerprint(X, y, *(other for other in others if other is not None))


def _check_coarseness(table: Table, cv_folds: int) -> None:
    """Checks that there are enough groups or moments; which of them the split needs, it checks itself."""
    groups = 0 if table.groups is None else table.groups.nunique()
    if table.groups is not None and groups <= cv_folds:
        fewer = f"set cv_folds to {groups - 1}" if groups > 2 else "name a finer column"
        raise BadInput(
            f"group_column: column {table.groups.name!r} has {groups} groups, but {cv_folds} folds and a hold-out "
            f"need {cv_folds + 1}; {fewer}, or empty group_column"
        )
    moments = 0 if table.order is None else table.order.nunique()
    if table.order is not None and moments < cv_folds + 2:
        fewer = f"set cv_folds to {moments - 2}" if moments > 3 else "name a finer column"
        raise BadInput(
            f"time_column: column {table.order.name!r} has {_counted(moments, 'moment')}, but {cv_folds} folds and a "
            f"hold-out, each later than the one before, need {cv_folds + 2}; {fewer}"
        )


def _check_features(where: str, X: pd.DataFrame, dropped: set[str]) -> None:
    if not len(X.columns):
        raise BadInput(f"{where} has only one column; a table needs a column to predict and others to learn from")
    for name in X.columns:
        if name not in dropped and X[name].isna().all():
            raise BadInput(f'{where}: column {name!r} is empty; leave it out with feat_type {{"{name}": "drop"}}')


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

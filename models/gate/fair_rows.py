"""Held-out rows on which two models can be compared: neither has learnt from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from config.errors import BadInput
from models.catalog import RegistryModel
from models.evidence import HoldoutRows, row_hashes
from models.loading import split_of


class Incomparable(Exception):
    """Two models cannot be compared; why, in words."""


@dataclass(frozen=True)
class FairRows:
    """Rows held out from a challenger that its champion has not learnt from either."""

    challenger: HoldoutRows
    #: the same rows with the columns that the champion knows, in their order
    champion: HoldoutRows
    #: rows that were left out because the champion has learnt from them
    left_out: int


def fair_rows(rows: HoldoutRows, challenger: RegistryModel, champion: RegistryModel) -> FairRows:
    """The rows for a comparison.

    Args:
        rows: held out from the challenger.
        challenger: whose they are.
        champion: whose split tells what it has learnt from.

    Raises:
        Incomparable: the champion predicts something else, wants a column that the rows lack, or left no split.
    """
    for what, theirs, ours in (
        ("predicts another kind of target", champion.task_type, rows.task),
        ("predicts another column", champion.metadata.get("target", ""), challenger.metadata.get("target", "")),
    ):
        if theirs and ours and theirs != ours:
            raise Incomparable(f"the champion {what}: {theirs}, not {ours}")
    described = champion.input_schema.get("columns", [])
    columns = [column["name"] for column in described] or list(rows.X.columns)
    lacking = [name for name in columns if name not in rows.X.columns]
    if lacking:
        raise Incomparable(f"the champion {champion.id} knows the column {lacking[0]!r}, which the held-out rows lack")
    known = replace(rows, X=rows.X[columns], kinds={name: rows.kinds[name] for name in columns if name in rows.kinds})
    try:
        learnt = split_of(champion).has_learnt_from(row_hashes(known.X, known.y))
    except BadInput as error:
        raise Incomparable(f"what the champion has learnt from cannot be told: {error}") from None
    return FairRows(rows.rows(~learnt), known.rows(~learnt), int(learnt.sum()))

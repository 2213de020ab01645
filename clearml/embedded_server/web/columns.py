"""The columns of the table of experiments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

#: further columns that the menu offers, at most
MOST_OFFERED = 200


@dataclass(frozen=True)
class Column:
    """A column that can be chosen."""

    #: names it in the address, and as what the table is sorted
    key: str
    heading: str
    is_number: bool = False
    #: whether the first click on its heading puts the greatest first
    is_descending: bool = False
    #: a scalar or a hyperparameter rather than one of `COLUMNS`
    is_further: bool = False

    def plain(self) -> dict[str, Any]:
        """As the twin answers it."""
        return asdict(self)


COLUMNS: tuple[Column, ...] = (
    Column("name", "Name"),
    Column("project", "Project"),
    Column("status", "Status"),
    Column("tags", "Tags"),
    Column("best", "Best score", is_number=True, is_descending=True),
    Column("holdout", "Hold-out score", is_number=True, is_descending=True),
    Column("table", "Table"),
    Column("duration", "Duration", is_number=True, is_descending=True),
    Column("started", "Started", is_descending=True),
    Column("worker", "Worker"),
    Column("type", "Type"),
    Column("iteration", "Iteration", is_number=True, is_descending=True),
    Column("created", "Created", is_descending=True),
    Column("updated", "Last update", is_descending=True),
    Column("comment", "Comment"),
    Column("id", "Id"),
)
DEFAULT = ("name", "status", "tags", "best", "holdout", "table", "duration", "started", "worker")
_KNOWN = {column.key: column for column in COLUMNS}


def chosen(keys: Sequence[str]) -> list[Column]:
    """The columns of these keys, in their order; the usual ones where none is given. The name is always there."""
    found = [column for key in (keys or DEFAULT) if (column := find(key))]
    return found if any(column.key == "name" for column in found) else [_KNOWN["name"], *found]


def find(key: str) -> Column | None:
    """The column of a key, or None where it can be none."""
    if key in _KNOWN:
        return _KNOWN[key]
    kind, _, path = key.partition(":")
    first, slash, second = path.partition("/")
    if not slash or kind not in {"metric", "param"}:
        return None
    return Column(key, f"{first}: {second}", kind == "metric", kind == "metric", is_further=True)


def offered(shown: Sequence[Column], further: Iterable[str]) -> list[Column]:
    """What can be chosen: the usual ones, and the scalars and hyperparameters that the shown experiments have."""
    found = [column for key in list(further)[:MOST_OFFERED] if (column := find(key))]
    all_further = {column.key: column for column in [*(one for one in shown if one.is_further), *found]}
    return [*COLUMNS, *(all_further[key] for key in sorted(all_further))]

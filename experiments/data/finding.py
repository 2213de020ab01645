"""A finding: something about a table that makes scores look better than they will be."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

FindingKind = Literal["leak", "identifier", "duplicates", "both parts", "drift"]


@dataclass(frozen=True)
class Finding:
    """What was found, for people and for programs."""

    kind: FindingKind
    #: the column that it is about; None where it is about rows
    column: str | None
    #: one line: what was found, with numbers, and what to type
    line: str
    #: whether a run that refuses such tables ends because of it; where not, nobody could mend it
    refusable: bool = True

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def without(column: str) -> str:
    """What to type to leave a column out."""
    return f"feat_type {json.dumps({column: 'drop'}, ensure_ascii=False)}"

"""What a service knows of drift at one moment, for its page, its metrics and its monitoring task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.drift.report import DriftReport


@dataclass(frozen=True)
class Watch:
    """One moment of watching one model."""

    model_id: str
    model_name: str
    #: from when on its rows were counted, in UTC
    since: datetime
    #: rows of the last day, by which drift is judged
    recent: DriftReport
    #: all rows since then
    total: DriftReport

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "watching": True,
            "model": {"id": self.model_id, "name": self.model_name},
            "since": self.since.isoformat(timespec="seconds"),
            **self.recent.as_json(),
            "since_start": self.total.as_json(),
        }

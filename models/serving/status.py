"""How the service is: which model answers, and what it would rather do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from models.catalog import RegistryModel
from models.serving.follower import Refused


@dataclass
class Status:
    """The state that pages and programs may ask for."""

    #: the model that answers
    model: RegistryModel
    #: what a worker says of it, see `models.serving.answering.Answering.facts`
    facts: Mapping[str, Any]
    since: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    #: a champion that cannot be loaded
    refused: Refused | None = None
    is_registry_reachable: bool = True
    is_stopping: bool = False

    def change_to(self, model: RegistryModel, facts: Mapping[str, Any]) -> None:
        """Another model answers from now on."""
        self.model, self.facts, self.since, self.refused = model, facts, datetime.now(timezone.utc), None

    def as_json(self, workers: int, is_secret_told: bool) -> dict[str, Any]:
        """What ``/ready`` answers.

        Args:
            workers: that can answer.
            is_secret_told: whether whoever asks sent a key, and so may see the reason of a refusal.
        """
        refused = None
        if self.refused:
            refused = {"model": self.refused.model_id}
            if is_secret_told:
                refused["reason"] = self.refused.reason
        return {
            "ready": workers > 0 and not self.is_stopping,
            "model": self.model.id,
            "name": self.model.name,
            "since": self.since.isoformat(timespec="seconds"),
            "workers": workers,
            "compiled": bool(self.facts.get("compiled")),
            "refused_champion": refused,
            "registry_reachable": self.is_registry_reachable,
        }

    def schema_json(self) -> dict[str, Any]:
        """What ``/schema`` answers."""
        return {
            "model": self.model.id,
            "name": self.model.name,
            "task_type": "classification" if self.facts.get("classes") else "regression",
            "classes": self.facts.get("classes", []),
            "columns": [
                {**column, "example": self.facts["dates"][column["name"]]}
                if column["name"] in self.facts.get("dates", {})
                else column
                for column in self.model.input_schema["columns"]
            ],
        }

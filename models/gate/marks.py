"""What the gate writes on a model: tags and metadata, each in one request."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from models.catalog import RegistryModel, registry_client

Facts = Mapping[str, str | float | int]


def note(model_id: str, facts: Facts) -> None:
    """Adds metadata, or replaces those of the same key; others stay."""
    registry_client().models.add_or_update_metadata(
        model=model_id,
        metadata=[{"key": key, "value": str(value), "type": type(value).__name__} for key, value in facts.items()],
    )


def retag(model: RegistryModel, add: Collection[str] = (), remove: Collection[str] = ()) -> None:
    """Replaces some tags of a model; others stay."""
    kept = [tag for tag in model.tags if tag not in remove and tag not in add]
    # not models.update: the SDK's request of that name makes a published model a draft unless it is told otherwise
    registry_client().models.edit(model=model.id, tags=[*kept, *add])

"""The training profile that a model's run has left."""

from __future__ import annotations

import json

from config.errors import BadInput
from models.catalog import RegistryModel
from models.drift.profile import ARTIFACT, Profile
from models.loading import artifact_bytes


def profile_of(model: RegistryModel) -> Profile:
    """The training profile of a model.

    Raises:
        BadInput: its run left none, or it cannot be read.
    """
    content = artifact_bytes(model, ARTIFACT)
    try:
        told = json.loads(content)
    except ValueError as error:
        raise BadInput(f"the training profile of model {model.id} cannot be read: {error}") from None
    return Profile.from_json(told)

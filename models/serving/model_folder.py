"""A model on its way to the workers: its checked file and what belongs to it, in a folder that only we can read.

So workers know no registry, and one that was killed is replaced while the server is away.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.catalog import RegistryModel

_MODEL, _FACTS, _HOLDOUT = "model.joblib", "model.json", "holdout.parquet"


@dataclass(frozen=True)
class ModelFolder:
    """The folder of one model."""

    path: Path

    @classmethod
    def make(cls, model: RegistryModel, model_file: bytes, holdout: bytes | None) -> ModelFolder:
        """Writes the folder, below the system's folder for temporary files.

        Args:
            model: of the registry.
            model_file: checked, see `models.loading.verified_file`.
            holdout: content of the artifact; None where there is none.
        """
        folder = cls(Path(tempfile.mkdtemp(prefix="serving-")))  # of mode 0700
        facts = {"id": model.id, "name": model.name, "input_schema": model.input_schema}
        (folder.path / _MODEL).write_bytes(model_file)
        (folder.path / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
        if holdout is not None:
            (folder.path / _HOLDOUT).write_bytes(holdout)
        return folder

    def pipeline(self) -> Any:
        """The fitted pipeline."""
        import joblib

        return joblib.load(self.path / _MODEL)

    def facts(self) -> dict[str, Any]:
        """``id``, ``name`` and ``input_schema`` of the model."""
        facts: dict[str, Any] = json.loads((self.path / _FACTS).read_text(encoding="utf-8"))
        return facts

    def holdout(self) -> bytes | None:
        """Content of the artifact with the held-out rows; None where there is none."""
        path = self.path / _HOLDOUT
        return path.read_bytes() if path.exists() else None

    def remove(self) -> None:
        """Deletes it."""
        shutil.rmtree(self.path, ignore_errors=True)

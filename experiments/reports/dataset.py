"""A table that lies in a ClearML Dataset."""

from __future__ import annotations

from pathlib import Path

import clearml

from config.errors import BadInput


def fetch_dataset(dataset_id: str) -> Path:
    """The single file of a dataset, on this machine.

    Raises:
        BadInput: there is no such dataset, or it does not hold exactly one CSV or Parquet file.
    """
    try:
        folder = Path(clearml.Dataset.get(dataset_id=dataset_id).get_local_copy())
    except ValueError as error:
        raise BadInput(f"dataset:{dataset_id} cannot be fetched ({error}); see 'clearml-data list'") from None
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".csv", ".parquet"))
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "none"
        raise BadInput(f"dataset:{dataset_id} must hold one CSV or Parquet file, it holds {names}")
    return files[0]

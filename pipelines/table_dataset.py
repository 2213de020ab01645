"""A table as a ClearML Dataset: ``clearml-data list`` shows it, and the setting ``data`` takes it as ``dataset:ID``.

Import this only once the environment names the server: the SDK reads its configuration when it is imported.
"""

from __future__ import annotations

import logging
from pathlib import Path

import clearml

from config.errors import BadInput
from experiments.reports.tracking import configure_sdk

log = logging.getLogger(__name__)

TAG = "table"
SHORTEST_NAME = 3  # characters; ClearML refuses shorter ones
PARQUET = b"PAR1"


def make_dataset(file: Path, project: str) -> str:
    """The id of a new, final dataset that holds one table.

    Args:
        file: CSV or Parquet; its name becomes the dataset's and the table's.
        project: of the dataset.

    Raises:
        BadInput: the server does not take it; no half dataset stays behind.
    """
    configure_sdk()
    table = with_plain_suffix(file)
    name = table.stem if len(table.stem) >= SHORTEST_NAME else f"table {table.stem}"
    dataset = clearml.Dataset.create(dataset_name=name, dataset_project=project, dataset_tags=[TAG])
    try:
        dataset.add_files(str(table), verbose=False)
        dataset.upload(show_progress=False, verbose=False)
        if not dataset.finalize():
            raise BadInput(f"the dataset of {table.name} could not be finalised")
    except BaseException:
        delete_dataset(str(dataset.id))
        raise
    return str(dataset.id)


def delete_dataset(id: str) -> None:
    """Deletes a dataset that nobody will use; where that fails, too, it is said and left."""
    try:
        clearml.Dataset.delete(dataset_id=id, force=True)
    except Exception as error:  # whatever made the first step fail may make this one fail
        log.warning("the dataset %s could not be deleted: %s", id, error)


def with_plain_suffix(file: Path) -> Path:
    """The file under a name by which a dataset's table is found again: .csv or .parquet, as its content says."""
    with file.open("rb") as stream:
        suffix = ".parquet" if stream.read(len(PARQUET)) == PARQUET else ".csv"
    return file if file.suffix == suffix else file.rename(file.with_suffix(suffix))

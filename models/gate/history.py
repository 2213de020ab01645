"""Who became champion of a name, when, and why: a service task that people can look at.

The registry's models alone say who is champion; this task only tells the story. It stays a draft, since a task that has
ended takes no more configuration.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from models.catalog import RegistryModel, registry_client

log = logging.getLogger(__name__)

TAG = "champion-history"
#: name of the task's configuration that holds all rows
CONFIGURATION = "history"
TITLE = "Champions"
COLUMNS = ("number", "at", "event", "champion", "former", "metric", "hold-out score", "by", "reason")

Row = Mapping[str, Any]


def tell(champion: RegistryModel, row: Row) -> None:
    """Adds a row to the history of a name; what fails is logged, since the champion has changed all the same.

    Call it while the promotion's lock is held: two at once would lose a row.

    Args:
        champion: the new one.
        row: by `COLUMNS`.
    """
    try:
        _tell(champion, row)
    except Exception as error:  # of any kind: the server may be away
        log.warning("the history of %s could not be written: %s", champion.name, error)


def history(name: str) -> list[dict[str, Any]]:
    """The rows of a name, the oldest first."""
    task_id = _find(name)
    return _rows(task_id) if task_id else []


def _tell(champion: RegistryModel, row: Row) -> None:
    from clearml import Task

    task_id = _find(champion.name) or _make(champion)
    rows = [*_rows(task_id), dict(row)]
    registry_client().tasks.edit_configuration(
        task=task_id,
        configuration=[{"name": CONFIGURATION, "type": "json", "value": json.dumps(rows, indent=1)}],
        force=True,
    )
    task = Task.get_task(task_id=task_id)
    logger = task.get_logger()
    story = f"{row['event']}: {row['champion']} after {row['former'] or 'none'}, by {row['by']}: {row['reason']}"
    logger.report_text(story, print_console=False)
    cells = [list(COLUMNS), *([str(each.get(column, "")) for column in COLUMNS] for each in reversed(rows))]
    logger.report_table(TITLE, champion.name, 0, table_plot=cells)
    if champion.holdout_score is not None:
        logger.report_scalar(TITLE, f"hold-out {champion.metric}", champion.holdout_score, int(row["number"]))
    task.flush(wait_for_uploads=True)


def _find(name: str) -> str:
    """Id of the history's task; empty where there is none."""
    found = registry_client().tasks.get_all(
        name=f"^{re.escape(_task_name(name))}$", type=["service"], tags=[TAG], system_tags=["-archived"],
        only_fields=["id"], order_by=["created"],
    )  # fmt: skip
    return str(found[0].id) if found else ""


def _make(champion: RegistryModel) -> str:
    client = registry_client()
    project = client.models.get_all(id=[champion.id], only_fields=["project"])[0].project
    made = client.tasks.create(
        name=_task_name(champion.name), type="service", project=project, tags=[TAG],
        comment="Promotions and rollbacks of this name. The models' tags and metadata say who is champion; this tells.",
    )  # fmt: skip
    return str(made.id)


def _task_name(name: str) -> str:
    return f"champion of {name}"


def _rows(task_id: str) -> list[dict[str, Any]]:
    found = registry_client().tasks.get_configurations(tasks=[task_id], names=[CONFIGURATION]).configurations
    values = [item["value"] for of_task in found or () for item in of_task["configuration"] or ()]
    rows = json.loads(values[0]) if values else []
    return rows if isinstance(rows, list) else []

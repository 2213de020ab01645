"""Where a verdict stands: on the challenger's model as metadata, on its task as an artifact, a table and a plot.

A finished task takes no artifacts by the call that is made for them, while an edit by force replaces its list of
artifacts in any status. So the file is uploaded first and the list edited then; the task's status and times stay.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

from models.catalog import RegistryModel, registry_client
from models.gate.marks import note
from models.gate.verdict import Verdict
from models.gate.verdict_figure import verdict_figure

log = logging.getLogger(__name__)

ARTIFACT = "verdict"
TITLE = "Verdict"
#: of the table, relative: measure, challenger, champion, what it means
_COLUMN_WIDTHS = [3, 2, 2, 10]
#: statuses in which a task takes artifacts
_OPEN = ("created", "in_progress")


def record(verdict: Verdict, challenger: RegistryModel, task: Any = None) -> None:
    """Records a verdict; what cannot be recorded is logged, since the verdict holds all the same.

    Args:
        verdict: of the gate.
        challenger: whose.
        task: the `clearml.Task` that made it, where this process runs it; else it is fetched.
    """
    for what, step in (
        ("on the model", lambda: note(challenger.id, verdict.metadata())),
        ("on its task", lambda: _report(verdict, challenger, task)),
    ):
        try:
            step()
        except Exception as error:  # of any kind: the server may be away
            log.warning("the verdict on model %s could not be recorded %s: %s", challenger.id, what, error)


def _report(verdict: Verdict, challenger: RegistryModel, task: Any) -> None:
    from clearml import Task

    if task is None:
        if not challenger.task_id:
            return
        task = Task.get_task(task_id=challenger.task_id)
    if str(task.get_status()) in _OPEN:
        if not task.upload_artifact(ARTIFACT, verdict.as_json(), wait_on_upload=True):
            raise RuntimeError("the SDK refused the artifact")
    else:
        _attach(verdict, challenger)
    logger = task.get_logger()
    widths = {"columnwidth": _COLUMN_WIDTHS}
    logger.report_table(TITLE, "numbers and reasons", 0, table_plot=verdict.table(), extra_data=widths)
    logger.report_plotly(TITLE, "challenger against champion", verdict_figure(verdict), 0)
    logger.report_text(f"{verdict.outcome}: {verdict.reason}", print_console=False)
    task.flush(wait_for_uploads=True)


def _attach(verdict: Verdict, challenger: RegistryModel) -> None:
    """Adds the artifact to a task that has ended."""
    from clearml import StorageManager

    content = json.dumps(verdict.as_json(), indent=1).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    # beside the task's other files; another name each time, since readers cache by address
    place = challenger.uri.partition("/models/")[0]
    uri = f"{place}/artifacts/{ARTIFACT}/{ARTIFACT}-{sha256[:12]}.json"
    with tempfile.TemporaryDirectory(prefix="verdict-") as folder:
        path = Path(folder, f"{ARTIFACT}.json")
        path.write_bytes(content)
        if not StorageManager.upload_file(str(path), uri):
            raise RuntimeError(f"it could not be uploaded to {uri}")
    client = registry_client()
    execution = client.tasks.get_by_id(task=challenger.task_id).to_dict().get("execution") or {}
    kept = [each for each in execution.get("artifacts") or [] if each.get("key") != ARTIFACT]
    artifact = {
        "key": ARTIFACT, "type": "dict", "mode": "output", "uri": uri, "content_size": len(content), "hash": sha256,
        "timestamp": int(time.time()),
        "type_data": {"preview": content.decode(), "content_type": "application/json"},
    }  # fmt: skip
    client.tasks.edit(task=challenger.task_id, force=True, execution={**execution, "artifacts": [*kept, artifact]})

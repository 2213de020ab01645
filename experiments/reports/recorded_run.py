"""A run as its task recorded it: with which settings, and which model it published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import clearml

from config.errors import BadInput
from config.settings import Settings, with_hyperparameters
from models.catalog import RegistryModel, model_by_id

_MODEL = "model.joblib"


@dataclass(frozen=True)
class RecordedRun:
    """What a task says of a run that has ended."""

    task_id: str
    #: as the task's hyperparameters have them now; a person may have edited them since
    settings: Settings
    #: that the run published, the best single pipeline
    model: RegistryModel


def recorded_run(task_id: str) -> RecordedRun:
    """Reads a task.

    Raises:
        BadInput: there is no such task, it has no model, or its hyperparameters are none of a run.
    """
    task = _task(task_id)
    sections: dict[str, dict[str, Any]] = {}
    for path, value in task.get_parameters().items():
        section, _, name = path.partition("/")
        sections.setdefault(section, {})[name] = value
    model_id = _model_id(task)
    if not model_id:
        raise BadInput(f"task {task_id} ({task.get_status()}) has published no model, so there is nothing to verify")
    model = model_by_id(model_id)
    if model is None:
        raise BadInput(f"the model {model_id} of task {task_id} is not in the registry any more")
    return RecordedRun(task_id, with_hyperparameters(Settings(), sections), model)


def _task(task_id: str) -> Any:
    try:
        task = clearml.Task.get_task(task_id=task_id)
    except ValueError:
        task = None
    if task is None:
        raise BadInput(f"there is no task {task_id!r}; 'clearml-automl status' shows the latest")
    return task


def _model_id(task: Any) -> str:
    """Of several, the one whose file is the task's artifact: an ensemble is another."""
    models = task.get_models()["output"]
    artifact = task.artifacts.get(_MODEL)
    chosen = [model.id for model in models if artifact is not None and model.url == artifact.url]
    return str((chosen or [model.id for model in models] or [""])[0])

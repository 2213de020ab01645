"""Tasks out of settings: created, enqueued, cloned. The only place that does any of the three."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import BadInput
from config.settings import Settings, describe, hyperparameters, with_hyperparameters
from experiments.search.space_names import SEARCH_SPACE, is_python_file
from pipelines.checkout import script_section

#: statuses of a task that was interrupted
RESUMABLE = ("failed", "stopped")
QUEUE_EXISTS = 801  # subcode of the refusal to make a queue of a name that another has


@dataclass(frozen=True)
class Launched:
    """A task that waits in a queue."""

    task_id: str
    queue: str
    #: its page in the web interface
    url: str


def enqueue(settings: Settings, name: str) -> Launched:
    """Creates a task from this checkout and puts it into the queue.

    The task is created whole in one call: a failure leaves nothing half-made behind.

    Args:
        settings: become the task's hyperparameters; project and queue say where it goes.
        name: the task's name.
    """
    client = api_client()
    project = _project_id(client, settings.project)
    task_id = client.tasks.create(
        name=name, type="training", project=project, script=script_section(), hyperparams=_parameters(settings),
        configuration=_configuration(settings),
    ).id  # fmt: skip
    enqueue_task(task_id, settings.queue)
    return Launched(task_id, settings.queue, task_url(task_id, project))


def reenqueue(task_id: str, settings: Settings) -> tuple[Launched, Settings]:
    """Puts a task that has ended before its time back into the queue.

    Args:
        task_id: the task.
        settings: the queue's name, and what the task does not say itself.

    Returns:
        Where it waits, and its settings.

    Raises:
        BadInput: there is no such task, or its status does not allow it.
    """
    from clearml.backend_api.session.client import APIError

    client = api_client()
    try:
        task = client.tasks.get_by_id(task=task_id)
    except APIError:
        raise BadInput(f"there is no task {task_id}; 'clearml-automl status' lists the latest") from None
    status = str(task.status)
    if status not in RESUMABLE:
        raise BadInput(f"task {task_id} is {status}; only one that is {' or '.join(RESUMABLE)} can be resumed")
    parameters = {
        section: {name: parameter["value"] for name, parameter in entries.items()}
        for section, entries in task.to_dict().get("hyperparams", {}).items()
    }
    enqueue_task(task_id, settings.queue)
    return (
        Launched(task_id, settings.queue, task_url(task_id, task.project)),
        with_hyperparameters(settings, parameters),
    )


def enqueue_task(task_id: str, queue: str) -> None:
    """Puts a task into a queue by name; the queue is made where it is missing."""
    api_client().tasks.enqueue(task=task_id, queue=ensure_queue(queue))


def ensure_queue(name: str) -> str:
    """The id of a queue; it is made where it is missing, by us or by whoever was faster (an agent makes its own)."""
    from clearml.backend_api.session.client import APIError

    client = api_client()
    for _ in range(2):
        found = client.queues.get_all(name=f"^{re.escape(name)}$", only_fields=["id"])
        if found:
            return str(found[0].id)
        try:
            return str(client.queues.create(name=name).id)
        except APIError as error:
            if error.subcode != QUEUE_EXISTS:
                raise
    raise RuntimeError(f"the queue {name} exists and cannot be found")


def clone(task_id: str, changes: dict[str, Any], name: str | None = None) -> str:
    """Clones a task with some hyperparameters changed, as a person does in a web interface.

    Args:
        task_id: the task to clone.
        changes: ``section/name`` -> value.
        name: the clone's name; the original's where None.

    Returns:
        The clone's id.
    """
    client = api_client()
    cloned = client.tasks.clone(task=task_id, **({"new_task_name": name} if name else {})).id
    if changes:
        client.tasks.edit_hyper_params(
            task=cloned,
            hyperparams=[
                {"section": section, "name": key, "value": _text(value)}
                for (section, _, key), value in ((path.partition("/"), value) for path, value in changes.items())
            ],
        )
    return cloned


def task_url(task_id: str, project: str) -> str:
    """A task's page in the web interface, as the SDK prints it."""
    from clearml.backend_api import Session

    return f"{Session.get_app_server_host()}/projects/{project or '*'}/experiments/{task_id}/output/log"


def api_client() -> Any:
    """A client of the configured server; imported late, since the SDK reads its configuration when imported."""
    from clearml.backend_api.session.client import APIClient

    return APIClient()


def _project_id(client: Any, name: str) -> str:
    found = client.projects.get_all(name=f"^{re.escape(name)}$", only_fields=["id"])
    return found[0].id if found else client.projects.create(name=name).id


def _parameters(settings: Settings) -> dict[str, dict[str, dict[str, str]]]:
    """Hyperparameters as the API takes them, each with the help that a web interface shows."""
    described = {description.name: description for description in describe()}
    return {
        section: {
            name: {
                "section": section,
                "name": name,
                "value": _text(value),
                "type": type(value).__name__,
                "description": described[name].help + (f" [{described[name].unit}]" if described[name].unit else ""),
            }
            for name, value in parameters.items()
        }
        for section, parameters in hyperparameters(settings).items()
    }


def _configuration(settings: Settings) -> dict[str, dict[str, str]]:
    """A search space in a Python file, as a configuration of the task: it travels, and is shown."""
    if not is_python_file(settings.search_space):
        return {}
    text = Path(settings.search_space).read_text(encoding="utf-8")
    return {SEARCH_SPACE: {"name": SEARCH_SPACE, "value": text, "type": "py"}}


def _text(value: Any) -> str:
    return "" if value is None else str(value)

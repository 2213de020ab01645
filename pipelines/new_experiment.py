"""Experiments out of tables that a person drops on a page: what the embedded server's experiment command answers.

The server runs ``clearml-automl new-experiment`` for each question, a JSON object, and shows the answer, another one:
``look`` says what is in a table, ``start`` makes a ClearML Dataset of it and puts a task into the queue.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.errors import BadInput
from config.settings import Settings, describe, resolve
from experiments.preparation import DATASET_PREFIX, prepare
from experiments.search.space_names import is_python_file
from pipelines.launching import api_client, enqueue
from pipelines.runs import launchable, task_name
from pipelines.stack import Stack
from pipelines.table_look import look

#: settings that the page offers, and the name of the task, which is none
FIELDS = (
    "target_column", "metric", "time_left", "project", "queue", "search_space", "feat_type", "missing_labels", "name",
)  # fmt: skip
#: where an error belongs that is nobody's field
FORM = "form"
SHORTEST_NAME = 3  # characters; ClearML refuses shorter ones
#: what a message says of the command line, and the page's counterpart
IN_WORDS_OF_THE_PAGE = (
    "or leave those rows out with --missing-labels drop",
    "or tick the box that leaves those rows out",
)


def answer(question: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a question of the server.

    Args:
        question: ``request`` (look or start), ``file``, and for start ``fields``.
        options: settings that the command line gives.

    Raises:
        BadInput: there is no such question, or a setting of this machine is wrong.
    """
    file = Path(str(question.get("file", "")))
    if question.get("request") == "look":
        return look(file, resolve(options).settings)
    if question.get("request") == "start":
        return start(file, dict(question.get("fields") or {}), options)
    raise BadInput(f"a question begins with request look or start, not {question.get('request')!r}")


def start(file: Path, fields: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Makes a dataset and a task; or ``errors``, a text for each field that is wrong, and nothing is made then.

    Args:
        file: the table.
        fields: what the person chose, of `FIELDS`.
        options: settings that the command line gives.

    Returns:
        ``task``, ``name``, ``dataset``, and ``note`` where nobody will execute the task.
    """
    errors = check_fields(fields, options)
    if errors:
        return {"errors": errors}
    given = {name: value for name, value in fields.items() if name != "name" and value}
    resolved = resolve({**options, **given, "data": str(file)})
    try:
        prepare(resolved.settings)
    except BadInput as error:
        return {"errors": {_field_of(error, resolved.settings): _told(error, file)}}
    stack = Stack(resolved)
    connection = stack.server.connection()  # the one that asks, whatever other server is configured
    connection.check()
    connection.apply()
    from pipelines.table_dataset import delete_dataset, make_dataset  # the SDK reads its configuration when imported

    name = fields.get("name") or task_name(resolved.settings)
    dataset = make_dataset(file, resolved.settings.project)
    try:
        launched = enqueue(_on_dataset(stack, dataset), name)
    except BaseException:
        delete_dataset(dataset)
        raise
    return {"task": launched.task_id, "name": name, "dataset": dataset, "note": _note(launched.queue)}


def check_fields(fields: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with each field by itself; whether they fit the table is looked at later."""
    errors: dict[str, str] = {}
    for name, value in fields.items():
        if name not in FIELDS:
            errors[FORM] = f"there is no field {name!r}"
        elif name in ("project", "queue", "name") and 0 < len(value.strip()) < SHORTEST_NAME:
            errors[name] = f"{value!r} is too short, type at least {SHORTEST_NAME} characters"
        elif name == "search_space" and is_python_file(value):
            errors[name] = "a Python file cannot be named here; type it on the command line"
        elif name != "name" and value:
            try:
                resolve({**options, name: value})
            except BadInput as error:
                errors[name] = str(error).removeprefix(f"{_option(name)}: ")
    if not fields.get("target_column"):
        errors["target_column"] = "choose the column to predict"
    return errors


def _told(error: BadInput, file: Path) -> str:
    """The message with the person's own name of the file in place of its path here, and the page's words."""
    return str(error).replace(str(file), file.name).replace(*IN_WORDS_OF_THE_PAGE)


def _field_of(error: BadInput, settings: Settings) -> str:
    """The field that a message about the table and the settings together belongs to."""
    text = str(error)
    for field in ("feat_type", "metric"):
        if text.startswith((f"{field}:", f"{field} ")):
            return field
    if text.startswith("search space"):
        return "search_space"
    if "feat_type" in text:
        return "feat_type"
    if "--missing-labels" in text:
        return "missing_labels"
    return "target_column" if repr(settings.target_column) in text or "target" in text else FORM


def _option(name: str) -> str:
    return next(description.option for description in describe() if description.name == name)


def _on_dataset(stack: Stack, dataset: str) -> Settings:
    return launchable(stack).model_copy(update={"data": f"{DATASET_PREFIX}{dataset}"})


def _note(queue: str) -> str:
    """That no worker serves a queue, and what to type; empty where one does."""
    served = {str(each.name) for worker in api_client().workers.get_all() for each in worker.queues or ()}
    return "" if queue in served else f"No worker serves the queue {queue!r} yet; type 'clearml-automl start agent'"


def read_question(text: str) -> dict[str, Any]:
    """The question on standard input.

    Raises:
        BadInput: it is no JSON object.
    """
    try:
        question = json.loads(text)
    except ValueError as error:
        raise BadInput(f"the question is no JSON ({error})") from None
    if not isinstance(question, dict):
        raise BadInput("the question is no JSON object")
    return question

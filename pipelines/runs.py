"""A run as a person starts it: through queue and agent, in this process, or only put into the queue."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console

from config.settings import Resolved, Settings
from experiments.preparation import prepare
from experiments.reports.terminal import ResultSummary, TerminalView
from experiments.search.space_names import inlined, is_python_file, space_label
from pipelines.following import await_result, follow
from pipelines.launching import Launched, api_client, enqueue, reenqueue
from pipelines.stack import Stack
from pipelines.supervision import supervised

STOPPED_WITHIN = 20.0  # seconds that a task which was told to stop is waited for


def run_through_queue(resolved: Resolved, messages: Console) -> ResultSummary:
    """Starts what the run needs, enqueues a task, and follows it to its end.

    Args:
        resolved: the settings.
        messages: where progress goes; the result too, since standard output is for ``-o json``.

    Raises:
        BadInput: the table, a setting, or the server; nothing has been created then.
        RunFailed: the task ended without a model.
    """
    metric = prepare(resolved.settings).metric  # bad input ends here, before anything is started
    stack = Stack(resolved)
    with TerminalView(messages, resolved.settings.time_left, metric) as view:
        stack.start(lambda: view.show_waiting("waiting for the pool's workers to import their libraries"))
        launched = enqueue(launchable(stack), task_name(resolved.settings))
        view.show_waiting(f"task {launched.task_id} waits in the queue {launched.queue!r}: {launched.url}")
        with supervised(stack, messages) as supervision, _stopping_on_interrupt(launched, metric, view, messages):
            result = follow(launched.task_id, metric, view, lambda: supervision.failure)
        view.show_result(result)
    if not stack.is_server_configured:
        messages.print(f"let a browser in, once: {stack.server.login_link()}", highlight=False, soft_wrap=True)
    return result


def resume(resolved: Resolved, task_id: str, messages: Console) -> ResultSummary:
    """Puts a task that was interrupted or stopped back into the queue, and follows it to its end.

    It goes on where it was: its checkpoint holds the evaluations and the budget that it had spent.

    Args:
        resolved: settings of this process; those of the task are the task's own.
        task_id: the task.
        messages: where progress and the result go.

    Raises:
        BadInput: there is no such task, or it runs, waits or is published.
        RunFailed: the task ended without a model.
    """
    stack = Stack(resolved)
    stack.connect()
    launched, settings = reenqueue(task_id, resolved.settings)
    metric = prepare(settings).metric
    with TerminalView(messages, settings.time_left, metric) as view:
        stack.start(lambda: view.show_waiting("waiting for the pool's workers to import their libraries"))
        view.show_waiting(f"task {task_id} waits in the queue {launched.queue!r} again: {launched.url}")
        with supervised(stack, messages) as supervision, _stopping_on_interrupt(launched, metric, view, messages):
            result = follow(task_id, metric, view, lambda: supervision.failure)
        view.show_result(result)
    return result


def run_here(resolved: Resolved, messages: Console) -> ResultSummary:
    """Runs the experiment in this process, without queue and agent; it is a tracked task all the same.

    Raises:
        BadInput: the table, a setting, or the server.
        RunFailed: the task ended without a model.
    """
    metric = prepare(resolved.settings).metric
    Stack(resolved).connect()
    from experiments.run import run_in_process  # imports the SDK, which reads its configuration then

    with TerminalView(messages, resolved.settings.time_left, metric) as view:
        return run_in_process(resolved.settings, task_name(resolved.settings), view)


def enqueue_run(resolved: Resolved, messages: Console) -> Launched:
    """Puts a run into the queue of the configured or embedded server, and nothing else.

    Raises:
        BadInput: the table, a setting, or the server.
    """
    prepare(resolved.settings)
    stack = Stack(resolved)
    stack.connect()
    launched = enqueue(launchable(stack), task_name(resolved.settings))
    messages.print(f"{launched.url}", highlight=False, soft_wrap=True)
    return launched


def task_name(settings: Settings) -> str:
    """A name that tells runs apart in a list."""
    return f"{Path(settings.data).stem}, {space_label(settings.search_space)}, seed {settings.seed}"


def launchable(stack: Stack) -> Settings:
    """The run's settings for an agent, which works in another folder: absolute paths, JSON instead of its file."""
    settings = stack.run_settings()
    update = {"search_space": inlined(settings.search_space)}
    if is_python_file(settings.search_space):
        update["search_space"] = str(Path(settings.search_space).expanduser().absolute())
    path = Path(settings.data).expanduser()
    if path.is_file():
        update["data"] = str(path.absolute())
    return settings.model_copy(update=update)


@contextmanager
def _stopping_on_interrupt(launched: Launched, metric: str, view: TerminalView, messages: Console) -> Iterator[None]:
    """Ctrl-C asks the task to stop, and shows what it put away; a second one leaves it alone."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(KeyboardInterrupt):
            messages.print("stopping: the best so far is fitted and published; Ctrl-C once more leaves it alone")
            api_client().tasks.stop(task=launched.task_id, status_reason="stopped by Ctrl-C")
            result = await_result(launched.task_id, metric, STOPPED_WITHIN)
            if result:
                view.show_result(result)
            else:
                messages.print(f"what it found is on its page: {launched.url}", highlight=False, soft_wrap=True)
        sys.stderr.flush()
        os._exit(130)  # without the SDK's exit hooks, which may wait

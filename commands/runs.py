"""``clearml-automl run``, ``enqueue``, ``resume``, and the stack that they need."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Annotated, Any

import typer

from commands.frame import Output, given, messages, with_settings
from config.settings import resolve

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Evolve scikit-learn pipelines on a table, as a ClearML task from a queue to the model registry.",
)


@app.command()
@with_settings
def run(
    settings: dict[str, Any],
    here: Annotated[bool, typer.Option("--here", help="Run in this process, without queue and agent.")] = False,
    output: Output = "text",
) -> int:
    """Search for the best pipeline on a table: as a ClearML task, through queue and agent, followed here."""
    from pipelines.runs import run_here, run_through_queue

    result = (run_here if here else run_through_queue)(resolve(settings), messages)
    if output == "json":
        print(json.dumps(result.as_json()))
    return 0


@app.command()
def resume(
    task_id: Annotated[str, typer.Argument(help="The task's id.", metavar="TASK")],
    output: Output = "text",
) -> int:
    """Go on with a run that was interrupted or stopped: the same task, from where it was."""
    from pipelines.runs import resume as resume_run

    result = resume_run(resolve(), task_id, messages)
    if output == "json":
        print(json.dumps(result.as_json()))
    return 0


@app.command()
@with_settings
def enqueue(settings: dict[str, Any], output: Output = "text") -> None:
    """Put a run into the queue and print the task's id, without waiting for it."""
    from pipelines.runs import enqueue_run

    launched = enqueue_run(resolve(settings), messages)
    if output == "json":
        print(json.dumps({"task_id": launched.task_id, "queue": launched.queue, "url": launched.url}))
    else:
        print(launched.task_id)


@app.command()
@with_settings
def start(
    settings: dict[str, Any],
    part: Annotated[str, typer.Argument(help="all, server, dask or agent.", metavar="[PART]")] = "all",
) -> None:
    """Start the local stack, or a part of it: server, dask, agent."""
    from pipelines.stack import Stack

    stack = Stack(resolve(settings))
    stack.start_part(part)
    _print_status(stack)


@app.command()
def stop(
    part: Annotated[str, typer.Argument(help="all, server, dask or agent.", metavar="[PART]")] = "all",
) -> None:
    """Stop what this project started on this machine, and only that."""
    from pipelines.stack import Stack

    stopped = Stack(resolve()).stop(part)
    messages.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@app.command()
def status(output: Output = "text") -> None:
    """Show what runs: server, pool, agent, and the latest tasks."""
    from pipelines.stack import Stack

    _print_status(Stack(resolve()), output)


def _print_status(stack: Any, output: str = "text") -> None:
    from pipelines.status import stack_status

    found = stack_status(stack)
    if output == "json":
        print(json.dumps(found.as_json()))
        return
    for row in found.rows():
        print(row)


@app.command()
@with_settings
def check(settings: dict[str, Any]) -> int:
    """Run a short search and check every link of the chain, from the queue to the published model."""
    from pipelines.chain_check import check_chain

    return check_chain(resolve({"data": "penguins", "time_left": "20", **given(settings)}), messages)


@app.command("new-experiment", hidden=True)
@with_settings
def new_experiment(settings: dict[str, Any]) -> None:
    """Answer the embedded server's page of that name: a JSON object on standard input, another on standard output."""
    from pipelines.new_experiment import answer, read_question

    with contextlib.redirect_stdout(sys.stderr):  # the SDK talks on standard output
        answered = answer(read_question(sys.stdin.read()), given(settings))
    print(json.dumps(answered))

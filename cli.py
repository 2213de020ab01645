"""The command line: ``clearml-automl run``, ``enqueue``, ``server``, ``config`` and the rest."""

from __future__ import annotations

import contextlib
import inspect
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from rich.console import Console
from rich.table import Table as RichTable

from config.errors import BadInput, RunFailed
from config.settings import SettingDescription, describe, resolve

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Evolve scikit-learn pipelines on a table, as a ClearML task from a queue to the model registry.",
)
server_app = typer.Typer(no_args_is_help=True, help="The embedded ClearML-compatible server.")
config_app = typer.Typer(no_args_is_help=True, help="The settings and where they come from.")
app.add_typer(server_app, name="server")
app.add_typer(config_app, name="config")

UsageError: Any = typer.BadParameter.__base__  # typer does not export it, and brings its own copy of click
messages = Console(stderr=True, highlight=False)
Output = Annotated[
    Literal["text", "json"], typer.Option("--output", "-o", help="How to print the result.", show_default=True)
]


def main() -> None:
    """Runs the command line; bad input ends in one line on stderr and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except BadInput as error:
        _fail(str(error))
    except UsageError as error:
        command = error.ctx.command_path if error.ctx else "clearml-automl"
        _fail(f"{error.format_message().rstrip('.')}; see '{command} --help'")
    except RunFailed as error:
        _fail(str(error), code=1)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int = 2) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)


def with_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command one option for each setting; it receives those that were given as ``settings``.

    Help, defaults and environment variables come from the typed settings, the single place that states them.
    """
    own = [p for p in inspect.signature(function, eval_str=True).parameters.values() if p.name != "settings"]
    options = [_option(description) for description in describe()]
    names = {option.name for option in options}

    def command(**arguments: Any) -> Any:
        settings = {name: arguments.pop(name) for name in names}
        return function(settings=settings, **arguments)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    command.__signature__ = inspect.Signature(own + options)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in own + options}
    return command


_METAVARS = {int: "NUMBER", float: "NUMBER", Path: "FOLDER"}


def _option(description: SettingDescription) -> inspect.Parameter:
    is_switch = description.type is bool
    choices = "|".join(get_args(description.type)) if get_origin(description.type) is Literal else ""
    default = f"default {description.default_text}; " if description.default_text else ""
    option = typer.Option(
        f"{description.option}/--no-{description.option[2:]}" if is_switch else description.option,
        help=f"{description.help} ({default}{description.environment})",
        metavar=None if is_switch else choices or _METAVARS.get(description.type, "TEXT"),
        show_default=False,
        rich_help_panel=description.section,
    )
    return inspect.Parameter(
        description.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[bool | None if is_switch else str | None, option],
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

    return check_chain(resolve({"data": "penguins", "time_left": "20", **_given(settings)}), messages)


@app.command("new-experiment", hidden=True)
@with_settings
def new_experiment(settings: dict[str, Any]) -> None:
    """Answer the embedded server's page of that name: a JSON object on standard input, another on standard output."""
    from pipelines.new_experiment import answer, read_question

    with contextlib.redirect_stdout(sys.stderr):  # the SDK talks on standard output
        answered = answer(read_question(sys.stdin.read()), _given(settings))
    print(json.dumps(answered))


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


@server_app.command("start")
@with_settings
def server_start(settings: dict[str, Any]) -> None:
    """Start the embedded server, whatever other server is configured."""
    from pipelines.stack import Stack

    stack = Stack(resolve(settings))
    with stack.processes.locked():
        connection = stack.server.start(stack.settings)
    print(f"API {connection.api}, files {connection.files}, web {stack.server.login_link()}")


@server_app.command("stop")
def server_stop() -> None:
    """Stop the embedded server."""
    from pipelines.stack import Stack

    messages.print("stopped" if Stack(resolve()).server.stop() else "it was not running")


@server_app.command("status")
def server_status(output: Output = "text") -> int:
    """Say whether the embedded server runs and where; exit code 3 where it does not, as service managers do."""
    from pipelines.stack import Stack

    server = Stack(resolve()).server
    running = server.is_running
    connection = server.connection() if running else None
    if output == "json":
        print(
            json.dumps({"running": running, **({"api": connection.api, "web": connection.web} if connection else {})})
        )
    else:
        print(f"running: API {connection.api}, web {connection.web}" if connection else "not running")
    return 0 if running else 3


@server_app.command("env")
def server_env() -> None:
    """Print export lines: eval "$(clearml-automl server env)" points any ClearML tool at the embedded server."""
    from pipelines.stack import Stack

    connection = Stack(resolve()).server.connection()
    connection.write()
    for name, value in connection.environment().items():
        print(f"export {name}={shlex.quote(value)}")


@server_app.command("login")
def server_login() -> None:
    """Print a one-time link that lets a browser in."""
    from pipelines.stack import Stack

    print(Stack(resolve()).server.login_link())


@server_app.command("backup")
def server_backup(
    file: Annotated[Path, typer.Argument(help="To be made; compressed where it ends in .gz.")], output: Output = "text"
) -> None:
    """Write everything that the embedded server holds into one file, while it runs."""
    from pipelines.stack import Stack

    told = Stack(resolve()).server.maintain("backup", file.absolute())
    _print_told(told, output, f"{told['file']}: {told['size']:,} bytes, {told['files']:,} stored files")


@server_app.command("restore")
def server_restore(file: Annotated[Path, typer.Argument(help="A backup.")], output: Output = "text") -> None:
    """Put a backup in place of what the embedded server holds, which is kept beside; it must not run."""
    from pipelines.stack import Stack

    server = Stack(resolve()).server
    if server.is_running:
        raise BadInput("the embedded server runs; stop it by 'clearml-automl server stop' and restore then")
    told = server.maintain("restore", file.absolute())
    before = f"; what was there before is in {told['before']}" if told["before"] else ""
    _print_told(told, output, f"{told['folder']}: restored, {told['files']:,} stored files{before}")


@server_app.command("export")
def server_export(
    folder: Annotated[Path, typer.Argument(help="To be made, or empty.")],
    project: Annotated[list[str] | None, typer.Option(help="Name or id; with all inside. May be repeated.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="Id; with its models. May be repeated.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Id. May be repeated.")] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="Id; with those it is built on. May be repeated.")] = None,
    output: Output = "text",
) -> None:
    """Write tasks, models and datasets with their files into a folder: all, or those chosen."""
    from pipelines.stack import Stack

    chosen = {"--project": project, "--task": task, "--model": model, "--dataset": dataset}
    options = [word for option, values in chosen.items() for value in values or () for word in (option, value)]
    told = Stack(resolve()).server.maintain("export", folder.absolute(), *options)
    counts = ", ".join(f"{told[kind]:,} {kind}" for kind in ("projects", "tasks", "models", "events", "files"))
    _print_told(told, output, f"{told['folder']}: {counts}")


@server_app.command("import")
def server_import(
    folder: Annotated[Path, typer.Argument(help="What 'server export' has made.")],
    on_conflict: Annotated[
        Literal["refuse", "skip", "replace"],
        typer.Option(help="What becomes of tasks, models and files that are here already and differ."),
    ] = "refuse",
    output: Output = "text",
) -> None:
    """Take an exported folder into the embedded server, which must run; ids stay as they are."""
    from pipelines.stack import Stack

    server = Stack(resolve()).server
    server.connection()
    told = server.maintain("import", folder.absolute(), "--on-conflict", on_conflict)
    lines = [f"{word}: {', '.join(f'{count:,} {kind}' for kind, count in told[word].items())}" for word in told]
    _print_told(told, output, "\n".join(line for line in lines if not line.endswith(": ")) or "nothing to import")


@server_app.command("push")
def server_push(
    folder: Annotated[Path, typer.Argument(help="What 'server export' has made.")], output: Output = "text"
) -> None:
    """Give an exported folder to the ClearML server that is configured, over HTTP; ids become new ones."""
    from pipelines.connection import configured_connection, is_configured
    from pipelines.stack import Stack

    server = Stack(resolve()).server
    if not is_configured(server.home):
        raise BadInput("no other ClearML server is configured; export CLEARML_API_HOST and the rest, or 'clearml-init'")
    connection = configured_connection(server.home)
    told = server.maintain("push", folder.absolute(), environment=connection.environment())
    numbers = {kind: told[kind] if isinstance(told[kind], int) else len(told[kind]) for kind in told}
    counts = ", ".join(f"{count:,} {kind}" for kind, count in numbers.items())
    _print_told(told, output, f"{connection.api}: {counts}")


def _print_told(told: dict[str, Any], output: str, text: str) -> None:
    print(json.dumps(told) if output == "json" else text)


@config_app.command("show")
@with_settings
def config_show(settings: dict[str, Any], output: Output = "text") -> None:
    """Show every setting, its value, and where it came from."""
    resolved = resolve(settings)
    rows = [(d, getattr(resolved.settings, d.name), resolved.origins[d.name]) for d in describe()]
    if output == "json":
        print(json.dumps({d.name: {"value": _plain(value), "origin": origin} for d, value, origin in rows}))
        return
    table = RichTable(box=None, pad_edge=False)
    for title in ("section", "setting", "value", "from", "environment"):
        table.add_column(title, overflow="fold")
    for d, value, origin in rows:
        table.add_row(d.section, d.name, str(value), origin, d.environment)
    Console(highlight=False).print(table)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


if __name__ == "__main__":
    main()

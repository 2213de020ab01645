"""``clearml-automl server``: the embedded server, its life and what it holds."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from commands.frame import Output, messages, print_told, with_settings
from config.errors import BadInput
from config.settings import resolve

app = typer.Typer(no_args_is_help=True, help="The embedded ClearML-compatible server.")


@app.command("start")
@with_settings
def server_start(settings: dict[str, Any]) -> None:
    """Start the embedded server, whatever other server is configured."""
    from pipelines.stack import Stack

    stack = Stack(resolve(settings))
    with stack.processes.locked():
        connection = stack.server.start(stack.settings)
    print(f"API {connection.api}, files {connection.files}, web {stack.server.login_link()}")


@app.command("stop")
def server_stop() -> None:
    """Stop the embedded server."""
    from pipelines.stack import Stack

    messages.print("stopped" if Stack(resolve()).server.stop() else "it was not running")


@app.command("status")
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


@app.command("env")
def server_env() -> None:
    """Print export lines: eval "$(clearml-automl server env)" points any ClearML tool at the embedded server."""
    from pipelines.stack import Stack

    connection = Stack(resolve()).server.connection()
    connection.write()
    for name, value in connection.environment().items():
        print(f"export {name}={shlex.quote(value)}")


@app.command("login")
def server_login() -> None:
    """Print a one-time link that lets a browser in."""
    from pipelines.stack import Stack

    print(Stack(resolve()).server.login_link())


@app.command("backup")
def server_backup(
    file: Annotated[Path, typer.Argument(help="To be made; compressed where it ends in .gz.")], output: Output = "text"
) -> None:
    """Write everything that the embedded server holds into one file, while it runs."""
    from pipelines.stack import Stack

    told = Stack(resolve()).server.maintain("backup", file.absolute())
    print_told(told, output, f"{told['file']}: {told['size']:,} bytes, {told['files']:,} stored files")


@app.command("restore")
def server_restore(file: Annotated[Path, typer.Argument(help="A backup.")], output: Output = "text") -> None:
    """Put a backup in place of what the embedded server holds, which is kept beside; it must not run."""
    from pipelines.stack import Stack

    server = Stack(resolve()).server
    if server.is_running:
        raise BadInput("the embedded server runs; stop it by 'clearml-automl server stop' and restore then")
    told = server.maintain("restore", file.absolute())
    before = f"; what was there before is in {told['before']}" if told["before"] else ""
    print_told(told, output, f"{told['folder']}: restored, {told['files']:,} stored files{before}")


@app.command("export")
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
    print_told(told, output, f"{told['folder']}: {counts}")


@app.command("import")
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
    print_told(told, output, "\n".join(line for line in lines if not line.endswith(": ")) or "nothing to import")


@app.command("push")
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
    print_told(told, output, f"{connection.api}: {counts}")

"""The command line: ``clearml-automl run``, ``enqueue``, ``models``, ``server``, ``config`` and the rest."""

from __future__ import annotations

import sys
from typing import Any

import typer

from commands import configuration, drift, export, models, server, serving, verify
from commands.runs import app
from config.errors import BadInput, RunFailed

app.command()(serving.serve)
app.command(epilog=verify.EXIT_CODES)(verify.verify)
models.app.command(epilog=drift.EXIT_CODES)(drift.drift)
models.app.command(epilog=export.EXIT_CODES)(export.export)
app.add_typer(models.app, name="models")
app.add_typer(server.app, name="server")
app.add_typer(configuration.app, name="config")

UsageError: Any = typer.BadParameter.__base__  # typer does not export it, and brings its own copy of click


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


if __name__ == "__main__":
    main()

"""``clearml-automl config``: the settings and where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table as RichTable

from commands.frame import Output, with_settings
from config.settings import describe, resolve

app = typer.Typer(no_args_is_help=True, help="The settings and where they come from.")


@app.command("show")
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

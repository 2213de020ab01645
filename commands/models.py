"""``clearml-automl models``: the registry, from which one model of a name is the champion."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="The models that runs publish: compared, promoted, exported, watched.")

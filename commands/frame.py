"""What every command shares: an option for each setting, where messages go, how results are printed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from rich.console import Console

from config.settings import SettingDescription, describe

messages = Console(stderr=True, highlight=False)
Output = Annotated[
    Literal["text", "json"], typer.Option("--output", "-o", help="How to print the result.", show_default=True)
]


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


def given(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given on the command line."""
    return {name: value for name, value in settings.items() if value is not None}


def print_told(told: dict[str, Any], output: str, text: str) -> None:
    """Prints a result: as JSON, or what says the same to a person."""
    print(json.dumps(told) if output == "json" else text)

"""The services of the API: a module each, an action a function."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Imports every module of this package, which registers its actions."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")

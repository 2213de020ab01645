"""Pyplot imported when something is drawn, and not because a library that could draw is imported.

TPOT and skrub import it for functions that nothing here calls; it is a fifth of all that a process that searches would
import.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")  # where it is imported after all, it must not look for a screen


class _Later(ModuleType):
    """Stands in for a module that is imported when something of it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:  # what imports it asks, not what draws
            raise AttributeError(f"{self.__name__} stands in for a module and has no {name}")
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def pyplot_later() -> Iterator[None]:
    """What imports pyplot meanwhile gets a stand-in for it, where it is not imported already."""
    package, pyplot = _Later("matplotlib"), _Later("matplotlib.pyplot")
    package.pyplot = pyplot  # type: ignore[attr-defined]
    missing = {each.__name__: each for each in (package, pyplot) if "matplotlib" not in sys.modules}
    sys.modules.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]

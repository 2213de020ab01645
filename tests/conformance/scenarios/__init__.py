"""Scenarios: functions ``scenario_*()`` that raise where the genuine SDK does not see what it should.

Each runs in a process of its own, in an empty folder, with the server's addresses in its environment.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

Scenario = Callable[[], None]


def load() -> dict[str, Scenario]:
    """All scenarios by module and name, such as ``runs.console_output``."""
    scenarios: dict[str, Scenario] = {}
    for module in pkgutil.iter_modules(__path__):
        found = vars(importlib.import_module(f"{__name__}.{module.name}"))
        scenarios |= {
            f"{module.name}.{name.removeprefix('scenario_')}": scenario
            for name, scenario in found.items()
            if name.startswith("scenario_")
        }
    return scenarios

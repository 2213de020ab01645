"""Cases: functions ``case_*(s)`` that take a server, make their own uniquely named objects, and raise a Mismatch."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from tests.conformance.server import Server

Case = Callable[[Server], None]


def load() -> dict[str, Case]:
    """All cases by module and name, such as ``queues.queue_order``."""
    cases: dict[str, Case] = {}
    for module in pkgutil.iter_modules(__path__):
        found = vars(importlib.import_module(f"{__name__}.{module.name}"))
        cases |= {
            f"{module.name}.{name.removeprefix('case_')}": case
            for name, case in found.items()
            if name.startswith("case_")
        }
    return cases

"""The names of the search spaces, known without importing TPOT, which takes seconds."""

from __future__ import annotations

import difflib

from config.errors import BadInput

NAMES = ("linear", "linear-light", "graph", "graph-light")


def check_space_name(name: str) -> None:
    """Refuses the name of a search space that there is not.

    Raises:
        BadInput: with the nearest name and all names.
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise BadInput(f"search space {name} does not exist{hint} (there are {', '.join(NAMES)})")

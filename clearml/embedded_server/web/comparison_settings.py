"""The hyperparameters of several experiments: side by side, and as parallel coordinates against their scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from embedded_server.storage.documents import Document
from embedded_server.web.comparison_holdout import scores
from embedded_server.web.experiment_row import parameter

#: axes of the parallel coordinates that show settings; more than these cannot be told apart
MOST_AXES = 10
_TICKS = 5  # of an axis of numbers
_LONGEST_TICK = 24  # characters


def sections(tasks: Sequence[Document]) -> list[dict[str, Any]]:
    """Sections with their parameters: name, one value for each experiment (None where it has none), and ``differs``."""
    values = _values(tasks)
    found: dict[str, list[dict[str, Any]]] = {}
    for section, name in sorted(values):
        row = values[section, name]
        found.setdefault(section, []).append({"name": name, "values": row, "differs": len(set(row)) > 1})
    return [
        {"name": section, "rows": rows, "differences": sum(row["differs"] for row in rows)}
        for section, rows in found.items()
    ]


def parallel_coordinates(tasks: Sequence[Document]) -> dict[str, Any]:
    """The settings that differ and the scores, each an axis on which every experiment has a place.

    Returns:
        ``axes``, settings first, each with ``name``, ``kind`` (setting or score), ``places`` (from 0 at the bottom to
        1, None where an experiment has no value) and ``ticks``; empty where no setting differs or nothing is scored.
        ``left_out``: names of settings that differ, too, and have no axis.
    """
    values = _values(tasks)
    differing = [names for names, row in sorted(values.items()) if len(set(row)) > 1]
    settings = [_axis(f"{section}/{name}", "setting", values[section, name]) for section, name in differing[:MOST_AXES]]
    by_experiment = [scores(task) for task in tasks]
    names = list(dict.fromkeys(name for found in by_experiment for name in found))
    scored = [_axis(name, "score", [found.get(name) for found in by_experiment]) for name in names]
    left_out = [f"{section}/{name}" for section, name in differing[MOST_AXES:]]
    return {"axes": [*settings, *scored] if settings and scored else [], "left_out": left_out}


def _values(tasks: Sequence[Document]) -> dict[tuple[str, str], list[str | None]]:
    """(section, name) -> the experiments' values as texts."""
    values: dict[tuple[str, str], list[str | None]] = {}
    for place, task in enumerate(tasks):
        for section, parameters in (task.get("hyperparams") or {}).items():
            for name in parameters:
                row = values.setdefault((section, name), [None] * len(tasks))
                row[place] = parameter(task, section, name) or ""
    return values


def _axis(name: str, kind: str, values: Sequence[str | float | None]) -> dict[str, Any]:
    numbers = [_number(value) for value in values]
    # a missing value is no word: an axis is one of numbers where all that is there are numbers
    is_numeric = all(
        number is not None for number, value in zip(numbers, values, strict=True) if value not in (None, "")
    )
    if is_numeric and any(number is not None for number in numbers):
        places, ticks = _numeric_axis(numbers)
    else:
        places, ticks = _axis_of_words([None if value is None else str(value) for value in values])
    return {"name": name, "kind": kind, "places": places, "ticks": ticks}


def _number(value: str | float | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _numeric_axis(numbers: Sequence[float | None]) -> tuple[list[float | None], list[dict[str, Any]]]:
    present = [number for number in numbers if number is not None]
    low, high = min(present), max(present)
    if low == high:
        return [None if number is None else 0.5 for number in numbers], [{"place": 0.5, "text": f"{low:.6g}"}]
    places = [None if number is None else (number - low) / (high - low) for number in numbers]
    steps = [step / (_TICKS - 1) for step in range(_TICKS)]
    ticks = [{"place": step, "text": f"{low + step * (high - low):.4g}"} for step in steps]
    return places, ticks


def _axis_of_words(words: Sequence[str | None]) -> tuple[list[float | None], list[dict[str, Any]]]:
    distinct = sorted({word for word in words if word is not None})
    last = max(1, len(distinct) - 1)
    place_of = {word: (place / last if len(distinct) > 1 else 0.5) for place, word in enumerate(distinct)}
    ticks = [{"place": place_of[word], "text": _shortened(word) or "(empty)"} for word in distinct]
    return [None if word is None else place_of[word] for word in words], ticks


def _shortened(word: str) -> str:
    """The end of a long word, where paths differ."""
    return word if len(word) <= _LONGEST_TICK else f"…{word[1 - _LONGEST_TICK :]}"

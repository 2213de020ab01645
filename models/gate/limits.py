"""Limits that a person sets: what a champion must keep, however it compares."""

from __future__ import annotations

from dataclasses import dataclass

from config.errors import BadInput
from config.settings import Settings

#: largest difference of the metric between groups where a person names a column and no limit
FAIRNESS_LIMIT = 0.1
BYTES_PER_MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a champion must keep; None and empty where there is no limit."""

    #: of the metric on the challenger's hold-out rows; greater is better
    minimum_score: float | None = None
    #: milliseconds to predict 1,000 rows
    maximum_latency_ms: float | None = None
    #: megabytes (10^6 bytes) of the model's file
    maximum_size_mb: float | None = None
    #: the column whose groups must score alike
    fairness_column: str = ""
    #: largest difference of the metric between two groups of that column
    fairness_limit: float = FAIRNESS_LIMIT

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings of section ``Registry`` state.

        Raises:
            BadInput: ``minimum_score`` is no number.
        """
        text = settings.minimum_score.strip()
        try:
            minimum = float(text) if text else None
        except ValueError:
            raise BadInput(f"minimum_score: {text!r} is no number; type one such as 0.8, or nothing for none") from None
        return cls(
            minimum,
            settings.maximum_latency_ms or None,
            settings.maximum_size_mb or None,
            settings.fairness_column,
            settings.fairness_limit,
        )


@dataclass(frozen=True)
class LimitCheck:
    """Whether one limit is kept."""

    name: str
    limit: float
    #: what was found; None where it could not be told
    value: float | None
    is_kept: bool
    #: in words
    told: str


def at_least(name: str, limit: float, value: float | None, unknown: str) -> LimitCheck:
    """A limit from below; ``unknown`` says why there is no value."""
    if value is None:
        return LimitCheck(name, limit, None, False, f"{name}: {unknown}")
    is_kept = value >= limit
    return LimitCheck(name, limit, value, is_kept, f"{name}: {value:.4g} is {'not ' if is_kept else ''}below {limit:g}")


def at_most(name: str, limit: float, value: float | None, unit: str, unknown: str) -> LimitCheck:
    """A limit from above; ``unknown`` says why there is no value."""
    if value is None:
        return LimitCheck(name, limit, None, False, f"{name}: {unknown}")
    is_kept = value <= limit
    told = f"{name}: {value:.4g}{unit} is {'not ' if is_kept else ''}above {limit:g}{unit}"
    return LimitCheck(name, limit, value, is_kept, told)

"""What was measured: a JSON line each, appended at once, so that an interrupted benchmark goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from config.errors import BadInput


class Cell(NamedTuple):
    """What every contender is asked once."""

    table: str
    seed: int
    #: wall clock, in seconds
    budget: float


@dataclass(frozen=True)
class Measurement:
    """One contender's fit on one table."""

    table: str
    seed: int
    #: wall clock, in seconds
    budget: float
    contender: str
    #: of the contender's script and versions, or of this checkout's sources
    version: str
    #: ``killed``: it was far over its budget, and was ended
    status: Literal["done", "failed", "killed"]
    metric: str
    #: why it has no score, in one line
    error: str = ""
    library: str = ""
    #: UTC, ISO 8601
    measured_at: str = ""
    #: from outside the process: start of the interpreter to its end
    wall_seconds: float | None = None
    #: beginning to end of the fit, imports and reading excluded
    fit_seconds: float | None = None
    #: processor time of the process and all that it started, during the fit, from outside
    cpu_seconds: float | None = None
    #: share of those cores that others computed on just before it began, from 0 to 1; a busy machine measures nothing
    busy: float | None = None
    #: cores that it might use
    workers: int = 2
    #: hold-out score of ``single``, and of ``ensemble`` where there is one; greater is better
    holdout: dict[str, float] = field(default_factory=dict)
    cv_score: float | None = None
    evaluations: int | None = None
    valid: int | None = None
    #: seconds since the fit began, and the best cross-validation score from then on
    trajectory: list[tuple[float, float]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def cell(self) -> Cell:
        """What it is an answer to."""
        return Cell(self.table, self.seed, self.budget)

    @property
    def worker_use(self) -> float | None:
        """Share of the cores' time that was computed in, from 0 to about 1."""
        if self.cpu_seconds is None or not self.fit_seconds:
            return None
        return self.cpu_seconds / (self.workers * self.fit_seconds)

    @property
    def overrun_seconds(self) -> float | None:
        """Fit beyond the budget, in seconds; 0 where it kept it."""
        return None if self.fit_seconds is None else max(0.0, self.fit_seconds - self.budget)


def read_results(path: Path) -> list[Measurement]:
    """All measurements of a file, in its order; none where there is no file. A line torn at its end is passed over.

    Raises:
        BadInput: another line is not a measurement.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    measurements = []
    for number, line in enumerate(lines, 1):
        try:
            measurements.append(Measurement(**json.loads(line)))
        except (ValueError, TypeError) as error:
            if number == len(lines) and not line.endswith("\n"):
                break
            raise BadInput(f"{path}, line {number}: not a measurement ({error}); name another file") from None
    return measurements


def append_result(path: Path, measurement: Measurement) -> None:
    """Adds one to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
    if torn:
        whole = path.read_bytes()
        path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(measurement)) + "\n")


def newest(measurements: Iterable[Measurement]) -> list[Measurement]:
    """The last measurement of each contender in each cell, whatever version it was of."""
    last = {(measurement.cell, measurement.contender): measurement for measurement in measurements}
    return list(last.values())

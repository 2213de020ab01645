"""The report: what the measurements say, as tables for a terminal and as Markdown."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from tests.benchmarks.search.results import Cell, Measurement
from tests.benchmarks.search.standings import (
    AUTOGLUON,
    BOOSTING,
    ENSEMBLE,
    ENTRANTS,
    FLAML,
    OURS,
    TPOT,
    average_ranks,
    budget_ratio,
    holdout_scores,
    median,
    pairs,
    seconds_to_level,
    table_medians,
    tables_won,
    time_ratio,
)

NOTHING = "–"
#: what the search is meant to reach: of stock TPOT's time, and of the tables
WANTED_TIME_RATIO = 0.25
WANTED_TABLES_WON = 0.8
#: share of the cores' time that others may compute for before a measurement says little
BUSY = 0.1


@dataclass(frozen=True)
class Section:
    """One table of the report."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    #: what a reader must know to read it
    note: str = ""


@dataclass(frozen=True)
class Report:
    """All of it."""

    title: str
    sections: list[Section] = field(default_factory=list)

    def markdown(self) -> str:
        """As a Markdown document."""
        lines = [f"# {self.title}", ""]
        for section in self.sections:
            lines += [f"## {section.title}", ""]
            lines += [section.note, ""] if section.note else []
            alignment = [":--", *("--:" for _ in section.columns[1:])]
            for row in (section.columns, alignment, *section.rows):
                lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
            lines.append("")
        return "\n".join(lines)

    def show(self, console: Console) -> None:
        """As tables for people."""
        console.print(self.title, style="bold")
        for section in self.sections:
            table = Table(title=section.title, caption=section.note or None, title_justify="left")
            for number, column in enumerate(section.columns):
                table.add_column(column, justify="right" if number else "left", overflow="fold")
            for row in section.rows:
                table.add_row(*row)
            console.print()
            console.print(table)


def report_of(measurements: Sequence[Measurement]) -> Report:
    """The report on some measurements, one of each contender in each cell; budget by budget."""
    sections = []
    for budget in sorted({measurement.budget for measurement in measurements}):
        of_budget = [measurement for measurement in measurements if measurement.budget == budget]
        for section in (wanted, scores, against_tpot, time_use, everything):
            sections.append(section(of_budget, f"{budget:g} s: "))
    return Report("The search against others", [*sections, versions(measurements)])


def wanted(measurements: Sequence[Measurement], prefix: str = "") -> Section:
    """What the search is meant to reach, and by how much it falls short."""
    cells = holdout_scores(measurements)
    ratio = median(time_ratio(ours, tpot) for ours, tpot in pairs(measurements, OURS, TPOT))
    rows = [
        (
            "time to stock TPOT's last score, of its own time, median", f"at most {WANTED_TIME_RATIO}",
            _number(ratio, 2), _verdict(ratio, WANTED_TIME_RATIO),
        ),
    ]  # fmt: skip
    for entrant in (OURS, ENSEMBLE):
        won, of = tables_won(cells, entrant, TPOT)
        rows.append(
            (
                f"{entrant}: tables on which it is as good as stock TPOT or better",
                f"at least {math.ceil(WANTED_TABLES_WON * of)} of {of}",
                f"{won} of {of}",
                _verdict(math.ceil(WANTED_TABLES_WON * of), won) if of else NOTHING,
            )
        )
    for entrant in (OURS, ENSEMBLE):
        standing, count = average_ranks(cells, _field(entrant))
        for other in (FLAML, AUTOGLUON):
            mine, theirs = standing.get(entrant), standing.get(other)
            goal = f"{'ahead of' if other == FLAML else 'level with'} {other} ({_number(theirs, 2)})"
            rows.append(
                (f"{entrant}: average rank, {count} rounds", goal, _number(mine, 2), _verdict(mine, theirs, other))
            )
    return Section(f"{prefix}what is wanted", ("", "wanted", "measured", "reached"), rows)


def scores(measurements: Sequence[Measurement], prefix: str = "") -> Section:
    """Median hold-out scores by table, and average ranks."""
    cells = holdout_scores(measurements)
    metrics = {measurement.table: measurement.metric for measurement in measurements}
    medians = {entrant: table_medians(cells, entrant) for entrant in ENTRANTS}
    rows = [
        (f"{table} ({metric})", *(_number(medians[entrant].get(table), 4) for entrant in ENTRANTS))
        for table, metric in metrics.items()
    ]
    for entrant in (OURS, ENSEMBLE):
        standing, count = average_ranks(cells, _field(entrant))
        cells_of_row = (_number(standing.get(other), 2) for other in ENTRANTS)
        rows.append((f"average rank of {len(_field(entrant))} with {entrant}, {count} rounds", *cells_of_row))
    note = (
        "Greater is better, except in ranks. A round is a table and a seed; a table that a contender failed is empty."
    )
    return Section(f"{prefix}hold-out scores, medians over the seeds", ("table", *ENTRANTS), rows, note)


def against_tpot(measurements: Sequence[Measurement], prefix: str = "") -> Section:
    """How soon the search is where stock TPOT ends."""
    both = pairs(measurements, OURS, TPOT)
    rows = []
    for table in dict.fromkeys(ours.table for ours, _ in both):
        of_table = [(ours, tpot) for ours, tpot in both if ours.table == table]
        last = (median(measurement.cv_score for measurement in side) for side in zip(*of_table, strict=True))
        rows.append((table, *_ratios(of_table), *(_number(score, 4) for score in last)))
    rows.append(("median of all", *_ratios(both), NOTHING, NOTHING))
    note = (
        "When ours first reached the cross-validation score that stock TPOT ended with: of the time at which stock "
        "TPOT itself first had it, and of the budget. inf: it never did."
    )
    columns = ("table", "of TPOT's time", "of the budget", "last score, ours", "last score, TPOT")
    return Section(f"{prefix}against stock TPOT, medians over the seeds", columns, rows, note)


def time_use(measurements: Sequence[Measurement], prefix: str = "") -> Section:
    """What each contender did with its time."""
    rows = []
    for entrant in ENTRANTS:
        of_entrant = [measurement for measurement in measurements if measurement.contender == entrant]
        if not of_entrant:
            continue
        overruns = [measurement.overrun_seconds for measurement in of_entrant]
        valid, tried = (median(getattr(measurement, name) for measurement in of_entrant) for name in _COUNTS)
        rows.append(
            (
                entrant,
                _number(valid, 0),
                _number(tried, 0),
                _share(median(measurement.worker_use for measurement in of_entrant)),
                _number(median(overruns), 1),
                _number(max((seconds for seconds in overruns if seconds is not None), default=None), 1),
                str(sum(measurement.status != "done" for measurement in of_entrant)),
            )
        )
    columns = ("contender", "valid", "evaluations", "worker use", "overrun, s", "worst overrun, s", "came to nothing")
    return Section(f"{prefix}how the time was used, medians over all rounds", columns, rows)


_COUNTS = ("valid", "evaluations")


def everything(measurements: Sequence[Measurement], prefix: str = "") -> Section:
    """Each measurement."""
    tpot = {measurement.cell: measurement for measurement in measurements if measurement.contender == TPOT}
    rows = [
        (
            f"{measurement.table} {measurement.seed} {measurement.contender}",
            f"{_number(measurement.valid, 0)} / {_number(measurement.evaluations, 0)}",
            _share(measurement.worker_use),
            _number(measurement.overrun_seconds, 1),
            _number(measurement.holdout.get("single"), 4),
            _number(measurement.holdout.get("ensemble"), 4),
            *_level(measurement, tpot),
            measurement.error or "",
        )
        for measurement in sorted(measurements, key=_place)
    ]
    columns = (
        "round", "valid / all", "worker use", "overrun, s", "hold-out", "ensemble", "TPOT's last score after, s",
        "of TPOT's time", "error",
    )  # fmt: skip
    return Section(f"{prefix}every measurement", columns, rows)


def _level(measurement: Measurement, tpot: Mapping[Cell, Measurement]) -> tuple[str, str]:
    """When ours was where stock TPOT ended, in seconds and of its time; nothing to say for others."""
    if measurement.contender != OURS or measurement.cell not in tpot:
        return NOTHING, NOTHING
    both = measurement, tpot[measurement.cell]
    return _number(seconds_to_level(*both), 1), _number(time_ratio(*both), 2)


def versions(measurements: Sequence[Measurement]) -> Section:
    """What was measured; more than one version of a contender in it is a warning to the reader."""
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for measurement in measurements:
        found[measurement.contender, measurement.library, measurement.version] += 1
    rows = [(*key, str(count)) for key, count in sorted(found.items())]
    several = len({contender for contender, _, _ in found}) < len(found)
    notes = ["Versions are mixed: not all that is compared above was measured with the same code."] if several else []
    busy = sum((measurement.busy or 0) > BUSY for measurement in measurements)
    if busy:
        notes.append(f"Others computed on the machine before {busy} of these measurements, which say little.")
    return Section("what was measured", ("contender", "library", "version", "measurements"), rows, " ".join(notes))


def _ratios(of: Sequence[tuple[Measurement, Measurement]]) -> tuple[str, str]:
    return _number(median(time_ratio(*pair) for pair in of), 2), _number(median(budget_ratio(*pair) for pair in of), 2)


def _field(entrant: str) -> tuple[str, ...]:
    """Who is ranked: the search once, by its single best or by its ensemble, among the others."""
    return (entrant, TPOT, FLAML, AUTOGLUON, BOOSTING)


def _place(measurement: Measurement) -> tuple[str, int, int]:
    known = measurement.contender in ENTRANTS
    return measurement.table, measurement.seed, ENTRANTS.index(measurement.contender) if known else len(ENTRANTS)


def _number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0%}"


def _verdict(measured: float | None, limit: float | None, other: str = "") -> str:
    """Whether a number is at most another one (ahead of FLAML: below it), and else by how much it is not."""
    if measured is None or limit is None:
        return NOTHING
    reached: Callable[[float, float], bool] = (lambda a, b: a < b) if other == FLAML else (lambda a, b: a <= b)
    return "yes" if reached(measured, limit) else f"no, by {measured - limit:.2f}"

"""The arithmetic of the report: medians, ranks, ratios. Nothing here reads a file or runs anything."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tests.benchmarks.search.results import Cell, Measurement

OURS, ENSEMBLE, TPOT, FLAML, AUTOGLUON, BOOSTING = "ours", "ours ensemble", "tpot", "flaml", "autogluon", "boosting"
#: in the order in which they are shown
ENTRANTS = (OURS, ENSEMBLE, TPOT, FLAML, AUTOGLUON, BOOSTING)

#: entrant -> hold-out score, greater is better; None where it was measured and came to nothing
Scores = dict[str, float | None]


def holdout_scores(measurements: Iterable[Measurement]) -> dict[Cell, Scores]:
    """Hold-out scores by cell and entrant.

    A search that hands in an ensemble is two entrants; one that comes to nothing has lost as both.
    """
    cells: dict[Cell, Scores] = defaultdict(dict)
    for measurement in measurements:
        cells[measurement.cell][measurement.contender] = measurement.holdout.get("single")
        lost = measurement.status != "done" or bool(measurement.error)
        if measurement.contender == OURS and (lost or "ensemble" in measurement.holdout):
            cells[measurement.cell][ENSEMBLE] = measurement.holdout.get("ensemble")
    return dict(cells)


def median(values: Iterable[float | None]) -> float | None:
    """The median of those that are there; None where none is. It may be infinite."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def table_medians(cells: Mapping[Cell, Scores], entrant: str) -> dict[str, float]:
    """Table -> median over the seeds; a table on which the entrant ever failed or was not measured is left out."""
    scores: dict[str, list[float | None]] = defaultdict(list)
    for cell, entrants in cells.items():
        scores[cell.table].append(entrants.get(entrant))
    return {
        table: statistics.median([score for score in of_table if score is not None])
        for table, of_table in scores.items()
        if None not in of_table
    }


def ranks(scores: Mapping[str, float | None]) -> dict[str, float]:
    """Ranks from 1, the best; those who are equal share the mean of their places, those without a score the last."""
    worth = {name: _worth(score) for name, score in scores.items()}
    return {
        name: sum(other > mine for other in worth.values()) + (sum(other == mine for other in worth.values()) + 1) / 2
        for name, mine in worth.items()
    }


def average_ranks(cells: Mapping[Cell, Scores], entrants: Sequence[str]) -> tuple[dict[str, float], int]:
    """Mean rank of each entrant among these, over the cells in which all of them were measured.

    Returns:
        Entrant -> mean rank, empty where there is no such cell; and the number of cells.
    """
    complete = [
        {entrant: scores[entrant] for entrant in entrants}
        for scores in cells.values()
        if all(entrant in scores for entrant in entrants)
    ]
    if not complete:
        return {}, 0
    of_cells = [ranks(scores) for scores in complete]
    return {entrant: statistics.fmean(cell[entrant] for cell in of_cells) for entrant in entrants}, len(complete)


def tables_won(cells: Mapping[Cell, Scores], entrant: str, other: str) -> tuple[int, int]:
    """On how many tables an entrant's median score is better than another's or equal, and of how many.

    Only cells in which both were measured count. One without any score on a table has lost it to one with a score.
    """
    of_tables: dict[str, list[Scores]] = defaultdict(list)
    for cell, scores in cells.items():
        if entrant in scores and other in scores:
            of_tables[cell.table].append(scores)
    won = 0
    for of_table in of_tables.values():
        mine, theirs = (statistics.median([_worth(scores[name]) for scores in of_table]) for name in (entrant, other))
        won += mine >= theirs and mine > -math.inf
    return won, len(of_tables)


def _worth(score: float | None) -> float:
    return -math.inf if score is None else score


def time_to_reach(trajectory: Iterable[tuple[float, float]], score: float) -> float:
    """Seconds after which a trajectory of rising scores first reached one; infinite where it never did."""
    return next((seconds for seconds, reached in trajectory if reached >= score), math.inf)


def seconds_to_level(ours: Measurement, theirs: Measurement) -> float | None:
    """When we first reached the cross-validation score that they ended with; infinite where we never did.

    None where they ended without a score, or one of the two came to nothing.
    """
    if ours.status != "done" or theirs.status != "done" or theirs.cv_score is None or not theirs.trajectory:
        return None
    return time_to_reach(ours.trajectory, theirs.cv_score)


def time_ratio(ours: Measurement, theirs: Measurement) -> float | None:
    """`seconds_to_level` over the seconds in which they first had that score themselves."""
    seconds = seconds_to_level(ours, theirs)
    return None if seconds is None else seconds / theirs.trajectory[-1][0]


def budget_ratio(ours: Measurement, theirs: Measurement) -> float | None:
    """`seconds_to_level` over the whole budget that they were given."""
    seconds = seconds_to_level(ours, theirs)
    return None if seconds is None else seconds / theirs.budget


def pairs(measurements: Iterable[Measurement], one: str, other: str) -> list[tuple[Measurement, Measurement]]:
    """The measurements of two contenders in the cells in which both were measured."""
    found: dict[Cell, dict[str, Measurement]] = defaultdict(dict)
    for measurement in measurements:
        found[measurement.cell][measurement.contender] = measurement
    return [(cell[one], cell[other]) for cell in found.values() if one in cell and other in cell]

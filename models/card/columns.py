"""Which columns a model goes by, and how well it does on parts of them."""

from __future__ import annotations

from models.card.facts import CardFacts
from models.card.figure import Bars
from models.card.importance import Importances
from models.card.section import Section, joined
from models.card.slices import FEW_ROWS, Slices
from models.card.text import interval, name, number, shown, table

#: bars of a figure, at most
BARS = 25


def important_columns(found: Importances, facts: CardFacts) -> Section:
    """Permutation importance."""
    title = "Which columns matter"
    if not found.columns:
        return Section(title, "There was no time to find out.")
    times = "once" if found.repeats == 1 else f"{found.repeats} times"
    has_intervals = any(each.low is not None for each in found.columns)
    certainty = (
        "An interval that holds 0 says that the column may well be worth nothing."
        if has_intervals
        else "There was no time for intervals, so that small values may well be chance."
    )
    rows = [(name(each.column), number(each.value), interval(each.low, each.high)) for each in found.columns]
    top = found.columns[:BARS]
    figure = Bars(
        "Permutation importance",
        f"on {found.rows:,} held-out rows, {times}" + (", with 95 % intervals" if has_intervals else ""),
        f"fall of {facts.metric}",
        tuple(shown(each.column) for each in top),
        tuple(each.value for each in top),
        tuple(each.low for each in top),
        tuple(each.high for each in top),
    )
    return Section(
        title,
        joined(
            f"By how much {name(facts.metric)} falls where a column's values are shuffled among {found.rows:,} "
            f"held-out rows ({times}; permutation importance). {certainty} Of columns that tell the "
            "same, each looks less important than it is.",
            table(("column", "importance", "95 % interval"), rows, numbers=(1,)),
        ),
        (figure,),
    )  # fmt: skip


def weak_spots(found: Slices, facts: CardFacts) -> Section:
    """Performance by slice."""
    title = "Performance by slice"
    if not found.parts:
        return Section(title, "No column of the held-out rows has parts to compare.")
    rows = [
        (
            name(each.column),
            name(each.label),
            f"{each.rows:,}" + (" (few)" if each.is_small else ""),
            number(each.score),
            interval(each.low, each.high),
        )
        for each in found.parts
    ]
    left_out = ", ".join(name(column) for column in found.left_out)
    return Section(
        title,
        joined(
            f"{name(facts.metric)} on parts of the held-out rows, by the most important columns; the interval is a "
            f"bootstrap of the part's rows. Parts of fewer than {FEW_ROWS} rows are marked: their scores are mostly "
            "chance. Among so many parts some look bad by chance, too.",
            table(("column", "part", "rows", "score", "95 % interval"), rows, numbers=(2, 3)),
            f"There was no time for {left_out}." if left_out else "",
        ),
    )

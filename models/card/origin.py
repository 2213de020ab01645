"""Where a model comes from: the table that it learnt from, the search that found it, the versions that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.card.facts import CardFacts
from models.card.section import Section, joined
from models.card.text import code, interval, listed, name, number, one_line, prose, table

#: columns and classes that are listed; tables with more say how many there are
COLUMNS_LISTED = 100
CLASSES_LISTED = 20
#: of a column
CATEGORIES_SHOWN = 6


def about(facts: CardFacts) -> str:
    """The lines below the title."""
    rows = f"{facts.rows:,} rows of {name(facts.table)}"
    lines = [f"Predicts {name(facts.target)} ({facts.task}), learnt from {rows}."]
    if facts.fallback:
        lines.append(f"It is the light baseline, not the best of a search: {prose(facts.fallback)}.")
    if facts.created:
        lines.append(f"Made {prose(facts.created)}.")
    if facts.task_url.startswith(("http://", "https://")):
        lines.append(f"Its experiment: <{_address(facts.task_url)}>")
    return " ".join(lines)


def data(facts: CardFacts) -> Section:
    """Rows, columns, target, classes, fingerprint and split."""
    held_out = facts.rows - facts.development_rows
    columns = facts.input_schema.get("columns", [])
    rows = [
        ("rows", f"{facts.rows:,}: {facts.development_rows:,} to learn from, {held_out:,} held out"),
        ("held out", prose(facts.split)),
        ("columns", f"{len(columns):,}"),
        ("target", name(facts.target)),
        ("fingerprint", f"{name(facts.fingerprint, longest=64)} (SHA-256 of the table's content)"),
    ]
    if facts.target_range:
        low, middle, high = facts.target_range
        rows.insert(4, ("target's values", f"{interval(low, high)}, half of them below {number(middle)}"))
    return Section(
        "Data",
        joined(
            table(("fact", "value"), rows),
            _classes(facts.classes),
            table(("column", "kind", "values", "missing cells"), [_column(each) for each in columns[:COLUMNS_LISTED]]),
            f"… and {len(columns) - COLUMNS_LISTED:,} more columns." if len(columns) > COLUMNS_LISTED else "",
        ),
    )


def search(facts: CardFacts) -> Section:
    """What was searched, and what was found."""
    rows = [(prose(each), prose(value)) for each, value in facts.search.items()]
    pipeline = joined("The pipeline:", code(one_line(facts.pipeline))) if facts.pipeline else ""
    return Section("Search", joined(table(("fact", "value"), rows) if rows else "There was no search.", pipeline))


def versions(facts: CardFacts) -> Section:
    """Of the libraries that made it."""
    lines = [f"{name(library)} {prose(version)}" for library, version in facts.versions.items()]
    return Section("Versions", joined("It was made with, and loads with:", listed(lines)))


def _classes(classes: Mapping[str, int]) -> str:
    if not classes:
        return ""
    total = max(1, sum(classes.values()))
    ranked = sorted(classes.items(), key=lambda item: -item[1])
    rows = [(name(label), f"{count:,}", f"{count / total:.1%}") for label, count in ranked[:CLASSES_LISTED]]
    more = f"… and {len(ranked) - CLASSES_LISTED:,} more classes." if len(ranked) > CLASSES_LISTED else ""
    return joined(table(("class", "rows", "share"), rows, numbers=(1, 2)), more)


def _column(described: Mapping[str, Any]) -> tuple[str, str, str, str]:
    values = ""
    if "minimum" in described:
        values = interval(described["minimum"], described["maximum"])
    elif "categories" in described:
        shown = [name(category) for category in described["categories"][:CATEGORIES_SHOWN]]
        more = len(described["categories"]) - len(shown)
        values = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
    elif "n_categories" in described:
        values = f"{described['n_categories']:,} categories"
    kind = "not used" if described.get("kind") == "drop" else str(described.get("kind", ""))
    return name(described.get("name", "")), prose(kind), values, "yes" if described.get("missing") else "none"


def _address(url: str) -> str:
    """An address as it may stand between angle brackets."""
    return "".join(character for character in url if character.isprintable() and character not in '<> "\\')

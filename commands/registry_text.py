"""The registry in words, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_MISSING = "-"
_HEADINGS = ("", "id", "hold-out score", "95 % interval", "ms/1,000", "MB", "created", "verdict")


def registry_text(names: Sequence[Mapping[str, Any]], asked: str = "") -> str:
    """Every name with its models.

    Args:
        names: as ``models list -o json`` prints them.
        asked: what a person wanted the names to hold.
    """
    if not names:
        return f"no model's name holds {asked!r}" if asked else "no models yet; 'clearml-automl run' publishes one"
    parts = []
    for each in names:
        rows = [_HEADINGS, *(_row(model, each["champion"]) for model in each["models"])]
        champion = "" if each["champion"] else "  (no champion)"
        parts.append(f"{each['name']}{champion}\n{aligned(rows)}")
    return "\n\n".join(parts)


def model_text(told: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> str:
    """One model with all that is known of it.

    Args:
        told: as ``models show -o json`` prints it.
        history: of its name, the oldest first.
    """
    plain = {name: value for name, value in told.items() if name not in ("metadata", "input_schema", "history")}
    facts = [(name, _plain(value)) for name, value in plain.items()]
    facts += [(name, value) for name, value in sorted(told["metadata"].items()) if name not in plain]
    text = aligned(facts)
    columns = told["input_schema"].get("columns", [])
    if columns:
        text += "\n\ncolumns\n" + aligned([(f"  {column['name']}", column["kind"]) for column in columns])
    if history:
        rows = [
            (f"  {each['number']}", each["at"], each["event"], each["champion"], each["reason"]) for each in history
        ]
        text += "\n\nhistory\n" + aligned([("  number", "at", "event", "champion", "reason"), *rows])
    return text


def verdict_text(told: Mapping[str, Any], table: Sequence[Sequence[str]]) -> str:
    """A verdict: its outcome, its reason, its numbers.

    Args:
        told: as ``models promote -o json`` prints it.
        table: the verdict's, a header and rows.
    """
    reasons = [f"{told['outcome']}: {told['name']}, model {told['challenger']['model_id']}"]
    if told["forced_because"]:
        reasons.append(f"  forced: {told['forced_because']}")
    reasons += [f"  {reason}" for reason in told["reasons"]]
    if told["way_out"]:
        reasons.append(f"  way out: {told['way_out']}")
    numbers = [row for row in table if row[0] not in ("decision", "limit")]
    return "\n".join([*reasons, aligned([row[:3] for row in numbers])])


def aligned(rows: Sequence[Sequence[Any]]) -> str:
    """Rows in columns as wide as what they hold."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _row(model: Mapping[str, Any], champion: str | None) -> tuple[str, ...]:
    role = "champion" if model["id"] == champion else "draft" if not model["published"] else "challenger"
    interval = model["holdout_interval"]
    return (
        f"  {role}",
        model["id"],
        f"{_number(model['holdout_score'])} {model['metric']}",
        f"{_number(interval[0])} to {_number(interval[1])}" if interval else _MISSING,
        _number(model["inference_ms"]),
        _number(None if model["size_bytes"] is None else model["size_bytes"] / 1e6),
        model["created"][:16].replace("T", " "),
        model["verdict"] or _MISSING,
    )


def _plain(value: Any) -> str:
    if value is None or value == "":
        return _MISSING
    return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else str(value)


def _number(value: float | None) -> str:
    return _MISSING if value is None else f"{value:.4g}"

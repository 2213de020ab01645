"""Markdown from values that may hold anything: names of columns, labels and messages stay text, whatever is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: characters of a name or a label that are shown
LONGEST_NAME = 60
#: what Markdown could read as markup within a line
_MARKUP = re.compile(r"([\\`*\[\]<>&~!#|{}]|(?<![^\W_])_|_(?![^\W_]))")
#: what it could read as markup at the begin of a line
_BEGIN = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=])(?=[\s=-]|$)")


def name(value: object, longest: int = LONGEST_NAME) -> str:
    """A name or a label as code: nothing within is markup; made one line, and shortened where it is long."""
    text = shown(value, longest)
    if not text:
        return "(empty)"
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or text != text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def shown(value: object, longest: int = LONGEST_NAME) -> str:
    """A value as one line of characters that can be seen, shortened where it is long."""
    text = one_line(str(value))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def one_line(text: str) -> str:
    """Line breaks become spaces; what cannot be printed, or turns the direction of text, becomes a mark."""
    return "".join(_visible(character) for character in text)


def prose(text: str) -> str:
    """A sentence from elsewhere, without markup."""
    escaped = _MARKUP.sub(r"\\\1", one_line(text).strip())
    return _BEGIN.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", escaped)


def number(value: float | None, digits: int = 4) -> str:
    """A number to so many significant digits; a dash where there is none."""
    if value is None or value != value:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 1e7 or abs(value) < 1e-4:
        return f"{value:.{digits - 1}e}"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if abs(value) >= 1 else f"{value:.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """The ends of an interval; a dash where there is none."""
    return "–" if low is None or high is None else f"{number(low)} to {number(high)}"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table.

    Args:
        headings: Markdown of each column's.
        rows: Markdown of each cell.
        numbers: columns from 0 that are set to the right.
    """
    rule = ["---:" if column in numbers else "---" for column in range(len(headings))]
    lines = [headings, rule, *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def listed(lines: Iterable[str]) -> str:
    """A list; each line is Markdown."""
    return "\n".join(f"- {line}" for line in lines)


def code(content: str, language: str = "") -> str:
    """A block of code that nothing within can end."""
    fence = "`" * max(3, _longest_run(content) + 1)
    lines = "\n".join(one_line(line) for line in content.rstrip().split("\n"))
    return f"{fence}{language}\n{lines}\n{fence}"


def _longest_run(text: str) -> int:
    """Of backticks."""
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _cell(text: str) -> str:
    # the one character that ends a cell, also within code; one that is escaped already stays as it is
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _visible(character: str) -> str:
    if character in "\t\n\r\v\f\x85\u2028\u2029":
        return " "
    return character if character.isprintable() else "\ufffd"

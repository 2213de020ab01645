"""A part of a card: text in Markdown, and the figures that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

from models.card.figure import Figure


@dataclass(frozen=True)
class Section:
    """One heading of a card."""

    title: str
    #: Markdown
    text: str
    figures: tuple[Figure, ...] = ()


def joined(*parts: str) -> str:
    """Paragraphs, lists and tables below each other; empty ones fall away."""
    return "\n\n".join(part for part in parts if part)

"""The model card: `make_card` is its table of contents."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.card import columns, limits, origin
from models.card.calling import calling
from models.card.facts import CardFacts
from models.card.importance import importances
from models.card.mistakes import mistakes
from models.card.outcome import Outcome
from models.card.page import page
from models.card.plotly_figure import plotly_figure
from models.card.scores import scores
from models.card.section import Section, joined
from models.card.slices import slices
from models.card.text import prose
from models.evidence import HoldoutRows

#: title of the card's figures among ClearML's plots
PLOTS = "Model card"

#: seconds for importance and slices where nobody sets a limit
PATIENCE = 30.0
#: seconds that writing the card takes, once everything is known
WRITING_SECONDS = 0.2
#: seconds for importance where the time is over already: a card without it tells little
LEAST_SECONDS = 0.25
#: of the time that is left, for permutation importance; the rest is for the slices
IMPORTANCE_SHARE = 0.7
#: of the time, for SHAP, where its package is installed; it is not begun with fewer seconds than that
SHAP_SHARE = 0.5
SHAP_SECONDS = 4.0


@dataclass(frozen=True)
class Card:
    """What a person should know before trusting a model."""

    #: content of ``model_card.md``: readable as it is
    markdown: str
    #: content of ``model_card.html``: one file, which loads nothing
    html: str
    #: title, series and figure of each plot, as plotly.js takes it
    figures: tuple[tuple[str, str, dict[str, Any]], ...]


def make_card(
    facts: CardFacts,
    fitted: Any,
    holdout: HoldoutRows | None,
    *,
    deadline: float | None = None,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Card:
    """Judges a model by its held-out rows, and writes down what there is time for.

    Args:
        facts: what the run knows of it.
        fitted: the published pipeline, from raw columns to the person's own labels or numbers.
        holdout: rows that it has not learnt from; None where there are none.
        deadline: on the clock; None for some `PATIENCE`. The model is asked about all held-out rows whatever the
            time, and importance has its `LEAST_SECONDS`; importance, slices, intervals and SHAP take what is left.
        seed: of shuffling and draws.
        clock: seconds.

    Raises:
        BadInput: the held-out rows hold a class that the model does not know.
    """
    origins = [origin.data(facts), origin.search(facts)]
    outcome, judged = None, list[Section]()
    if holdout is not None and len(holdout):
        began = clock()
        outcome = Outcome.of(fitted, holdout, facts.metric)
        asked_seconds = clock() - began
        judged += mistakes(outcome)
        judged += _looked_into(facts, fitted, outcome, asked_seconds, deadline, seed, clock)
    judgement = scores(facts, 0 if outcome is None else len(outcome))
    rest = [limits.limits(facts, outcome), origin.versions(facts), calling(facts, holdout)]
    return _written(facts, [judgement, *origins, *judged, *rest])


def _looked_into(
    facts: CardFacts,
    fitted: Any,
    outcome: Outcome,
    asked_seconds: float,
    deadline: float | None,
    seed: int,
    clock: Callable[[], float],
) -> list[Section]:
    """Sections that may take any time."""
    now = clock()
    ends = now + PATIENCE if deadline is None else deadline - WRITING_SECONDS
    explains = importlib.util.find_spec("shap") is not None
    shap_ends, ends = ends, now + (ends - now) * (1 - SHAP_SHARE) if explains else ends
    found = importances(
        outcome,
        fitted,
        asked_seconds=asked_seconds,
        deadline=now + max(LEAST_SECONDS, (ends - now) * IMPORTANCE_SHARE),
        seed=seed,
        clock=clock,
    )
    names = [each.column for each in found.columns] or [str(name) for name in outcome.holdout.X.columns]
    parts = slices(outcome, names, deadline=ends, seed=seed, clock=clock)
    sections = [columns.important_columns(found, facts), columns.weak_spots(parts, facts)]
    if explains and shap_ends - clock() > SHAP_SECONDS:
        from models.card.explanation import explanation

        sections.insert(1, explanation(fitted, outcome, shap_ends, seed, clock))
    elif explains:
        sections.insert(1, Section("SHAP", "There was no time for it."))
    return sections


def _written(facts: CardFacts, sections: list[Section]) -> Card:
    title, about = f"Model card: {facts.model_name}", origin.about(facts)
    text = joined(f"# {prose(title)}", about, *(joined(f"## {each.title}", each.text) for each in sections))
    figures = [(PLOTS, figure.title, plotly_figure(figure)) for each in sections for figure in each.figures]
    return Card(f"{text}\n", page(title, about, sections), tuple(figures))

"""The family tree of a pipeline: whom it was varied from, and what each step gained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from experiments.reports.leaderboard import pipeline_text
from experiments.reports.pipeline_text import shortened
from experiments.reports.plots import hover
from experiments.search.events import Evaluation, Variation
from models.figure_style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    TEXT_COLOUR,
    VERMILION,
    axis,
    layout,
)

#: individuals in one figure, at most
SHOWN = 40
#: share of the scores' range from which a gain has a number beside it; smaller ones show on hover
LABELLED = 0.02
#: way in which an individual came about -> colour of its mark and of the edges that lead to it
COLOURS: dict[Variation, str] = {"portfolio": PURPLE, "random": ORANGE, "mutation": BLUE, "crossover": GREEN}


@dataclass(frozen=True)
class Step:
    """An individual of a family."""

    evaluation: Evaluation
    #: parents that are known
    parents: tuple[Evaluation, ...]

    @property
    def better_parent(self) -> Evaluation | None:
        """The parent with the higher score; None for a founder."""
        return max(self.parents, key=lambda parent: (_score(parent), -parent.number), default=None)

    @property
    def gain(self) -> float | None:
        """By how much its score is higher than the better parent's; None for a founder."""
        parent = self.better_parent
        return None if parent is None else _score(self.evaluation) - _score(parent)


def family(evaluations: Sequence[Evaluation], number: int) -> list[Step]:
    """An individual and all its ancestors, by number, so that it comes last itself.

    Args:
        evaluations: of the run, in any order; parents that are not among them are left out.
        number: of the individual.
    """
    known = {evaluation.number: evaluation for evaluation in evaluations}
    waiting, found = [number], set()
    while waiting:
        each = waiting.pop()
        if each in known and each not in found:
            found.add(each)
            waiting += known[each].parents
    return [
        Step(known[each], tuple(known[parent] for parent in known[each].parents if parent in known))
        for each in sorted(found)
    ]


def main_line(steps: Sequence[Step]) -> list[Step]:
    """The way from a founder to the last of a family, from better parent to better parent."""
    by_number = {step.evaluation.number: step for step in steps}
    line: list[Step] = []
    step = steps[-1] if steps else None
    while step is not None:
        line.append(step)
        parent = step.better_parent
        step = by_number[parent.number] if parent else None
    return line[::-1]


def lineage_figure(evaluations: Sequence[Evaluation], champion: int, metric: str) -> go.Figure:
    """The champion's family tree: score against order of submission, with the gain of each step of its main line.

    Args:
        evaluations: of the run.
        champion: number of the individual whose ancestors are shown.
        metric: name of the scorer.
    """
    steps = family(evaluations, champion)
    line = main_line(steps)
    shown = _shown(steps, line)
    figure = go.Figure(layout=layout(_subtitle(steps, line, shown)))
    _add_edges(figure, shown, line)
    _add_marks(figure, shown, line)
    figure.update_xaxes(title="order of submission", **axis())
    figure.update_yaxes(title=f"{metric} (mean over folds, greater is better)", **axis())
    figure.update_layout(height=520, legend={"itemsizing": "constant"})
    return figure


def _shown(steps: Sequence[Step], line: Sequence[Step]) -> list[Step]:
    """At most `SHOWN` of a family: its main line, the steps of least gain left out, then who is nearest to it.

    The champion and its founder are always shown.
    """
    if len(steps) <= SHOWN:
        return list(steps)
    inner = sorted(line[1:-1], key=lambda step: -abs(step.gain or 0.0))
    kept = {step.evaluation.number for step in (line[0], line[-1], *inner[: SHOWN - 2])}
    by_number = {step.evaluation.number: step for step in steps}
    nearest = list(reversed(line))  # parents of the main line come before theirs, the latest first
    for step in nearest:
        for parent in step.parents:
            if len(kept) < SHOWN and parent.number not in kept:
                kept.add(parent.number)
                nearest.append(by_number[parent.number])
    return [step for step in steps if step.evaluation.number in kept]


def _add_edges(figure: go.Figure, shown: Sequence[Step], line: Sequence[Step]) -> None:
    """Lines from parents to children, coloured by variation; those of the main line strong, with what they gained."""
    there = {step.evaluation.number: step for step in shown}
    strong = _links(line, there)
    faint = [
        (parent, step.evaluation)
        for step in shown
        for parent in step.parents
        if parent.number in there and (parent.number, step.evaluation.number) not in strong
    ]
    for variation, colour in COLOURS.items():
        for name, width, opacity, links in (
            ("faint", 1.0, 0.45, faint),
            ("strong", 3.0, 1.0, [link for link, skipped in strong.values() if not skipped]),
        ):
            links = [link for link in links if link[1].variation == variation]
            if links:
                _add_lines(figure, links, f"{name} {variation}", {"color": colour, "width": width}, opacity)
    skipping = [link for link, skipped in strong.values() if skipped]
    if skipping:
        _add_lines(figure, skipping, "steps left out", {"color": TEXT_COLOUR, "width": 2, "dash": "dot"}, 1.0)


def _add_lines(
    figure: go.Figure,
    links: Sequence[tuple[Evaluation, Evaluation]],
    name: str,
    style: dict[str, object],
    opacity: float,
) -> None:
    figure.add_scatter(
        x=[place for parent, child in links for place in (parent.number, child.number, None)],
        y=[place for parent, child in links for place in (parent.score, child.score, None)],
        mode="lines",
        name=name,
        line=style,
        opacity=opacity,
        hoverinfo="skip",
        showlegend=False,
    )


def _links(
    line: Sequence[Step], there: dict[int, Step]
) -> dict[tuple[int, int], tuple[tuple[Evaluation, Evaluation], int]]:
    """The main line's links between those that are shown, each with how many steps it leaves out."""
    links: dict[tuple[int, int], tuple[tuple[Evaluation, Evaluation], int]] = {}
    if not line:
        return links
    before, skipped = line[0].evaluation, 0
    for step in line[1:]:
        if step.evaluation.number not in there:
            skipped += 1
            continue
        links[before.number, step.evaluation.number] = ((before, step.evaluation), skipped)
        before, skipped = step.evaluation, 0
    return links


def _add_marks(figure: go.Figure, shown: Sequence[Step], line: Sequence[Step]) -> None:
    """A mark for each individual; those of the main line larger, with the gain beside them, the champion a star."""
    on_line = {step.evaluation.number for step in line}
    champion = line[-1].evaluation.number if line else None
    scores = [_score(step.evaluation) for step in shown]
    least = LABELLED * (max(scores) - min(scores)) if scores else 0.0
    for variation, colour in COLOURS.items():
        group = [step for step in shown if step.evaluation.variation == variation]
        if not group:
            continue
        numbers = [step.evaluation.number for step in group]
        figure.add_scatter(
            x=numbers,
            y=[step.evaluation.score for step in group],
            mode="markers+text",
            name=variation,
            marker={
                "color": [VERMILION if number == champion else colour for number in numbers],
                "opacity": 1.0,
                "size": [16 if number == champion else 10 if number in on_line else 6 for number in numbers],
                "symbol": ["star" if number == champion else "circle" for number in numbers],
            },
            text=[_label(step, least) if step.evaluation.number in on_line else "" for step in group],
            textposition=[_side(step) for step in group],
            cliponaxis=False,
            customdata=[_hover(step) for step in group],
            hovertemplate="%{customdata}<extra></extra>",
        )


def _label(step: Step, least: float) -> str:
    """What stands beside a mark of the main line: a founder's pipeline, or a gain that is worth a number."""
    if step.gain is None:
        return shortened(pipeline_text(step.evaluation), 40).replace("<", "&lt;")
    return f"{step.gain:+.4f}" if abs(step.gain) > least else ""


def _side(step: Step) -> str:
    """Where there is room for a label: the line comes from the left, from below after a gain."""
    if step.gain is None:
        return "bottom right"
    return "top left" if step.gain >= 0 else "bottom center"


def _hover(step: Step) -> str:
    each = step.evaluation
    origin: str = each.variation
    if each.parents:
        origin += " of " + " and ".join(f"#{number}" for number in each.parents)
    if step.gain is not None:
        origin += f", {step.gain:+.4f} over the better parent" if len(step.parents) > 1 else f", {step.gain:+.4f}"
    return f"{hover(each)}<br>{origin}"


def _subtitle(steps: Sequence[Step], line: Sequence[Step], shown: Sequence[Step]) -> str:
    if not steps:
        return "no champion"
    gained = _score(line[-1].evaluation) - _score(line[0].evaluation)
    ancestors = {1: "no ancestors", 2: "1 ancestor"}.get(len(steps), f"{len(steps) - 1} ancestors")
    text = f"#{line[-1].evaluation.number}: {ancestors}"
    if len(line) > 1:
        text += f", {gained:+.4f} on its main line of {len(line)}"
    if len(shown) < len(steps):
        text += f" ({len(shown) - 1} ancestors shown)"
    return text


def _score(evaluation: Evaluation) -> float:
    return evaluation.score if evaluation.score is not None else float("-inf")

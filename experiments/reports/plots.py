"""Figures of a search: Pareto front, leaderboard, failures, where the time went; styled by `models.figure_style`."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from experiments.reports.leaderboard import LeaderboardRow, deviation, measured, pipeline_text
from experiments.reports.pipeline_text import shortened, wrapped
from experiments.search.events import Evaluation
from experiments.search.objectives import Objectives
from models.figure_style import BLUE, GRID_COLOUR, ORANGE, SKY_BLUE, TEXT_COLOUR, VERMILION, axis, layout

POINTS = 2_000  # in one figure, at most: more cost the browser, and show nothing more
CAUSES = 12  # bars of the failures, the rest in one
LABEL_WIDTH = 0.2  # of a phase's label, as a share of the figure's, about

#: measure -> what an axis or a heading calls it, and its unit on hover
MEASURES = {
    "complexity": ("complexity", ""),
    "inference_ms": ("ms per 1,000 rows", "ms per 1,000 rows"),
    "size_kb": ("kB", "kB"),
}


def pareto_figure(
    front: Sequence[Evaluation], valid: Sequence[Evaluation], metric: str, objectives: Objectives | None = None
) -> go.Figure:
    """Score against the first cost: the front connected, what it dominates faint, the pipeline on hover.

    Args:
        front: evaluations that nothing dominates.
        valid: every valid evaluation; thinned evenly where there are too many to draw.
        metric: name of the scorer.
        objectives: what the front weighs; None for score and complexity. All costs but the first show on hover only,
            and a front of more than one is not connected, as it is no line.
    """
    costs = (objectives or Objectives()).cost_names
    name = next(iter(costs), "complexity")
    steps = sorted(front, key=lambda evaluation: (_cost(evaluation, name), evaluation.score or 0.0))
    on_front = {evaluation.number for evaluation in front}
    dominated = thinned([e for e in valid if e.number not in on_front], POINTS - len(steps))
    figure = go.Figure(layout=layout(f"{len(steps)} on the front, {len(valid)} valid pipelines"))
    # WebGL would draw faster, but a page can hold few such figures, and a report holds one a generation.
    figure.add_scatter(
        x=[_cost(evaluation, name) for evaluation in dominated],
        y=[evaluation.score for evaluation in dominated],
        mode="markers",
        name="dominated",
        marker={"color": SKY_BLUE, "size": 6, "opacity": 0.35},
        text=[hover(evaluation) for evaluation in dominated],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.add_scatter(
        x=[_cost(evaluation, name) for evaluation in steps],
        y=[evaluation.score for evaluation in steps],
        mode="lines+markers" if len(costs) < 2 else "markers",
        name="Pareto front",
        # A point rules over everything to its right until the next better one: steps, not slopes.
        line={"color": VERMILION, "width": 2, "shape": "hv"},
        marker={"color": VERMILION, "size": 10, "symbol": "diamond"},
        text=[hover(evaluation) for evaluation in steps],
        hovertemplate="%{text}<extra></extra>",
    )
    title, _ = MEASURES[name]
    figure.update_xaxes(title=f"{title} (smaller is {_better(name)})", **axis())
    figure.update_yaxes(title=f"{metric} (mean over folds, greater is better)", **axis())
    if _spans_decades([_cost(evaluation, name) for evaluation in (*steps, *dominated)]):
        figure.update_xaxes(type="log", title=f"{title} (smaller is {_better(name)}, logarithmic)", dtick=1)
    return figure


def leaderboard_cells(
    rows: Sequence[LeaderboardRow], metric: str, objectives: Objectives | None = None
) -> list[list[str]]:
    """The leaderboard as a table's cells, headings first, all of them text laid out for reading.

    Args:
        rows: of the leaderboard.
        metric: name of the scorer.
        objectives: what the front weighs; costs besides the complexity have a column each.
    """
    further = [name for name in (objectives or Objectives()).cost_names if name != "complexity"]
    headings = ["rank", metric, "± over folds", "complexity", *(MEASURES[name][0] for name in further)]
    headings += ["seconds", "generation", "front", "pipeline"]
    return [headings] + [
        [
            str(row.rank),
            f"{row.score:.4f}",
            f"{row.deviation:.4f}",
            _number(row.complexity),
            *(_number(getattr(row, name)) for name in further),
            f"{row.seconds:.1f}",
            str(row.generation),
            "◆" if row.on_front else "",
            row.pipeline,
        ]
        for row in rows
    ]


def column_widths(cells: Sequence[Sequence[str]]) -> list[float]:
    """Widths of the leaderboard's columns in relation to each other: the pipeline needs most of the table."""
    narrow = {"rank": 1.0, "front": 1.0, "seconds": 1.3, "pipeline": 11.0}
    return [narrow.get(heading, 1.6) for heading in cells[0]]


def failures_figure(failures: Mapping[str, tuple[int, float]]) -> go.Figure:
    """Why evaluations were not valid: how often, and the compute time that it cost.

    Args:
        failures: cause -> (how often, seconds).
    """
    ranked = sorted(failures.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))
    shown = [(cause, count, seconds) for cause, (count, seconds) in ranked[:CAUSES]]
    rest = [spent for _, spent in ranked[CAUSES:]]
    if rest:
        shown.append((f"{len(rest)} other causes", sum(c for c, _ in rest), sum(s for _, s in rest)))
    shown.reverse()  # plotly draws the first bar at the bottom
    total = sum(count for _, count, _ in shown)
    figure = go.Figure(layout=layout(f"{total} failed evaluations" if total else "no evaluation has failed"))
    # Positions are numbers and the causes are labels, so that two causes that shorten alike stay two bars.
    positions = list(range(len(shown)))
    causes = [wrapped(cause) for cause, _, _ in shown]
    for name, column, unit, colour in (
        ("count", 1, "evaluations", BLUE), ("seconds", 2, "s of compute time", ORANGE),
    ):  # fmt: skip
        place = "" if column == 1 else "2"
        figure.add_bar(
            x=[entry[column] for entry in shown],
            y=positions,
            orientation="h",
            name=name,
            marker={"color": colour},
            xaxis=f"x{place}",
            text=[f"{entry[column]:,.0f}" if column == 1 else f"{entry[column]:,.1f}" for entry in shown],
            textposition="auto",
            customdata=causes,
            hovertemplate=f"%{{customdata}}<br>%{{x:,.1f}} {unit}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": "failed evaluations"}, "domain": [0, 0.48], "rangemode": "tozero", **axis()},
        xaxis2={
            "title": {"text": "compute time (s)"},
            "domain": [0.52, 1],
            "rangemode": "tozero",
            "anchor": "y",
            **axis(),
        },
        barmode="overlay",  # each has an axis of its own; grouped, they would share the height of one row
        yaxis={
            "tickvals": positions,
            "ticktext": [shortened(cause, 60).replace("<", "&lt;") for cause, _, _ in shown],
            "automargin": True,
            **axis(),
        },
        showlegend=False,
        height=max(300, 140 + 32 * len(shown)),
    )
    return figure


def ledger_figure(spent_seconds: Mapping[str, float], time_left: float) -> go.Figure:
    """Phase by phase on the run's clock, against the budget; what lies beyond it stands out.

    Args:
        spent_seconds: phase -> wall-clock seconds, in the order in which the phases came.
        time_left: the budget, in seconds.
    """
    ends = list(itertools.accumulate(spent_seconds.values()))
    total = ends[-1] if ends else 0.0
    beyond = max(0.0, total - time_left)
    subtitle = f"{total:.1f} s of {time_left:g} s" + (f", {beyond:.1f} s too long" if beyond else "")
    figure = go.Figure(layout=layout(subtitle))
    phases = list(spent_seconds)
    begins = [end - seconds for end, seconds in zip(ends, spent_seconds.values(), strict=True)]
    texts = [
        f"{seconds:.1f} s  {seconds / total:.0%}" if total else f"{seconds:.1f} s" for seconds in spent_seconds.values()
    ]
    for name, colour, parts in (
        ("within the budget", BLUE, [(begin, min(end, time_left)) for begin, end in zip(begins, ends, strict=True)]),
        ("beyond it", VERMILION, [(max(begin, time_left), end) for begin, end in zip(begins, ends, strict=True)]),
    ):
        figure.add_bar(
            base=[begin for begin, _ in parts],
            x=[max(0.0, end - begin) for begin, end in parts],
            y=phases,
            orientation="h",
            name=name,
            marker={"color": colour},
            text=texts,
            textposition="none",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    widest = max(total, time_left)
    labels = [
        _label(phase, text, begin, end, widest)
        for phase, text, begin, end in zip(phases, texts, begins, ends, strict=True)
    ]
    figure.update_layout(annotations=[*figure.layout.annotations, *labels])
    figure.add_vline(x=time_left, line={"color": TEXT_COLOUR, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(title="seconds since the start (dashed: the budget)", range=[0, widest * 1.03], **axis())
    figure.update_yaxes(autorange="reversed", automargin=True, gridcolor=GRID_COLOUR, linecolor=GRID_COLOUR)
    figure.update_layout(barmode="overlay", showlegend=False, height=max(280, 140 + 32 * len(phases)))
    return figure


def thinned(evaluations: Sequence[Evaluation], count: int) -> list[Evaluation]:
    """At most `count` of the evaluations, spread evenly over the scores, best and worst among them."""
    if len(evaluations) <= count:
        return list(evaluations)
    if count < 2:
        return []
    ranked = sorted(evaluations, key=lambda evaluation: (evaluation.score or 0.0, evaluation.number))
    return [ranked[round(place * (len(ranked) - 1) / (count - 1))] for place in range(count)]


@functools.lru_cache(maxsize=4 * POINTS)  # most points are drawn again with every generation
def hover(evaluation: Evaluation) -> str:
    """What a point says of itself."""
    costs = [f"complexity {evaluation.complexity or 0:g}"]
    for name in ("inference_ms", "size_kb"):
        value = measured(evaluation, name)
        costs += [f"{value:.3g} {MEASURES[name][1]}"] if value else []
    return (
        f"<b>{evaluation.score:.4f}</b> ± {deviation(evaluation):.4f}, {', '.join(costs)}<br>"
        f"#{evaluation.number}, generation {evaluation.generation}, {evaluation.seconds:.1f} s"
        f"{', reused' if evaluation.reused else ''}<br>" + wrapped(pipeline_text(evaluation, 400))
    )


def _cost(evaluation: Evaluation, name: str) -> float:
    return float(getattr(evaluation.measures, name)) if evaluation.measures else 0.0


def _better(name: str) -> str:
    return {"complexity": "simpler", "inference_ms": "faster"}.get(name, "better")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if value == round(value) else f"{value:.3g}"


def _spans_decades(values: Sequence[float]) -> bool:
    """Whether values are so far apart that a linear axis would squeeze all but the largest into a corner."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > 100


def _label(phase: str, text: str, begin: float, end: float, widest: float) -> dict[str, object]:
    """What a bar's label says: within it where there is room, else beside it, towards the middle of the figure.

    Args:
        phase: its row.
        text: of the label.
        begin: of the bar.
        end: of the bar.
        widest: of the figure.
    """
    label: dict[str, object] = {"text": text, "y": phase, "showarrow": False}
    if end - begin > LABEL_WIDTH * widest:
        return label | {"x": (begin + end) / 2, "font": {"color": "white"}}
    if end < (1 - LABEL_WIDTH) * widest:
        return label | {"x": end, "xanchor": "left", "xshift": 6}
    return label | {"x": begin, "xanchor": "right", "xshift": -6}

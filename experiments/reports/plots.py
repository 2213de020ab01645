"""Figures of a search, as plotly draws them: Pareto front, leaderboard, failures.

They stand on a transparent ground with mid-grey text, since a web interface may be light or dark, and use the colours
of Okabe and Ito (https://jfly.uni-koeln.de/color/), which people with any kind of colour vision tell apart. Values are
plain lists: plotly would pack arrays into base64, which the plotly.js of older web interfaces cannot read.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from experiments.reports.leaderboard import LeaderboardRow, deviation, pipeline_text
from experiments.reports.pipeline_text import shortened, wrapped
from experiments.search.events import Evaluation

POINTS = 2_000  # in one figure, at most: more cost the browser, and show nothing more
CAUSES = 12  # bars of the failures, the rest in one

FRONT_COLOUR = "#D55E00"  # vermilion
BAR_COLOUR = "#0072B2"  # blue
SECOND_BAR_COLOUR = "#E69F00"  # orange
DOMINATED_COLOUR = "#56B4E9"  # sky blue
TEXT_COLOUR = "#767d8c"  # contrast 4.1 to white and to a dark page (#1a1e2c) alike
GRID_COLOUR = "rgba(127, 134, 148, 0.25)"


def pareto_figure(front: Sequence[Evaluation], valid: Sequence[Evaluation], metric: str) -> go.Figure:
    """Score against complexity: the front connected, what it dominates faint, the pipeline on hover.

    Args:
        front: evaluations that nothing dominates.
        valid: every valid evaluation; thinned evenly where there are too many to draw.
        metric: name of the scorer.
    """
    steps = sorted(front, key=lambda evaluation: (evaluation.complexity or 0.0, evaluation.score or 0.0))
    on_front = {evaluation.number for evaluation in front}
    dominated = thinned([e for e in valid if e.number not in on_front], POINTS - len(steps))
    figure = go.Figure(layout=_layout(f"{len(steps)} on the front, {len(valid)} valid pipelines"))
    # WebGL would draw faster, but a page can hold few such figures, and a report holds one a generation.
    figure.add_scatter(
        x=[evaluation.complexity for evaluation in dominated],
        y=[evaluation.score for evaluation in dominated],
        mode="markers",
        name="dominated",
        marker={"color": DOMINATED_COLOUR, "size": 6, "opacity": 0.35},
        text=[_hover(evaluation) for evaluation in dominated],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.add_scatter(
        x=[evaluation.complexity for evaluation in steps],
        y=[evaluation.score for evaluation in steps],
        mode="lines+markers",
        name="Pareto front",
        # A point rules over everything to its right until the next better one: steps, not slopes.
        line={"color": FRONT_COLOUR, "width": 2, "shape": "hv"},
        marker={"color": FRONT_COLOUR, "size": 10, "symbol": "diamond"},
        text=[_hover(evaluation) for evaluation in steps],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_xaxes(title="complexity (smaller is simpler)", **_axis())
    figure.update_yaxes(title=f"{metric} (mean over folds, greater is better)", **_axis())
    if _spans_decades([e.complexity for e in (*steps, *dominated) if e.complexity is not None]):
        figure.update_xaxes(type="log", title="complexity (smaller is simpler, logarithmic)", dtick=1)
    return figure


def leaderboard_cells(rows: Sequence[LeaderboardRow], metric: str) -> list[list[str]]:
    """The leaderboard as a table's cells, headings first, all of them text laid out for reading."""
    headings = ["rank", metric, "± over folds", "complexity", "seconds", "generation", "front", "pipeline"]
    return [headings] + [
        [
            str(row.rank),
            f"{row.score:.4f}",
            f"{row.deviation:.4f}",
            "" if row.complexity is None else f"{row.complexity:g}",
            f"{row.seconds:.1f}",
            str(row.generation),
            "◆" if row.on_front else "",
            row.pipeline,
        ]
        for row in rows
    ]


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
    figure = go.Figure(layout=_layout(f"{total} failed evaluations" if total else "no evaluation has failed"))
    # Positions are numbers and the causes are labels, so that two causes that shorten alike stay two bars.
    positions = list(range(len(shown)))
    causes = [wrapped(cause) for cause, _, _ in shown]
    for name, column, unit, colour in (
        ("count", 1, "evaluations", BAR_COLOUR), ("seconds", 2, "s of compute time", SECOND_BAR_COLOUR),
    ):  # fmt: skip
        axis = "" if column == 1 else "2"
        figure.add_bar(
            x=[entry[column] for entry in shown],
            y=positions,
            orientation="h",
            name=name,
            marker={"color": colour},
            xaxis=f"x{axis}",
            text=[f"{entry[column]:,.0f}" if column == 1 else f"{entry[column]:,.1f}" for entry in shown],
            textposition="auto",
            customdata=causes,
            hovertemplate=f"%{{customdata}}<br>%{{x:,.1f}} {unit}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": "failed evaluations"}, "domain": [0, 0.48], "rangemode": "tozero", **_axis()},
        xaxis2={
            "title": {"text": "compute time (s)"},
            "domain": [0.52, 1],
            "rangemode": "tozero",
            "anchor": "y",
            **_axis(),
        },
        barmode="overlay",  # each has an axis of its own; grouped, they would share the height of one row
        yaxis={
            "tickvals": positions,
            "ticktext": [shortened(cause, 60).replace("<", "&lt;") for cause, _, _ in shown],
            "automargin": True,
            **_axis(),
        },
        showlegend=False,
        height=max(300, 140 + 32 * len(shown)),
    )
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
def _hover(evaluation: Evaluation) -> str:
    return (
        f"<b>{evaluation.score:.4f}</b> ± {deviation(evaluation):.4f}, complexity {evaluation.complexity or 0:g}<br>"
        f"#{evaluation.number}, generation {evaluation.generation}, {evaluation.seconds:.1f} s<br>"
        + wrapped(pipeline_text(evaluation, 400))
    )


def _spans_decades(values: Sequence[float]) -> bool:
    """Whether values are so far apart that a linear axis would squeeze all but the largest into a corner."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > 100


def _layout(subtitle: str) -> dict[str, object]:
    return {
        "template": "none",
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "font": {"color": TEXT_COLOUR, "size": 13},
        "hoverlabel": {"align": "left"},
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        "margin": {"l": 80, "r": 24, "t": 72, "b": 64},
        # The web interface replaces a figure's title by its series, so what it has to say stands below.
        "annotations": [
            {"text": subtitle, "xref": "paper", "yref": "paper", "x": 0, "y": 1.02, "xanchor": "left",
             "yanchor": "bottom", "showarrow": False}
        ],
    }  # fmt: skip


def _axis() -> dict[str, object]:
    return {"gridcolor": GRID_COLOUR, "linecolor": GRID_COLOUR, "zeroline": False}

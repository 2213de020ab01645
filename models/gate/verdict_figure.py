"""A verdict as a figure: where the difference between two models lies."""

from __future__ import annotations

import plotly.graph_objects as go

from models.figure_style import BLUE, GREEN, TEXT_COLOUR, VERMILION, axis, layout
from models.gate.comparison import Comparison
from models.gate.verdict import Verdict


def verdict_figure(verdict: Verdict) -> go.Figure:
    """The drawn differences and their 95 % interval against zero; without a champion, the groups' scores or the score.

    Args:
        verdict: of the gate.
    """
    if verdict.comparison:
        return _difference(verdict, verdict.comparison)
    figure = go.Figure(layout=layout(f"{verdict.outcome}: {verdict.reason}"))
    scores = dict(verdict.fairness.scores) if verdict.fairness else {}
    if verdict.challenger.score is not None:
        scores = {"all hold-out rows": verdict.challenger.score, **scores}
    figure.add_bar(x=list(scores.values()), y=list(scores), orientation="h", marker={"color": BLUE})
    figure.update_layout(xaxis={**axis(), "title": verdict.metric}, yaxis={**axis(), "automargin": True})
    return figure


def _difference(verdict: Verdict, comparison: Comparison) -> go.Figure:
    colour = GREEN if comparison.is_better else VERMILION
    figure = go.Figure(layout=layout(f"{verdict.outcome}: {comparison.draws} draws of {comparison.rows} rows"))
    shares = [100 * number / (len(comparison.quantiles) - 1) for number in range(len(comparison.quantiles))]
    figure.add_scatter(
        x=list(comparison.quantiles), y=shares, mode="lines", name="share of the draws below", line={"color": BLUE},
        hovertemplate="%{y:.1f} % of the draws are below %{x:.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[comparison.low, comparison.difference, comparison.high], y=[50, 50, 50], mode="lines+markers",
        name="difference and its 95 % interval", line={"color": colour, "width": 4}, marker={"size": [6, 12, 6]},
        hovertemplate="%{x:+.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": TEXT_COLOUR, "dash": "dash"})
    figure.update_layout(
        xaxis={**axis(), "title": f"{comparison.metric}: challenger minus champion"},
        yaxis={**axis(), "title": "share of the draws, %", "range": [-3, 103]},
    )
    return figure

"""A card's figures as plotly draws them, in ClearML's plots."""

from __future__ import annotations

from typing import Any

from models.card.figure import COLOURS, Bars, Chart, Figure, Matrix, Series
from models.figure_style import BLUE, TEXT_COLOUR, axis, layout


def plotly_figure(figure: Figure) -> dict[str, Any]:
    """The figure as plotly.js takes it; plain lists and texts."""
    if isinstance(figure, Chart):
        return _chart(figure)
    return _bars(figure) if isinstance(figure, Bars) else _matrix(figure)


def _chart(chart: Chart) -> dict[str, Any]:
    axes = {"x": {"title": {"text": chart.x_title}, **axis()}, "y": {"title": {"text": chart.y_title}, **axis()}}
    if chart.range:
        for each in axes.values():
            each["range"] = list(chart.range)
    return {
        "data": [_series(series, colour) for series, colour in coloured(chart)],
        "layout": {
            **layout(_text(chart.caption)), "xaxis": axes["x"], "yaxis": axes["y"],
            "legend": {"x": 1.02, "xanchor": "left", "y": 1, "yanchor": "top"}, "showlegend": len(chart.series) > 1,
        },
    }  # fmt: skip


def coloured(chart: Chart) -> list[tuple[Series, str]]:
    """Each series with its colour; references are grey."""
    others = [series for series in chart.series if series.mode != "reference"]
    colours = {id(series): COLOURS[number % len(COLOURS)] for number, series in enumerate(others)}
    return [(series, colours.get(id(series), TEXT_COLOUR)) for series in chart.series]


def _series(series: Series, colour: str) -> dict[str, Any]:
    line: dict[str, Any] = {"color": colour, "width": 2}
    if series.mode == "reference":
        line |= {"dash": "dot", "width": 1.5}
    if series.mode == "steps":
        line["shape"] = "hv"
    return {
        "type": "scatter",
        "name": _text(series.name),
        "x": list(series.x),
        "y": list(series.y),
        "mode": "markers" if series.mode == "points" else "lines",
        "line": line,
        "marker": {"color": colour, "size": 6, "opacity": 0.6},
    }


def _bars(bars: Bars) -> dict[str, Any]:
    has_intervals = all(low is not None for low in bars.lows) and all(high is not None for high in bars.highs)
    error = {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, (high or 0.0) - value) for high, value in zip(bars.highs, bars.values, strict=True)],
        "arrayminus": [max(0.0, value - (low or 0.0)) for low, value in zip(bars.lows, bars.values, strict=True)],
        "color": TEXT_COLOUR,
        "thickness": 1.5,
    }
    positions = list(range(len(bars.names)))  # numbers, so that names that shorten alike stay two bars
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": list(bars.values),
                "y": positions,
                "marker": {"color": BLUE},
                "customdata": [_text(each) for each in bars.names],
                "hovertemplate": "%{customdata}<br>%{x:.4g}<extra></extra>",
                **({"error_x": error} if has_intervals else {}),
            }
        ],
        "layout": {
            **layout(_text(bars.caption)),
            "xaxis": {"title": {"text": bars.x_title}, **axis()},
            "yaxis": {
                "tickvals": positions, "ticktext": [_text(each) for each in bars.names], "autorange": "reversed",
                "automargin": True, **axis(),
            },
            "height": max(320, 150 + 24 * len(bars.names)),
        },
    }  # fmt: skip


def _matrix(matrix: Matrix) -> dict[str, Any]:
    positions = list(range(len(matrix.names)))
    ticks = {"tickvals": positions, "ticktext": [_text(each) for each in matrix.names], "automargin": True, **axis()}
    shares = [[count / max(1, sum(row)) for count in row] for row in matrix.counts]
    return {
        "data": [
            {
                "type": "heatmap", "x": positions, "y": positions, "z": shares, "zmin": 0, "zmax": 1,
                "text": [[str(count) for count in row] for row in matrix.counts], "texttemplate": "%{text}",
                "colorscale": [[0, "rgba(0, 114, 178, 0.05)"], [1, BLUE]], "showscale": False,
                "hovertemplate": "%{text} rows, %{z:.0%} of the class<extra></extra>",
            }
        ],
        "layout": {
            **layout(_text(matrix.caption)),
            "xaxis": {"title": {"text": "predicted"}, **ticks},
            "yaxis": {"title": {"text": "true"}, "autorange": "reversed", **ticks},
        },
    }  # fmt: skip


def _text(text: str) -> str:
    """plotly reads some HTML in texts."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

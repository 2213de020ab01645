"""How figures look: colours, ground, text.

They stand on a transparent ground with mid-grey text, since a web interface may be light or dark, and use the colours
of Okabe and Ito (https://jfly.uni-koeln.de/color/), which people with any kind of colour vision tell apart. Values are
plain lists: plotly would pack arrays into base64, which the plotly.js of older web interfaces cannot read.
"""

from __future__ import annotations

VERMILION = "#D55E00"
BLUE = "#0072B2"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
PURPLE = "#CC79A7"
TEXT_COLOUR = "#767d8c"  # contrast 4.1 to white and to a dark page (#1a1e2c) alike
GRID_COLOUR = "rgba(127, 134, 148, 0.25)"


def layout(subtitle: str) -> dict[str, object]:
    """A figure's layout, with a line of text above it."""
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


def axis() -> dict[str, object]:
    """An axis that does not draw attention to itself."""
    return {"gridcolor": GRID_COLOUR, "linecolor": GRID_COLOUR, "zeroline": False}

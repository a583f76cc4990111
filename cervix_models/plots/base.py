"""What all figures share: ground, grid, words for readers who do not see them."""

from __future__ import annotations

import plotly.graph_objects as go

CLEAR = "rgba(0,0,0,0)"
GREY = "#888888"  # stands out on white (3.5 : 1) and on near-black (5.3 : 1)
GRID = "rgba(128,128,128,0.25)"
BLUE = "#0072B2"  # Okabe and Ito (2008)
BLUES = ((0.0, "#EFF5FA"), (0.5, "#6BA5D0"), (1.0, "#08406E"))  # one hue, even in lightness


def alt_text(figure: go.Figure) -> str:
    """What the figure shows, in words, for readers who do not see it."""
    return figure.layout.meta or ""


def per_cent(share: float) -> str:
    """`share` (0..1) in per cent with one decimal; a share that only rounds to 0 or 100 says so."""
    value = 100 * share
    if 0 < value < 0.1:
        return "< 0.1 %"
    if 99.9 < value < 100:
        return "> 99.9 %"
    return f"{value:.1f} %"


def amount(value: float, unit: str) -> str:
    """A value to three digits with its unit."""
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3g}"
    text = text.replace(",", " ")
    return f"{text}{'' if unit in ('', '°') else ' '}{unit}"


def new_figure(alt: str, height: int, data: object = None) -> go.Figure:
    """An empty figure, or one of `data`, that says `alt` in words; `height` in pixels."""
    figure = go.Figure(data)
    figure.update_layout(
        paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, height=height, showlegend=False, dragmode=False,
        margin={"l": 4, "r": 8, "t": 8, "b": 4}, meta=alt, hoverlabel={"align": "left"},
    )  # fmt: skip
    figure.update_xaxes(automargin=True, fixedrange=True, gridcolor=GRID, zeroline=False)
    figure.update_yaxes(automargin=True, fixedrange=True, gridcolor=GRID, zeroline=False)
    return figure

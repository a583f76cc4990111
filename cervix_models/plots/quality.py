"""Figures of an image set: how its classes are filled, how large its pictures are, and how far its
measures lie from those of another set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.plots.base import new_figure
from cervix_models.plots.models import GREEN, ORANGE

BINS = 40
PLAIN = "#5b8fa8"  # of classes that are none of the five


def balance_chart(counts: Mapping[str, int]) -> go.Figure:
    """A bar a class: how many pictures it has."""
    names, values = list(counts), list(counts.values())
    told = "; ".join(f"{name}: {value:,}" for name, value in counts.items())
    figure = new_figure(f"Pictures of each class. {told}.", 90 + 30 * len(names))
    colours = [class_named(n).colour if n in CLASS_NAMES else PLAIN for n in names]
    figure.add_bar(
        y=names, x=values, orientation="h", marker_color=colours, text=values,
        textposition="outside", hovertemplate="%{y}: %{x}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text="Pictures", range=[0, 1.15 * max(values, default=1)])
    return figure


def measure_chart(
    title: str, ours: Sequence[float], theirs: Sequence[float], names: tuple[str, str]
) -> go.Figure:
    """How one measure is spread over the pictures of a set and, where it is known, of another: the
    part of the pictures in each of BINS steps."""
    both = np.concatenate([np.asarray(ours, float), np.asarray(theirs, float)])
    low, high = np.quantile(both, [0.005, 0.995]) if len(both) else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    middles, words = (edges[:-1] + edges[1:]) / 2, []
    figure = new_figure("", 260)
    for name, values, colour in zip(names, (ours, theirs), (GREEN, ORANGE), strict=True):
        if not len(values):
            continue
        clipped = np.clip(np.asarray(values, float), edges[0], edges[-1])
        shares = np.histogram(clipped, edges)[0] / len(clipped)
        figure.add_scatter(
            x=middles, y=shares, mode="lines", name=name, line={"color": colour, "shape": "hvh"},
            fill="tozeroy", hovertemplate=f"{name}, %{{x:.3g}}: %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
        words.append(f"{name}: half of the pictures between {_middle_half(values)}")
    figure.update_layout(
        meta=f"{title}. {'; '.join(words)}.",
        showlegend=len(words) > 1,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(title_text=title)
    figure.update_yaxes(tickformat=".0%", title_text="Pictures", rangemode="tozero")
    return figure


def _middle_half(values: Sequence[float]) -> str:
    low, high = np.quantile(np.asarray(values, float), [0.25, 0.75])
    return f"{low:.3g} and {high:.3g}"

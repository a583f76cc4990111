"""Figures of a whole field: how many cells of each class, and their nucleus-to-cell ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.plots.base import GREY, new_figure

REFER = "Refer"
BIN = 0.05


def class_counts(counts: Mapping[str, int]) -> go.Figure:
    """A bar a class in the classes' one order, and one of the cells that were referred."""
    names = [*CLASS_NAMES, REFER]
    values = [counts.get(name, 0) for name in names]
    bars = go.Bar(
        x=values,
        y=names,
        orientation="h",
        marker_color=[*(class_named(name).colour for name in CLASS_NAMES), GREY],
        text=values,
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x}<extra></extra>",
    )
    words = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
    figure = new_figure(f"Cells of each class in the field: {words}.", 60 + 36 * len(names), bars)
    figure.update_xaxes(range=[0, max(values) * 1.15 + 1], title="cells")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def ratio_histogram(ratios: Mapping[str, Sequence[float]]) -> go.Figure:
    """How the nucleus-to-cell area ratio spreads in the field, stacked by class.

    `ratios` are by class, or `Refer`, each 0..1; values that are not numbers are left out.
    """
    names = [name for name in (*CLASS_NAMES, REFER) if ratios.get(name)]
    edges = np.arange(0, 1 + BIN, BIN)
    figure = new_figure(_words(ratios), 300)
    for name in names:
        values = np.asarray(ratios[name], float)
        heights, _ = np.histogram(values[np.isfinite(values)], edges)
        figure.add_bar(
            x=edges[:-1] + BIN / 2,
            y=heights,
            width=BIN * 0.94,
            name=name,
            marker_color=GREY if name == REFER else class_named(name).colour,
            hovertemplate=f"{name}: %{{y}} cells at %{{x:.2f}}<extra></extra>",
        )
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": -0.3})
    figure.update_xaxes(title="nucleus area by cell area", range=[0, 1])
    figure.update_yaxes(title="cells")
    return figure


def _words(ratios: Mapping[str, Sequence[float]]) -> str:
    every = np.array([value for some in ratios.values() for value in some], float)
    every = every[np.isfinite(every)]
    if not len(every):
        return "No cell of the field has a measured nucleus-to-cell ratio."
    return (
        f"Nucleus-to-cell area ratio of {len(every)} cells: median {np.median(every):.2f}, "
        f"from {every.min():.2f} to {every.max():.2f}."
    )

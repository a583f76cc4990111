"""Figures of translators: each measure of each way that cells are turned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.plots.base import GREY, GRID, new_figure
from cervix_models.plots.intervals import (
    Figures,
    axis_start,
    interval_words,
    largest,
    whiskers,
)

SYMBOLS = ("square", "diamond", "cross", "triangle-up", "circle")  # a class each
REAL = "Real against real"


@dataclass(frozen=True)
class Panel:
    """One measure of several translators: by translator, and by the class that is made."""

    title: str
    values: Mapping[str, Mapping[str, Figures]]
    floors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    reported: Mapping[str, float] = field(default_factory=dict)


def ways_chart(panels: Sequence[Panel], *, distances: bool = False) -> go.Figure:
    """A panel a measure, a row a translator, a mark a class that is made, in the colour and shape
    of the class; grey where real cells stand and what a document reports. Distances stand on a
    logarithmic axis, shares from 0 to 1."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.values))
    inner = len(panels) * (32 + 52 * len(names))
    figure = new_figure(_panel_words(panels), height=inner + 170)
    make_subplots(
        len(panels), 1, figure=figure, subplot_titles=[each.title for each in panels],
        shared_xaxes=True, vertical_spacing=32 / inner if len(panels) > 1 else 0,
    )  # fmt: skip
    figure.update_annotations(font_size=13)
    every = [v for panel in panels for row in panel.values.values() for v in row.values()]
    least = axis_start(every) if distances else 0.0
    labels = list(dict.fromkeys(key for p in panels for row in p.values.values() for key in row))
    for row, panel in enumerate(panels, start=1):
        for at, label in enumerate(labels):
            _marks(figure, panel, label, (at - (len(labels) - 1) / 2) * 0.17, names, least, row)
        told = [(name, value) for name, value in panel.reported.items() if name in names]
        figure.add_scatter(
            x=[value for _, value in told], y=[names.index(name) for name, _ in told],
            mode="markers", name="Reported, split not stated", hovertemplate="%{x:.3f}",
            marker={"symbol": "x-thin", "size": 11, "line": {"width": 2.5, "color": GREY}},
            row=row, col=1,
        )  # fmt: skip
    shown: set[str] = set()
    for trace in figure.data:
        trace.showlegend = trace.name not in shown and len(trace.x) > 0
        shown |= {trace.name} if len(trace.x) else set()
    ends = [math.log10(least), math.log10(1.4 * largest(every))] if distances else [-0.02, 1.02]
    figure.update_xaxes(
        automargin=True, fixedrange=True, showgrid=True, gridcolor=GRID, zeroline=False, range=ends,
        **({"type": "log", "dtick": 1} if distances else {"tickformat": ".0%", "nticks": 6}),
    )  # fmt: skip
    figure.update_yaxes(
        automargin=True, fixedrange=True, showgrid=False, zeroline=False,
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5],
    )  # fmt: skip
    below = {"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0}
    figure.update_layout(showlegend=True, legend=below, margin={"t": 28})
    return figure


def _marks(
    figure: go.Figure, panel: Panel, label: str, aside: float, names: Sequence[str], least: float,
    row: int,
) -> None:  # fmt: skip
    """What a panel has of one class: where real cells stand, and what is made."""
    found = [(names.index(n), each[label]) for n, each in panel.values.items() if label in each]
    floors = [(names.index(n), each[label]) for n, each in panel.floors.items() if label in each]
    colour = class_named(label).colour
    where = [at + aside for at, _ in found]
    figure.add_scatter(
        x=[max(least, value) for _, value in floors], y=[at + aside for at, _ in floors],
        customdata=[value for _, value in floors], mode="markers", name=REAL,
        hovertemplate=f"{label}: %{{customdata:.3f}}",
        marker={"symbol": "line-ns", "size": 11, "line": {"width": 2.5, "color": GREY}},
        row=row, col=1,
    )  # fmt: skip
    values = [value for _, value in found]
    figure.add_scatter(
        x=[max(least, each["value"]) for each in values], y=where,
        error_x=whiskers(values, least) if values and "low" in values[0] else None,
        mode="markers", name=f"into {label}", hovertemplate="%{x:.3f}",
        marker={"symbol": SYMBOLS[CLASS_NAMES.index(label)], "size": 11, "color": colour},
        row=row, col=1,
    )  # fmt: skip


def _panel_words(panels: Sequence[Panel]) -> str:
    said = []
    for panel in panels:
        rows = []
        for name, row in panel.values.items():
            told = ", ".join(f"{interval_words(each)} into {label}" for label, each in row.items())
            reported = f", reported {panel.reported[name]:.3f}" if name in panel.reported else ""
            rows.append(f"{name} {told}{reported}")
        said.append(f"{panel.title}: {'; '.join(rows)}")
    return f"{'. '.join(said)}."

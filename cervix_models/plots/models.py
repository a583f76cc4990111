"""Figures of several classifiers beside each other: accuracy, what the split adds, size, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cervix_models.plots.base import BLUE, GREY, GRID, new_figure, per_cent
from cervix_models.plots.intervals import Figures, whiskers

ORANGE = "#E69F00"  # Okabe and Ito (2008)
GREEN = "#009E73"
LETTER, LINE = 0.021, 0.055  # of a figure's width and height, a letter and a line of a name


@dataclass(frozen=True)
class Standing:
    """How one model stands: accuracies in parts of one, each with its 95 % interval."""

    name: str
    cluster: Figures  # with clusters kept apart
    random: Figures | None = None  # with cells dealt out at random
    reported: float | None = None  # by the document it comes from, on its own split
    difference: Figures | None = None  # random minus cluster, paired by cell
    parameters: int = 0


def standing_chart(standings: Sequence[Standing]) -> go.Figure:
    """A row a model: accuracy under each split with its interval, and what its document reports."""
    height = 92 + 38 * len(standings)
    figure = new_figure(_standing_words(standings), height=height)
    dots(
        figure, "Reported, split not stated", "diamond-open", GREY,
        [(each.name, {"value": each.reported}) for each in standings if each.reported],
    )  # fmt: skip
    dots(
        figure, "Random split, ours", "circle-open", ORANGE,
        [(each.name, each.random) for each in standings if each.random],
    )  # fmt: skip
    dots(
        figure, "Clusters kept apart, ours", "circle", BLUE,
        [(each.name, each.cluster) for each in standings],
    )  # fmt: skip
    figure.update_xaxes(tickformat=".0%", title_text="Cells told rightly", nticks=6)
    name_rows(figure, [each.name for each in standings])
    figure.update_layout(
        showlegend=True,
        legend={
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "reversed",
        },
    )
    return figure


def outline_chart(
    dice: Mapping[str, Mapping[str, Figures]], reported: Mapping[str, Mapping[str, float]]
) -> go.Figure:
    """A row a segmenter: the Dice of nucleus, cell and cytoplasm with their intervals, and what its
    document reports of nucleus and cytoplasm."""
    words = "; ".join(
        f"{name} " + ", ".join(f"{region} {each['value']:.3f}" for region, each in found.items())
        for name, found in dice.items()
    )
    height = 190 + 84 * len(dice)
    figure = new_figure(f"Dice of each segmenter: {words}.", height=height)
    panels = {"nucleus": "Nucleus", "cell": "Whole cell", "cytoplasm": "Cytoplasm without nucleus"}
    make_subplots(
        3, 1, figure=figure, subplot_titles=list(panels.values()), shared_xaxes=True,
        vertical_spacing=30 / height,
    )  # fmt: skip
    figure.update_annotations(font_size=13)
    hover = "%{y}: %{x:.3f}<extra></extra>"
    for row, region in enumerate(panels, start=1):
        told = [(n, {"value": found[region]}) for n, found in reported.items() if region in found]
        ours = [(name, found[region]) for name, found in dice.items()]
        dots(figure, "Reported, split not stated", "diamond-open", GREY, told, hover, row)
        dots(figure, "Held-out cells, ours", "circle", BLUE, ours, hover, row)
    shown: set[str] = set()
    for trace in figure.data:
        trace.showlegend = trace.name not in shown
        shown.add(trace.name)
    figure.update_xaxes(automargin=True, fixedrange=True, gridcolor=GRID, zeroline=False, nticks=6)
    figure.update_yaxes(automargin=True, fixedrange=True, gridcolor=GRID)
    name_rows(figure, list(dice))
    figure.update_layout(
        showlegend=True, margin={"t": 76},
        legend={"orientation": "h", "y": 1, "yref": "container", "yanchor": "top", "x": 0},
    )  # fmt: skip
    return figure


def difference_chart(differences: Mapping[str, Figures], what: str) -> go.Figure:
    """A row a model: how many percentage points `what` adds, with the interval and a line at 0."""
    words = "; ".join(f"{name} {_points(each)}" for name, each in differences.items())
    figure = new_figure(
        f"{what}, in percentage points: {words}.", height=76 + 34 * len(differences)
    )
    scaled = [
        (name, {key: 100 * each[key] for key in ("value", "low", "high")})
        for name, each in differences.items()
    ]
    dots(figure, what, "circle", BLUE, scaled, "%{y}: %{x:+.1f} points<extra></extra>")
    figure.add_vline(x=0, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="Percentage points", tickformat="+.1f", nticks=5)
    name_rows(figure, list(differences))
    return figure


def size_chart(standings: Sequence[Standing]) -> go.Figure:
    """Accuracy with clusters kept apart against the number of parameters, on a logarithmic axis.

    Names stand where they cover no other; the others are told on hovering.
    """
    sized = sorted((each for each in standings if each.parameters), key=lambda s: s.parameters)
    words = "; ".join(
        f"{each.name} {each.parameters:,} parameters, {per_cent(each.cluster['value'])}"
        for each in sized
    )
    places = _label_places(sized)
    dots = go.Scatter(
        x=[each.parameters for each in sized],
        y=[each.cluster["value"] for each in sized],
        error_y=whiskers([each.cluster for each in sized]),
        mode="markers+text",
        text=[each.name if place else "" for each, place in zip(sized, places, strict=True)],
        textposition=[place or "top left" for place in places],
        hovertext=[each.name for each in sized],
        cliponaxis=False,
        textfont={"size": 11},
        marker={"size": 10, "color": BLUE},
        hovertemplate="%{hovertext}: %{x:,} parameters, %{y:.1%}<extra></extra>",
    )
    figure = new_figure(f"Accuracy against size: {words}.", height=360, data=dots)
    figure.update_xaxes(type="log", title_text="Parameters", dtick=1, exponentformat="SI")
    figure.update_yaxes(tickformat=".0%", title_text="Cells told rightly")
    return figure


def _label_places(sized: Sequence[Standing]) -> list[str | None]:
    """Where each name stands beside its dot, the most accurate first; None where it would cover
    another dot or name."""
    if not sized:
        return []
    logs = [math.log10(each.parameters) for each in sized]
    lows, highs = ([each.cluster[key] for each in sized] for key in ("low", "high"))
    across = _unit(logs, min(logs), max(logs))
    down = _unit([each.cluster["value"] for each in sized], min(lows), max(highs))
    taken = [(x - 0.015, x + 0.015, y - 0.02, y + 0.02) for x, y in zip(across, down, strict=True)]
    places: list[str | None] = [None] * len(sized)
    for at in sorted(range(len(sized)), key=lambda each: -down[each]):
        x, y, wide = across[at], down[at], LETTER * len(sized[at].name)
        for side in ("left", "right"):
            left = x - 0.02 - wide if side == "left" else x + 0.02
            for end in ("top", "bottom"):
                low = y + 0.02 if end == "top" else y - 0.02 - LINE
                box = (left, left + wide, low, low + LINE)
                clear = all(
                    box[0] >= other[1] or box[1] <= other[0]
                    or box[2] >= other[3] or box[3] <= other[2]
                    for other in taken
                )  # fmt: skip
                if places[at] is None and clear and left >= 0 and left + wide <= 1:
                    places[at] = f"{end} {side}"
                    taken.append(box)
    return places


def _unit(values: Sequence[float], low: float, high: float) -> list[float]:
    """The values brought to 0..1."""
    return [(each - low) / ((high - low) or 1.0) for each in values]


def importance_chart(lost: Mapping[str, float]) -> go.Figure:
    """A bar a feature, by its title: the percentage points of accuracy lost without it."""
    bars = go.Bar(
        x=[100 * value for value in lost.values()],
        y=list(lost),
        orientation="h",
        marker_color=BLUE,
        hovertemplate="%{y}: %{x:.2f} points<extra></extra>",
    )
    words = ", ".join(f"{name} {100 * value:.2f}" for name, value in lost.items())
    alt = f"Percentage points of accuracy lost where a feature is shuffled: {words}."
    figure = new_figure(alt, height=70 + 24 * len(lost), data=bars)
    figure.update_xaxes(title_text="Percentage points of accuracy lost")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def bending_chart(
    curves: Mapping[str, Sequence[Mapping[str, Any]]], title: str, unit: str, neutral: float
) -> go.Figure:
    """A line a model: accuracy against the strength of a disturbance; grey bars are the part that
    the gate refuses, and a dotted line marks the strength that changes nothing."""
    axis = f"{title} ({unit})" if unit else title
    figure = new_figure("", height=330)
    words: list[str] = []
    for name, points in curves.items():
        x = [each["strength"] for each in points]
        if not words:
            refused = [each["refused"] for each in points]
            figure.add_scatter(
                x=x, y=refused, mode="lines", fill="tozeroy", name="refused by the gate",
                line={"color": GREY, "width": 1}, fillcolor="rgba(128,128,128,0.25)",
                hovertemplate="%{x}: %{y:.0%} refused<extra></extra>",
            )  # fmt: skip
            words.append(f"the gate refuses {_by(x, refused)}")
        y = [each["accuracy"]["value"] for each in points]
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", name=name,
            hovertemplate=f"{name}, %{{x}}: %{{y:.1%}} right<extra></extra>",
        )  # fmt: skip
        words.append(f"{name} is right in {_by(x, y)}")
    figure.add_vline(x=neutral, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_layout(
        meta=f"{axis}: {'; '.join(words)}.",
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(title_text=axis)
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03], title_text="Part of the cells")
    return figure


def _by(strengths: Sequence[float], values: Sequence[float]) -> str:
    return ", ".join(f"{per_cent(v)} at {s:g}" for s, v in zip(strengths, values, strict=True))


def training_chart(curves: Mapping[str, Sequence[Mapping[str, float]]], what: str) -> go.Figure:
    """A line a model: `what` (train_loss, val_loss, val_accuracy and so on) after each epoch."""
    title = what.replace("val_", "held-out ").replace("train_", "training ").replace("_", " ")
    figure = new_figure("", height=300 + 20 * len(curves))
    ends = []
    for name, curve in curves.items():
        points = [(each["epoch"], each[what]) for each in curve if what in each]
        if not points:
            continue
        epochs, values = zip(*points, strict=True)
        figure.add_scatter(
            x=epochs, y=values, mode="lines+markers", name=name, marker={"size": 5},
            hovertemplate=f"{name}, epoch %{{x}}: %{{y:.3g}}<extra></extra>",
        )  # fmt: skip
        ends.append(f"{name} {values[0]:.3g} to {values[-1]:.3g} in {epochs[-1]} epochs")
    figure.update_layout(
        meta=f"{title.capitalize()} by epoch: {'; '.join(ends) or 'no curve is known'}.",
        showlegend=len(curves) > 1,
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(title_text="Epoch")
    figure.update_yaxes(title_text=title.capitalize())
    return figure


def dots(
    figure: go.Figure,
    name: str,
    symbol: str,
    colour: str,
    rows: Sequence[tuple[str, Figures]],
    hover: str = "%{y}: %{x:.1%}<extra></extra>",
    panel: int | None = None,
) -> None:
    """Puts a dot, with its interval where there is one, into each row that is named."""
    if not rows:
        return
    found = [each for _, each in rows]
    figure.add_scatter(
        x=[each["value"] for each in found],
        y=[row for row, _ in rows],
        error_x=whiskers(found) if "low" in found[0] else None,
        mode="markers",
        name=name,
        marker={
            "symbol": symbol,
            "size": 11,
            "color": colour,
            "line": {"width": 2, "color": colour},
        },
        hovertemplate=hover.replace("<extra></extra>", f"<extra>{name}</extra>"),
        row=panel,
        col=panel and 1,
    )


def name_rows(figure: go.Figure, names: Sequence[str]) -> None:
    """Gives a figure one row a name, the first at the top."""
    figure.update_yaxes(
        categoryorder="array", categoryarray=list(reversed(names)), showgrid=True, type="category"
    )
    figure.update_yaxes(range=[-0.6, len(names) - 0.4])


def _points(found: Figures) -> str:
    return f"{100 * found['value']:+.1f} ({100 * found['low']:+.1f} to {100 * found['high']:+.1f})"


def _standing_words(standings: Sequence[Standing]) -> str:
    rows = []
    for each in standings:
        parts = [f"{per_cent(each.cluster['value'])} with clusters kept apart"]
        if each.random:
            parts.append(f"{per_cent(each.random['value'])} on the random split")
        if each.reported:
            parts.append(f"reported {per_cent(each.reported)}")
        rows.append(f"{each.name} {', '.join(parts)}")
    return f"Accuracy of each model: {'; '.join(rows)}."

"""Figures of a set of cells: how many, how large, of which colour, how alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cervix_models.data.labels import CLASS_NAMES, class_named, short_name
from cervix_models.language import _
from cervix_models.plots.base import BLUE, CLEAR, GREY, new_figure, per_cent

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")  # of the classes, in their order
LIGHT = "#B8C4CA"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6D3B", "#7F7F7F")
WRONG = "#D55E00"
POINT = 6  # pixels
HALF = 0.3  # of what a class has of the axis: the most that a violin has on each side
STEPS = 100  # of the outline of a violin, from its lower end to its upper one


@dataclass(frozen=True)
class Points:
    """Cells as points; every field has one entry a cell."""

    x: Sequence[float]
    y: Sequence[float]
    labels: Sequence[str]
    keys: Sequence[int]  # what a point is known by
    words: Sequence[str]  # what is said of it


def counts_chart(published: Mapping[str, int], here: Mapping[str, int], unit: str) -> go.Figure:
    """How many of `unit` each class has as published, and how many of them are known here."""
    names = [f"{short_name(name)}  {name}" for name in CLASS_NAMES]
    alt = "; ".join(
        _("{name}: {here} of {published}").format(
            name=name, here=here.get(name, 0), published=published[name]
        )
        for name in CLASS_NAMES
    )
    figure = new_figure(f"{unit}. {alt}.", 300)
    whole, part = [published[name] for name in CLASS_NAMES], [here.get(n, 0) for n in CLASS_NAMES]
    figure.add_bar(
        y=names, x=whole, orientation="h", marker_color=LIGHT, text=whole, textposition="outside",
        hovertemplate="%{x}<extra>" + _("as published") + "</extra>", name=_("as published"),
    )  # fmt: skip
    figure.add_bar(
        y=names, x=part, orientation="h", text=part, textposition="inside",
        insidetextanchor="start", width=0.5, textfont_color="#14191b",
        marker_color=[class_named(name).colour for name in CLASS_NAMES],
        hovertemplate="%{x}<extra>" + _("here") + "</extra>", name=_("here"),
    )  # fmt: skip
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text=unit, range=[0, max(whole) * 1.14])
    return figure


def violins(values: Mapping[str, Sequence[float]], title: str) -> go.Figure:
    """How a measurement spreads in each class, with quartiles; `values` by class."""
    alt = "; ".join(
        _("{name}: median {middle}, middle half {low} to {high}").format(
            name=name, middle=_short(mid), low=_short(low), high=_short(high)
        )
        for name, each in values.items()
        for low, mid, high in [np.percentile(each, (25, 50, 75))]
    )
    figure = new_figure(f"{title}. {alt}.", 360)
    for at, (name, each) in enumerate(values.items()):
        _violin(figure, at, name, np.asarray(each, np.float64))
    names = list(values)
    figure.update_yaxes(title_text=title)
    figure.update_xaxes(
        showgrid=False, tickvals=list(range(len(names))), range=[-0.5, len(names) - 0.5],
        ticktext=[short_name(name) for name in names],
    )  # fmt: skip
    return figure


def _violin(figure: go.Figure, at: int, name: str, values: NDArray[np.float64]) -> None:
    colour = class_named(name).colour
    heights, density = _density(values)
    half = HALF * density
    low, mid, high = (float(each) for each in np.percentile(values, (25, 50, 75)))
    reach = 1.5 * (high - low)
    words = _("{name}: median {middle}, middle half {low} to {high}").format(
        name=name, middle=_short(mid), low=_short(low), high=_short(high)
    )
    ends = _("all from {least} to {most}").format(
        least=_short(float(values.min())), most=_short(float(values.max()))
    )
    figure.add_scatter(
        x=np.concatenate([at - half, (at + half)[::-1]]).astype(np.float32),
        y=np.concatenate([heights, heights[::-1]]).astype(np.float32),
        mode="lines", line={"color": colour, "width": 2}, fill="toself", fillcolor=colour,
        opacity=0.75, hoveron="fills", hoverinfo="text", name=name, text=f"{words}<br>{ends}",
    )  # fmt: skip
    figure.add_box(
        x=[at], q1=[low], median=[mid], q3=[high], width=HALF / 2, fillcolor=CLEAR,
        lowerfence=[values[values >= low - reach].min()], line={"color": GREY, "width": 2},
        upperfence=[values[values <= high + reach].max()], whiskerwidth=0, hoverinfo="skip",
        zorder=1, name=name,
    )  # fmt: skip


def _density(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Heights from the least to the largest value, and how dense values lie there, 0..1: a sum of
    Gaussians as wide as Silverman's rule says (Silverman, Density Estimation, 1986, eq. 3.30)."""
    heights = np.linspace(values.min(), values.max(), STEPS)
    low, high = np.percentile(values, (25, 75))
    spread = min(values.std(), (high - low) / 1.349) or values.std() or 1.0
    width = 1.059 * spread * len(values) ** -0.2
    density = np.exp(-0.5 * ((heights[:, None] - values) / width) ** 2).sum(1)
    return heights, density / density.max()


def colour_bands(colours: Mapping[str, NDArray[np.uint8]]) -> go.Figure:
    """The mean colours of the cells of each class in rows, dark to light; `colours` by class,
    `(n, 3)`, all of one length."""
    names = list(colours)
    rows = np.stack([each[np.argsort(each.sum(1), kind="stable")] for each in colours.values()])
    middle = {name: each.mean(0).round().astype(int).tolist() for name, each in colours.items()}
    alt = "; ".join(f"{name}: RGB {', '.join(map(str, mean))}" for name, mean in middle.items())
    figure = new_figure(_("Mean colours of cells. {means}.").format(means=alt), 260)
    figure.add_image(z=rows, dx=100 / rows.shape[1], x0=50 / rows.shape[1], hoverinfo="skip")
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[short_name(name) for name in names],
        showgrid=False, scaleanchor=False,
    )  # fmt: skip
    figure.update_xaxes(
        title_text=_("cells of the class, dark to light"), ticksuffix=" %", showgrid=False,
        range=[0, 100],
    )  # fmt: skip
    return figure


def effects_chart(effects: Mapping[str, float], chosen: str | None = None) -> go.Figure:
    """How much of each measurement goes with the class, the largest at the top; `chosen` stands
    out."""
    names = list(effects)
    alt = "; ".join(f"{name} {effects[name]:.2f}" for name in names)
    words = _("Effect of the class. {values}.").format(values=alt)
    figure = new_figure(words, 60 + 22 * len(names))
    figure.add_bar(
        y=names, x=[effects[name] for name in names], orientation="h",
        marker_color=[BLUE if name == chosen else LIGHT for name in names],
        text=[f"{effects[name]:.2f}" for name in names], textposition="outside", cliponaxis=False,
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title_text=_("effect size η² on ranks"), range=[0, 1])
    return figure


def correlation_map(values: NDArray[np.float64], names: Sequence[str]) -> go.Figure:
    """Which measurements go along with each other: `values` `(n, n)` from -1 to 1."""
    alt = _("Correlations of {count} measurements, those that go along together side by side.")
    figure = new_figure(alt.format(count=len(names)), 760)
    figure.add_heatmap(
        z=values.astype(np.float32), x=list(names), y=list(names), zmin=-1, zmax=1,
        colorscale="RdBu_r",
        hovertemplate="%{y}<br>%{x}<br>ρ = %{z:.2f}<extra></extra>",
        colorbar={"title": "ρ", "thickness": 12, "tickvals": [-1, 0, 1]},
    )  # fmt: skip
    figure.update_xaxes(showticklabels=False, showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, tickfont_size=9, nticks=len(names))
    return figure


def cells_scatter(
    points: Points, titles: tuple[str, str], alt: str, *, lasso: bool = False
) -> go.Figure:
    """Cells as points in the colour and the shape of their class."""
    figure = new_figure(alt, 520)
    labels = np.asarray(points.labels)
    for name, symbol in zip(CLASS_NAMES, SYMBOLS, strict=True):
        _trace(figure, points, labels == name, short_name(name), class_named(name).colour, symbol)
    return _framed(figure, titles, lasso=lasso)


def grouped_scatter(
    points: Points,
    groups: Sequence[str],
    colours: Mapping[str, str],
    titles: tuple[str, str],
    alt: str,
    *,
    lasso: bool = False,
) -> go.Figure:
    """Cells as points in the colour of their group, the groups drawn in the order of `colours`;
    their shapes are those of their classes."""
    figure = new_figure(alt, 520)
    groups_, labels = np.asarray(groups), np.asarray(points.labels)
    for group, colour in colours.items():
        inside = groups_ == group
        first = True
        for name, symbol in zip(CLASS_NAMES, SYMBOLS, strict=True):
            rows = inside & (labels == name)
            if rows.any():
                _trace(figure, points, rows, group, colour, symbol)
                figure.data[-1].update(legendgroup=group, showlegend=first)
                first = False
    return _framed(figure, titles, lasso=lasso)


def cluster_colours(clusters: Sequence[str]) -> dict[str, str]:
    """A colour for each cluster; neighbours in the list differ, and colours come back."""
    return {
        each: COLOURS[at % len(COLOURS)] for at, each in enumerate(sorted(dict.fromkeys(clusters)))
    }


def sizes_chart(sizes: Mapping[str, Sequence[int]]) -> go.Figure:
    """How many clusters have how many cells, by class; `sizes` of each class's clusters."""
    alt = "; ".join(
        _("{name}: {clusters} clusters, {middle} cells at the median, {most} at most").format(
            name=name, clusters=len(each), middle=_short(float(np.median(each))), most=max(each)
        )
        for name, each in sizes.items()
        if len(each)
    )
    figure = new_figure(_("Cells of a cluster. {values}.").format(values=alt), 340)
    most = max((max(each) for each in sizes.values() if len(each)), default=1)
    for name, each in sizes.items():
        counted = np.bincount(np.asarray(each, np.int64), minlength=most + 1)[1:]
        figure.add_bar(
            x=list(range(1, most + 1)), y=counted, name=short_name(name),
            marker_color=class_named(name).colour,
            hovertemplate="%{y} × %{x}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="stack", **_legend())
    figure.update_xaxes(title_text=_("cells of a cluster"))
    figure.update_yaxes(title_text=_("clusters"))
    return figure


def leaks_chart(shares: Mapping[str, tuple[float, float]]) -> go.Figure:
    """What each way of splitting lets through; by its name the part of held-out cells with a
    relative that is learned from, and the part that shows pixels of one."""
    names = list(shares)
    kinds = (_("a cell of their own cluster is learned from"), _("pixels of them are learned from"))
    alt = "; ".join(f"{name}: {per_cent(a)}, {per_cent(b)}" for name, (a, b) in shares.items())
    figure = new_figure(f"{kinds[0]}, {kinds[1]}. {alt}.", 300)
    for at, (kind, colour) in enumerate(zip(kinds, (LIGHT, BLUE), strict=True)):
        figure.add_bar(
            y=names, x=[shares[name][at] for name in names], orientation="h", name=kind,
            marker_color=colour, text=[per_cent(shares[name][at]) for name in names],
            textposition="outside", cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(**_legend())
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.12], title_text=_("of the held-out cells"))
    return figure


def _trace(
    figure: go.Figure, points: Points, rows: NDArray[np.bool_], name: str, colour: str, symbol: str
) -> None:
    at = np.flatnonzero(rows)
    if not len(at):
        return
    figure.add_scatter(
        x=np.asarray(points.x, np.float32)[at], y=np.asarray(points.y, np.float32)[at],
        mode="markers", name=name, customdata=np.asarray(points.keys, np.int32)[at],
        text=[points.words[each] for each in at.tolist()],
        marker={"color": colour, "symbol": symbol, "size": POINT, "opacity": 0.75},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _framed(figure: go.Figure, titles: tuple[str, str], *, lasso: bool) -> go.Figure:
    figure.update_layout(dragmode="lasso" if lasso else False, **_legend())
    figure.update_xaxes(title_text=titles[0])
    figure.update_yaxes(title_text=titles[1])
    return figure


def _legend() -> dict[str, object]:
    return {
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "title_text": "",
            "traceorder": "normal",
        },
        "margin": {"l": 4, "r": 8, "t": 40, "b": 4},
    }


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

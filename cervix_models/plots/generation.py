"""Figures of generators: how near made cells come to real ones, and whether they help a
classifier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cervix_models.data.labels import short_name
from cervix_models.plots.base import BLUE, BLUES, GREY, new_figure, per_cent
from cervix_models.plots.intervals import (
    Figures,
    axis_start,
    interval_words,
    largest,
    whiskers,
)
from cervix_models.plots.models import GREEN, ORANGE, name_rows

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")
COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#D55E00")  # Okabe and Ito (2008)
LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
REAL = "Real against real"


@dataclass(frozen=True)
class Distance:
    """A generator's kernel distance from real cells."""

    name: str
    kid: Figures
    floor: Figures  # of real cells from real ones
    improves: str | None = None  # the faithful generator that it improves


def kid_chart(distances: Sequence[Distance]) -> go.Figure:
    """A row a generator: the kernel distance with its interval on a logarithmic axis, over the band
    of real cells from real ones; an improved generator is tied to the one that it improves."""
    least = axis_start([each for d in distances for each in (d.kid, d.floor)])
    figure = new_figure(_kid_words(distances), height=124 + 56 * len(distances))
    high = max(each.floor.get("high", each.floor["value"]) for each in distances)
    middle = max(least, distances[0].floor["value"])
    _band(figure, least, max(least, high), middle)
    named = {each.name: each for each in distances}
    for each in distances:
        if (before := named.get(each.improves or "")) is not None:
            figure.add_scatter(
                x=[max(least, d.kid["value"]) for d in (before, each)],
                y=[before.name, each.name], mode="lines", hoverinfo="skip", showlegend=False,
                line={"color": GREY, "width": 1, "dash": "dot"},
            )  # fmt: skip
    for words, symbol, colour, some in (
        ("As its document describes", "circle-open", ORANGE,
         [d for d in distances if not d.improves]),
        ("Improved", "circle", BLUE, [d for d in distances if d.improves]),
    ):  # fmt: skip
        rows = [(d.name, d.kid) for d in some]
        _logged(figure, words, symbol, colour, rows, least)
    ends = [math.log10(least), math.log10(1.4 * largest([d.kid for d in distances]))]
    figure.update_xaxes(
        type="log", title_text="Kernel distance (KID)", dtick=1, range=ends, showgrid=True
    )
    name_rows(figure, [each.name for each in distances])
    figure.update_layout(showlegend=True, legend=LEGEND)
    return figure


def spread_chart(points: Mapping[str, tuple[float, float]], real: tuple[float, float]) -> go.Figure:
    """A mark a generator: the share of made cells among the real ones (precision) against that of
    real ones among the made (recall), and where real cells stand."""
    words = "; ".join(
        f"{name} precision {per_cent(p)}, recall {per_cent(r)}"
        for name, (p, r) in {**points, REAL: real}.items()
    )
    figure = new_figure(f"Precision against recall: {words}.", height=380)
    for at, (name, (precision, recall)) in enumerate({**points, REAL: real}.items()):
        own = at < len(points)
        colour = COLOURS[at % len(COLOURS)] if own else GREY
        symbol = SYMBOLS[at % len(SYMBOLS)] if own else "star-open"
        figure.add_scatter(
            x=[recall], y=[precision], mode="markers", name=name, cliponaxis=False,
            marker={"size": 13, "symbol": symbol, "color": colour,
                    "line": {"width": 0 if own else 2, "color": colour}},
            hovertemplate="precision %{y:.1%}, recall %{x:.1%}",
        )  # fmt: skip
    figure.update_xaxes(
        title_text="Recall: real cells among the made", range=[0, 1], tickformat=".0%"
    )
    figure.update_yaxes(
        title_text="Precision: made cells among the real", range=[0, 1], tickformat=".0%"
    )
    below = {"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0}
    figure.update_layout(showlegend=True, legend=below)
    return figure


def class_map(
    shares: Mapping[str, Mapping[str, float]], said: str, *, share: bool = True
) -> go.Figure:
    """A row a generator, a column a class: shares in per cent, the darker the larger; or distances,
    the darker the nearer, on a logarithmic scale."""
    names = list(shares)
    columns = list(dict.fromkeys(key for row in shares.values() for key in row))
    values = [[row.get(key) for key in columns] for row in shares.values()]
    shade = values if share else [[v and -math.log10(max(v, 1e-4)) for v in row] for row in values]
    cells = go.Heatmap(
        z=shade,
        x=[short_name(each) for each in columns],
        y=names,
        text=[["" if v is None else f"{100 * v:.0f}" if share else f"{v:.3f}" for v in row]
              for row in values],
        texttemplate="%{text}",
        customdata=[columns] * len(names),
        colorscale=BLUES,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{y}: %{customdata} %{text}<extra></extra>",
        **({"zmin": 0, "zmax": 1} if share else {}),
    )  # fmt: skip
    rows = []
    for name, row in shares.items():
        told = (f"{k} {per_cent(v) if share else f'{v:.3f}'}" for k, v in row.items())
        rows.append(f"{name}: {', '.join(told)}")
    figure = new_figure(f"{said}. {'; '.join(rows)}.", 84 + 38 * len(names), data=cells)
    title = "Per cent" if share else "Kernel distance (KID)"
    figure.update_xaxes(showgrid=False, type="category", side="top", title_text=title)
    figure.update_yaxes(showgrid=False, type="category", autorange="reversed")
    return figure


def nearest_chart(found: Mapping[str, Figures]) -> go.Figure:
    """A row a generator: how far its cells are from the nearest training cell, median and least,
    beside the median and the first percentile of unseen real cells."""
    words = "; ".join(
        f"{name} median {each['made_median']:.3f}, least {each['made_least']:.3f}, real cells "
        f"{each['real_median']:.3f} and {each['real_first_percentile']:.3f}, "
        f"{per_cent(each['flagged'])} flagged"
        for name, each in found.items()
    )
    rows = {name: f"{name}<br>{per_cent(each['flagged'])} flagged" for name, each in found.items()}
    alt = f"Distance to the nearest training cell: {words}."
    figure = new_figure(alt, height=128 + 52 * len(found))
    for name, each in found.items():
        figure.add_scatter(
            x=[each["made_least"], each["made_median"]], y=[rows[name]] * 2, mode="lines",
            line={"color": BLUE, "width": 2}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    for words, key, symbol, colour in (
        ("Made, median", "made_median", "circle", BLUE),
        ("Made, least", "made_least", "triangle-left", BLUE),
        ("Real, median", "real_median", "circle-open", ORANGE),
        ("Real, first percentile", "real_first_percentile", "triangle-left-open", ORANGE),
    ):
        figure.add_scatter(
            x=[each[key] for each in found.values()], y=list(rows.values()), mode="markers",
            name=words, hovertemplate="%{x:.3f}",
            marker={"symbol": symbol, "size": 12, "color": colour,
                    "line": {"width": 2, "color": colour}},
        )  # fmt: skip
    figure.update_xaxes(title_text="Distance of features", rangemode="tozero", showgrid=True)
    name_rows(figure, list(rows.values()))
    figure.update_layout(showlegend=True, legend=LEGEND)
    return figure


def help_chart(
    real: Mapping[float, Figures], both: Mapping[float, Figures], alone: Figures | None
) -> go.Figure:
    """Accuracy of a classifier against the share of the real cells that it learned from, with and
    without made cells, and from made cells alone."""
    figure = new_figure("", height=360)
    words = []
    for name, found, colour, symbol, dash, aside in (
        ("Real cells", real, ORANGE, "circle-open", "dot", -0.8),
        ("Real and made cells", both, BLUE, "circle", "solid", 0.8),
        ("Made cells alone", {} if alone is None else {0.0: alone}, GREEN, "diamond", None, 0.0),
    ):
        if not found:
            continue
        values = list(found.values())
        figure.add_scatter(
            x=[100 * share + aside for share in found], y=[each["value"] for each in values],
            error_y=whiskers(values), name=name, mode="lines+markers" if dash else "markers",
            customdata=[100 * share for share in found],
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 11, "color": colour,
                    "line": {"width": 2, "color": colour}},
            hovertemplate="%{customdata:g} % of the real cells: %{y:.1%}",
        )  # fmt: skip
        told = ", ".join(f"{per_cent(v['value'])} at {100 * s:g} %" for s, v in found.items())
        words.append(f"{name} {told}")
    shares = [100 * each for each in {**({} if alone is None else {0.0: alone}), **real, **both}]
    figure.update_xaxes(
        title_text="Share of the real cells", tickvals=shares, range=[-4, 104],
        ticktext=[f"{each:g} %" for each in shares], tickangle=0,
    )  # fmt: skip
    figure.update_yaxes(title_text="Held-out cells told rightly", tickformat=".0%", nticks=7)
    figure.update_layout(
        showlegend=True, legend=LEGEND,
        meta=f"Accuracy by the share of the real cells: {'; '.join(words)}.",
    )  # fmt: skip
    return figure


def _band(figure: go.Figure, low: float, high: float, middle: float) -> None:
    figure.add_vrect(x0=low, x1=high, fillcolor="rgba(128,128,128,0.22)", line_width=0)
    figure.add_vline(x=middle, line={"color": GREY, "width": 1, "dash": "dash"})
    figure.add_scatter(
        x=[None], y=[None], mode="markers", name=REAL,
        marker={"symbol": "square", "size": 12, "color": "rgba(128,128,128,0.4)"},
    )  # fmt: skip


def _logged(
    figure: go.Figure, name: str, symbol: str, colour: str, rows: Sequence[tuple[str, Figures]],
    least: float,
) -> None:  # fmt: skip
    """Marks with intervals on a logarithmic axis that begins at `least`."""
    values = [each for _, each in rows]
    if rows:
        figure.add_scatter(
            x=[max(least, each["value"]) for each in values], y=[row for row, _ in rows],
            error_x=whiskers(values, least), mode="markers", name=name,
            customdata=[interval_words(each) for each in values],
            hovertemplate="%{y}: %{customdata}",
            marker={"symbol": symbol, "size": 11, "color": colour,
                    "line": {"width": 2, "color": colour}},
        )  # fmt: skip


def _kid_words(distances: Sequence[Distance]) -> str:
    rows = "; ".join(f"{each.name} {interval_words(each.kid)}" for each in distances)
    floor = interval_words(distances[0].floor)
    return f"Kernel distance of made cells from real ones: {rows}; real against real {floor}."

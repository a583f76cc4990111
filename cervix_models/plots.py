"""The figures that pages and reports show: Plotly, drawn for light and dark, phone and desk.

Every figure lies on a transparent ground, leaves the colour of letters to the page, carries class
names as letters beside colour, cannot be dragged (so that a thumb still scrolls the page), and
says in words what it shows: `alt_text`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from cervix_models.contracts import FeatureRange
from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.errors import MeasurementError
from cervix_models.morphology.catalogue import Feature, to_micrometres

CLEAR = "rgba(0,0,0,0)"
GREY = "#888888"  # stands out on white (3.5 : 1) and on near-black (5.3 : 1)
GRID = "rgba(128,128,128,0.25)"
BLUE = "#0072B2"  # Okabe and Ito (2008)
BLUES = ((0.0, "#EFF5FA"), (0.5, "#6BA5D0"), (1.0, "#08406E"))  # one hue, even in lightness


@dataclass(frozen=True)
class ReliabilityBin:
    """Cells whose top probability fell in one bin."""

    confidence: float  # mean top probability, 0..1
    accuracy: float  # part of them that was right, 0..1
    count: int


@dataclass(frozen=True)
class CoveragePoint:
    """What remains when every cell under a threshold is referred."""

    threshold: float
    coverage: float  # part of cells that is answered, 0..1
    accuracy: float  # part of the answered that is right, 0..1


def alt_text(figure: go.Figure) -> str:
    """What the figure shows, in words, for readers who do not see it."""
    return figure.layout.meta or ""


def probability_bars(probabilities: Mapping[str, float], *, neutral: bool = False) -> go.Figure:
    """A bar a class in the classes' one order, each with its letters, colour and per cent.

    `neutral` paints all bars grey, for a reading that is referred: no class stands out then.
    """
    names = [name for name in CLASS_NAMES if name in probabilities]
    values = [probabilities[name] for name in names]
    bars = go.Bar(
        x=values,
        y=[_label(name) for name in names],
        orientation="h",
        marker_color=[GREY if neutral else class_named(name).colour for name in names],
        text=[per_cent(value) for value in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    words = ", ".join(f"{name} {per_cent(probabilities[name])}" for name in names)
    figure = _figure(f"Probability of each class: {words}.", height=64 + 38 * len(names), data=bars)
    # The room right of 100 % is for the label of a full bar.
    figure.update_xaxes(range=[0, 1.22], tickvals=[0, 0.5, 1], tickformat=".0%")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def feature_strip(
    feature: Feature,
    value: float | None,
    ranges: Mapping[str, Mapping[str, FeatureRange]],
    micrometres_per_pixel: float | None = None,
) -> go.Figure:
    """One cell's value as an upright line over where the cells of each class lie.

    `ranges[class][feature]` is what `morphology.load_class_ranges` gives. Of each class: the pale
    bar from the 5th to the 95th percentile, the full bar the middle half, the tick its median.
    With a scale all is in micrometres. Without a value the ranges stand alone.
    """
    scale = micrometres_per_pixel
    spreads = {
        name: _scaled(feature, ranges[name][feature.name], scale)
        for name in CLASS_NAMES
        if feature.name in ranges.get(name, {})
    }
    unit = feature.metric_unit if scale else feature.unit
    shown = None if value is None else _in_unit(feature, value, scale)
    figure = _figure(_strip_words(feature, shown, unit, spreads), height=86 + 24 * len(spreads))
    for name, spread in spreads.items():
        _draw_spread(figure, name, spread)
    if shown is not None:
        figure.add_vline(x=shown, line={"color": GREY, "width": 3})
        figure.add_annotation(
            x=shown, y=1, yref="paper", yanchor="bottom", showarrow=False,
            text=f"<b>{amount(shown, unit)}</b>",
        )  # fmt: skip
    title = f"{feature.title} ({unit})" if unit else feature.title
    figure.update_xaxes(title={"text": title, "font": {"size": 12}}, nticks=6)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_layout(barmode="overlay", margin_t=26)
    return figure


def reliability_diagram(bins: Sequence[ReliabilityBin]) -> go.Figure:
    """How often the model is right where it gives a probability, beside the line of an honest one.
    A dot's area goes with the number of cells behind it; bins without cells are left out."""
    filled = [each for each in bins if each.count > 0]
    most = max((each.count for each in filled), default=1)
    dots = go.Scatter(
        x=[each.confidence for each in filled],
        y=[each.accuracy for each in filled],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": [8 + 20 * (each.count / most) ** 0.5 for each in filled], "opacity": 0.8},
        customdata=[each.count for each in filled],
        hovertemplate="said %{x:.1%}, right %{y:.1%}, %{customdata} cells<extra></extra>",
    )
    words = "; ".join(
        f"said {per_cent(each.confidence)}, right {per_cent(each.accuracy)} of {each.count} cells"
        for each in filled
    )
    honest = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot"}, hoverinfo="skip"
    )
    figure = _figure(f"Reliability: {words}.", height=340, data=[honest, dots])
    figure.update_xaxes(title_text="Probability given", range=[0, 1.03], tickformat=".0%")
    figure.update_yaxes(title_text="Part that was right", range=[0, 1.05], tickformat=".0%")
    return figure


def confusion_matrix(matrix: ArrayLike, classes: Sequence[str]) -> go.Figure:
    """Counts of cells: true classes in rows, answers in columns, shaded by the part of each row.

    `matrix` is `(classes, classes)` of counts, in the order of `classes`. Raises MeasurementError
    where the two do not fit.
    """
    counts = np.asarray(matrix)
    if counts.shape != (len(classes), len(classes)):
        raise MeasurementError(
            f"The matrix is {counts.shape} for {len(classes)} classes; expected one row and one "
            "column a class. Count with the same list of classes."
        )
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    letters = [class_named(name).short for name in classes]
    full = [[[true, said] for said in classes] for true in classes]
    cells = go.Heatmap(
        z=share, x=letters, y=letters, text=counts, customdata=full, zmin=0, zmax=1,
        colorscale=BLUES, showscale=False, texttemplate="%{text}", xgap=2, ygap=2,
        hovertemplate="%{text} cells (%{z:.1%}) of %{customdata[0]} read as %{customdata[1]}"
        "<extra></extra>",
    )  # fmt: skip
    right, total = int(np.trace(counts)), int(counts.sum())
    rows = "; ".join(
        f"{name}: {counts[row, row]} of {counts[row].sum()} right"
        for row, name in enumerate(classes)
    )
    figure = _figure(f"Confusion matrix, {right} of {total} right. {rows}.", 360, data=cells)
    figure.update_xaxes(title_text="Read as", showgrid=False, type="category")
    figure.update_yaxes(
        title_text="True class", showgrid=False, type="category", autorange="reversed"
    )
    return figure


def coverage_curve(points: Sequence[CoveragePoint], chosen: float | None = None) -> go.Figure:
    """How accurate the answered cells are against how many are answered; `chosen` is the threshold
    in use, whose point is ringed."""
    line = sorted(points, key=lambda point: point.coverage)
    curve = go.Scatter(
        x=[point.coverage for point in line],
        y=[point.accuracy for point in line],
        customdata=[point.threshold for point in line],
        mode="lines",
        line={"color": BLUE, "width": 3},
        hovertemplate="threshold %{customdata:.3f}: answers %{x:.1%}, right %{y:.1%}"
        "<extra></extra>",
    )
    figure = _figure(_coverage_words(line), height=320, data=curve)
    if chosen is not None and line:
        used = min(line, key=lambda point: abs(point.threshold - chosen))
        figure.add_scatter(
            x=[used.coverage], y=[used.accuracy], mode="markers", hoverinfo="skip",
            marker={"size": 13, "color": CLEAR, "line": {"color": "#D55E00", "width": 3}},
        )  # fmt: skip
        figure.add_annotation(
            text=f"in use: {per_cent(used.coverage)} answered,<br>{per_cent(used.accuracy)} right",
            xref="paper", yref="paper", x=0.02, y=0.02, align="left", showarrow=False,
        )  # fmt: skip
    figure.update_xaxes(title_text="Cells answered", tickformat=".0%")
    figure.update_yaxes(title_text="Right among the answered", tickformat=".1%")
    return figure


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


def _figure(alt: str, height: int, data: object = None) -> go.Figure:
    figure = go.Figure(data)
    figure.update_layout(
        paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, height=height, showlegend=False, dragmode=False,
        margin={"l": 4, "r": 8, "t": 8, "b": 4}, meta=alt, hoverlabel={"align": "left"},
    )  # fmt: skip
    figure.update_xaxes(automargin=True, fixedrange=True, gridcolor=GRID, zeroline=False)
    figure.update_yaxes(automargin=True, fixedrange=True, gridcolor=GRID, zeroline=False)
    return figure


def _label(name: str) -> str:
    broken = name.replace("-", "-<br>", 1)  # the one long name, so that bars keep room on a phone
    return f"<b>{class_named(name).short}</b> {broken}"


def _draw_spread(figure: go.Figure, name: str, spread: FeatureRange) -> None:
    kind = class_named(name)
    row = f"<b>{kind.short}</b>"
    common = {"y": [row], "orientation": "h", "marker_color": kind.colour, "hoverinfo": "skip"}
    outer, half = spread.p95 - spread.p5, spread.p75 - spread.p25
    figure.add_bar(x=[outer], base=[spread.p5], width=0.42, opacity=0.4, **common)
    figure.add_bar(x=[half], base=[spread.p25], width=0.72, **common)
    figure.add_scatter(
        x=[spread.p50], y=[row], mode="markers",
        marker={"symbol": "line-ns", "size": 15, "line": {"width": 2, "color": "#000000"}},
        hovertemplate=f"{name}, {spread.count} cells: median %{{x:.4g}}, middle half "
        f"{spread.p25:.4g} to {spread.p75:.4g}, 90 % {spread.p5:.4g} to {spread.p95:.4g}"
        "<extra></extra>",
    )  # fmt: skip


def _in_unit(feature: Feature, value: float, scale: float | None) -> float:
    return to_micrometres(feature.name, value, scale) if scale else value


def _scaled(feature: Feature, spread: FeatureRange, scale: float | None) -> FeatureRange:
    return replace(
        spread,
        p5=_in_unit(feature, spread.p5, scale),
        p25=_in_unit(feature, spread.p25, scale),
        p50=_in_unit(feature, spread.p50, scale),
        p75=_in_unit(feature, spread.p75, scale),
        p95=_in_unit(feature, spread.p95, scale),
    )


def _strip_words(
    feature: Feature, value: float | None, unit: str, spreads: Mapping[str, FeatureRange]
) -> str:
    cell = "" if value is None else f" of this cell: {amount(value, unit)}"
    rows = "; ".join(
        f"{name}, middle half {amount(each.p25, unit)} to {amount(each.p75, unit)}"
        for name, each in spreads.items()
    )
    return f"{feature.title}{cell}. {rows or 'No ranges of the classes are known'}."


def _coverage_words(line: Sequence[CoveragePoint]) -> str:
    if not line:
        return "Accuracy against coverage: no points."
    first, last = line[0], line[-1]
    return (
        f"Accuracy against coverage: {per_cent(first.accuracy)} right where "
        f"{per_cent(first.coverage)} are answered, {per_cent(last.accuracy)} right where "
        f"{per_cent(last.coverage)} are answered."
    )

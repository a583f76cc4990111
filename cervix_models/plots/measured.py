"""Figures of one measured classifier: reliability, confusion, what refusing buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from cervix_models.data.labels import short_name
from cervix_models.errors import MeasurementError
from cervix_models.plots.base import BLUE, BLUES, CLEAR, GREY, new_figure, per_cent


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
    figure = new_figure(f"Reliability: {words}.", height=340, data=[honest, dots])
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
    letters = [short_name(name) for name in classes]
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
    figure = new_figure(f"Confusion matrix, {right} of {total} right. {rows}.", 360, data=cells)
    figure.update_xaxes(title_text="Read as", showgrid=False, type="category")
    figure.update_yaxes(
        title_text="True class", showgrid=False, type="category", autorange="reversed"
    )
    return figure


def finding_curve(points: Sequence[Mapping[str, float]]) -> go.Figure:
    """What part of nuclei is found, against the false objects for each true one, by threshold."""
    seen = [each for each in points if each["recall"] >= 0.05]
    line = sorted(seen, key=lambda each: each["threshold"])
    figure = new_figure(
        "; ".join(
            f"from {p['threshold']:.2f} on {per_cent(p['recall'])} of the nuclei are found, with "
            f"{p['false_for_each_true']:.2f} false objects for each true one"
            for p in line[:: max(1, len(line) // 4)]
        )
        + ".",
        height=320,
    )
    figure.add_scatter(
        x=[p["false_for_each_true"] for p in line],
        y=[p["recall"] for p in line],
        mode="lines+markers",
        marker_color=BLUE,
        line_color=BLUE,
        customdata=[p["threshold"] for p in line],
        hovertemplate="threshold %{customdata:.2f}: %{y:.1%} found, %{x:.2f} false for each true"
        "<extra></extra>",
    )
    figure.update_xaxes(title="false objects for each true one", rangemode="tozero")
    figure.update_yaxes(title="nuclei found", tickformat=".0%", range=[0, 1.02])
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
    figure = new_figure(_coverage_words(line), height=320, data=curve)
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
    figure.update_xaxes(title_text="Answered", tickformat=".0%")
    figure.update_yaxes(title_text="Right among the answered", tickformat=".1%")
    return figure


def _coverage_words(line: Sequence[CoveragePoint]) -> str:
    if not line:
        return "Accuracy against coverage: no points."
    first, last = line[0], line[-1]
    return (
        f"Accuracy against coverage: {per_cent(first.accuracy)} right where "
        f"{per_cent(first.coverage)} are answered, {per_cent(last.accuracy)} right where "
        f"{per_cent(last.coverage)} are answered."
    )

"""Figures of learners: how often right, by class and over time, how they lean, and how the items of
a set did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from cervix_models.data.labels import class_named, short_name
from cervix_models.errors import MeasurementError
from cervix_models.language import _, several
from cervix_models.plots.base import BLUE, BLUES, GREY, new_figure, per_cent
from cervix_models.plots.intervals import Figures, whiskers

AT_ONCE = 4  # items of one spot that are named beside it


@dataclass(frozen=True)
class Part:
    """A part of some cells, by a name."""

    name: str
    value: Figures | None  # None: nothing was asked yet
    count: int


@dataclass(frozen=True)
class ItemSpot:
    """How one item of a set did."""

    number: int
    label: str
    right: float  # 0..1
    discrimination: float


def named_matrix(matrix: ArrayLike, classes: Sequence[str]) -> go.Figure:
    """Counts of cells: true classes in rows, what people said in columns, shaded by the part of
    each row.

    `matrix` is `(classes, classes)`. Raises MeasurementError where the two do not fit.
    """
    counts = np.asarray(matrix)
    if counts.shape != (len(classes), len(classes)):
        raise MeasurementError(
            f"The matrix is {counts.shape} for {len(classes)} classes; expected one row and one "
            "column a class. Count with the same list of classes."
        )
    part = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    letters = [short_name(name) for name in classes]
    words = [
        _("{label}: {right} of {count} named rightly").format(
            label=name, right=counts[row, row], count=counts[row].sum()
        )
        for row, name in enumerate(classes)
    ]
    hover = [
        [
            _("{label}, named {said}: {count} ({share})").format(
                label=true, said=said, count=counts[row, column], share=per_cent(part[row, column])
            )
            for column, said in enumerate(classes)
        ]
        for row, true in enumerate(classes)
    ]
    cells = go.Heatmap(
        z=part, x=letters, y=letters, text=counts, customdata=hover, zmin=0, zmax=1,
        colorscale=BLUES, showscale=False, texttemplate="%{text}", xgap=2, ygap=2,
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure = new_figure(f"{'; '.join(words)}.", 330, data=cells)
    figure.update_xaxes(title_text=_("Named"), showgrid=False, type="category")
    figure.update_yaxes(
        title_text=_("True class"), showgrid=False, type="category", autorange="reversed"
    )
    return figure


def classes_chart(parts: Sequence[Part]) -> go.Figure:
    """A row a class: the part of its cells that was named rightly, with its interval."""
    asked = [each for each in parts if each.value is not None]
    words = "; ".join(_part_words(each) for each in parts)
    dots = go.Scatter(
        x=[each.value["value"] for each in asked if each.value],
        y=[short_name(each.name) for each in asked],
        error_x=whiskers([each.value for each in asked if each.value]),
        mode="markers",
        marker={
            "size": 12,
            "color": [class_named(each.name).colour for each in asked],
            "line": {"color": GREY, "width": 1},
        },
        customdata=[_part_words(each) for each in asked],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure = new_figure(
        _("Named rightly by class: {words}.").format(words=words), 90 + 34 * len(parts), data=dots
    )
    figure.update_xaxes(tickformat=".0%", range=[-0.02, 1.02], title_text=_("Named rightly"))
    letters = [short_name(each.name) for each in parts]
    figure.update_yaxes(
        categoryorder="array", categoryarray=letters[::-1], type="category", showgrid=False,
        range=[-0.6, len(parts) - 0.4],
    )  # fmt: skip
    return figure


def calls_chart(over: Part, under: Part) -> go.Figure:
    """Two bars: the part of normal and benign cells called abnormal, and of abnormal ones called
    normal or benign, with their intervals."""
    parts = [each for each in (under, over) if each.value is not None]
    bars = go.Bar(
        x=[each.value["value"] for each in parts if each.value],
        y=[each.name for each in parts],
        error_x=whiskers([each.value for each in parts if each.value]),
        orientation="h",
        marker_color=BLUE,
        customdata=[_part_words(each) for each in parts],
        hovertemplate="%{customdata}<extra></extra>",
    )
    words = "; ".join(_part_words(each) for each in (over, under))
    figure = new_figure(f"{words}.", 160, data=bars)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02])
    figure.update_yaxes(showgrid=False)
    return figure


def learning_chart(until: Sequence[int], right: Sequence[Figures]) -> go.Figure:
    """The part right in each block of answers, in their order, with its interval."""
    words = "; ".join(
        _("up to answer {number}: {share}").format(number=at, share=per_cent(each["value"]))
        for at, each in zip(until, right, strict=True)
    )
    line = go.Scatter(
        x=list(until),
        y=[each["value"] for each in right],
        error_y=whiskers(right),
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9},
        hovertemplate="%{x}: %{y:.0%}<extra></extra>",
    )
    figure = new_figure(_("Named rightly: {words}.").format(words=words), 260, data=line)
    figure.update_xaxes(title_text=_("Answers"), rangemode="tozero")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.05], title_text=_("Named rightly"))
    return figure


def scores_chart(scores: Sequence[int], items: int) -> go.Figure:
    """How many people have each number of cells right, of so many items."""
    counts = np.bincount(np.asarray(scores, np.int64), minlength=items + 1)
    told = [
        several("{count} person has {right} right", "{count} people have {right} right", count)
        .format(count=count, right=right)
        for right, count in enumerate(counts.tolist())
        if count
    ]  # fmt: skip
    bars = go.Bar(
        x=list(range(items + 1)),
        y=counts,
        marker_color=BLUE,
        hovertemplate="%{x}: %{y}<extra></extra>",
    )
    figure = new_figure(f"{'; '.join(told)}.", 260, data=bars)
    figure.update_xaxes(
        title_text=_("Cells right, of {items}").format(items=items), range=[-0.6, items + 0.6]
    )
    step = max(1, -(-int(counts.max()) // 5))
    figure.update_yaxes(title_text=_("People"), dtick=step, rangemode="tozero")
    return figure


def items_chart(spots: Sequence[ItemSpot]) -> go.Figure:
    """A dot an item: how many were right, against how far it tells those who do well from those
    who do not; below the dotted line it tells them the wrong way round."""
    words = "; ".join(_spot_words(each) for each in spots)
    dots = go.Scatter(
        x=[each.right for each in spots],
        y=[each.discrimination for each in spots],
        mode="markers+text",
        text=_spot_letters(spots),
        textposition="top center",
        cliponaxis=False,
        marker={
            "size": 12,
            "color": [class_named(each.label).colour for each in spots],
            "line": {"color": GREY, "width": 1},
        },
        customdata=[_spot_words(each) for each in spots],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure = new_figure(f"{words}.", 340, data=dots)
    figure.add_hline(y=0, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(tickformat=".0%", range=[-0.04, 1.04], title_text=_("Part right"))
    figure.update_yaxes(range=[-1.08, 1.14], title_text=_("Discrimination"))
    return figure


def _spot_letters(spots: Sequence[ItemSpot]) -> list[str]:
    """Number and class letters of each item; of those on one spot the first has them all."""
    together: dict[tuple[float, float], list[str]] = {}
    for each in spots:
        place = (round(each.right, 2), round(each.discrimination, 2))
        together.setdefault(place, []).append(f"{each.number} {short_name(each.label)}")
    return [
        f"{', '.join(names[:AT_ONCE])}{' …' if len(names) > AT_ONCE else ''}"
        if names[0] == f"{each.number} {short_name(each.label)}"
        else ""
        for each, names in (
            (each, together[round(each.right, 2), round(each.discrimination, 2)]) for each in spots
        )
    ]


def _spot_words(each: ItemSpot) -> str:
    return _("cell {number}, {label}: {share} right, discrimination {value}").format(
        number=each.number,
        label=each.label,
        share=per_cent(each.right),
        value=f"{each.discrimination:+.2f}",
    )


def _part_words(each: Part) -> str:
    if each.value is None:
        return _("{name}: none asked yet").format(name=each.name)
    return _("{name}: {share} of {count} ({low} to {high})").format(
        name=each.name,
        share=per_cent(each.value["value"]),
        count=each.count,
        low=per_cent(each.value["low"]),
        high=per_cent(each.value["high"]),
    )

"""Two classes beside each other, by the measurements that part them best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cervix_models.data.labels import class_named
from cervix_models.language import _
from cervix_models.plots.base import GREY, amount, new_figure

ROW = 118  # pixels of one measurement
BAND = 0.56  # of that for the boxes; the rest is for the title above and the axis below


@dataclass(frozen=True)
class Parted:
    """One measurement of two classes."""

    title: str
    unit: str
    pairs: float  # part of pairs that a rule by this measurement alone puts right, 0.5..1
    one: Sequence[float]  # percentiles 5, 25, 50, 75 and 95
    other: Sequence[float]


def apart_chart(one: str, other: str, rows: Sequence[Parted]) -> go.Figure:
    """A pair of boxes a measurement, each on an axis of its own: the middle half of a class, its
    median, and whiskers over the middle 90 %."""
    words = "; ".join(_words(one, other, row) for row in rows)
    figure = new_figure(
        _("What parts {one} and {other}: {words}.").format(one=one, other=other, words=words),
        height=ROW * len(rows) + 8,
    )
    share = 1 / max(len(rows), 1)
    for at, row in enumerate(rows):
        number = "" if at == 0 else str(at + 1)
        top = 1 - at * share - 0.24 * share
        for name, values in ((other, row.other), (one, row.one)):
            figure.add_trace(_box(name, values, number))
        figure.update_layout(
            {
                f"yaxis{number}": {
                    "domain": [top - BAND * share, top], "anchor": f"x{number}",
                    "showgrid": False, "fixedrange": True, "automargin": True,
                },
                f"xaxis{number}": {
                    "anchor": f"y{number}", "nticks": 6, "fixedrange": True,
                    "gridcolor": "rgba(128,128,128,0.25)", "zeroline": False,
                },
            }
        )  # fmt: skip
        unit = f" ({row.unit})" if row.unit else ""
        figure.add_annotation(
            text=f"<b>{row.title}</b>{unit}", x=0, y=top + 0.005, xref="paper", yref="paper",
            xanchor="left", yanchor="bottom", showarrow=False,
        )  # fmt: skip
    return figure


def _box(name: str, values: Sequence[float], number: str) -> go.Box:
    kind = class_named(name)
    low, first, middle, third, high = ([each] for each in values)
    return go.Box(
        y=[kind.short], lowerfence=low, q1=first, median=middle, q3=third, upperfence=high,
        orientation="h", name=name, fillcolor=kind.colour, line={"color": GREY, "width": 2},
        width=0.62, xaxis=f"x{number}", yaxis=f"y{number}", hoverinfo="x+name",
    )  # fmt: skip


def _words(one: str, other: str, row: Parted) -> str:
    return _("{title}, median {one_median} in {one} and {other_median} in {other}").format(
        title=row.title, one=one, other=other,
        one_median=amount(row.one[2], row.unit), other_median=amount(row.other[2], row.unit),
    )  # fmt: skip

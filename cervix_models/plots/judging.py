"""Figures of what people said of made and of real cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cervix_models.language import _
from cervix_models.plots.base import BLUE, GREY, new_figure, per_cent
from cervix_models.plots.intervals import Figures, whiskers
from cervix_models.plots.models import dots, name_rows


@dataclass(frozen=True)
class CalledReal:
    """Which part of one generator's cells, or of the real ones, was called real."""

    name: str
    here: Figures | None = None  # by people here
    reported: float | None = None  # by people whom its document tells of


def called_real_chart(parts: Sequence[CalledReal]) -> go.Figure:
    """A row a generator: the part of its cells that was called real, with its interval, and what
    its document reports."""
    words = "; ".join(_called_words(each) for each in parts)
    figure = new_figure(
        _("Called real: {parts}.").format(parts=words), height=110 + 36 * len(parts)
    )
    told = [(e.name, {"value": e.reported}) for e in parts if e.reported is not None]
    dots(figure, _("Reported, on other pictures"), "diamond-open", GREY, told)
    dots(figure, _("Here"), "circle", BLUE, [(e.name, e.here) for e in parts if e.here])
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(tickformat=".0%", title_text=_("Called real"), range=[-0.02, 1.02])
    name_rows(figure, [each.name for each in parts])
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    return figure


def course_chart(course: Sequence[Figures]) -> go.Figure:
    """How well made cells were told from real ones, d', by all that was said up to each round; at
    zero, the dotted line, they were not told apart."""
    numbers = list(range(1, len(course) + 1))
    words = "; ".join(
        _("after round {number} {value} ({low} to {high})").format(
            number=number,
            value=f"{each['value']:.1f}",
            low=f"{each['low']:.1f}",
            high=f"{each['high']:.1f}",
        )
        for number, each in zip(numbers, course, strict=True)
    )
    line = go.Scatter(
        x=numbers,
        y=[each["value"] for each in course],
        error_y=whiskers(course),
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9},
        hovertemplate=_("round {number}: d′ {value}").format(number="%{x}", value="%{y:.2f}")
        + "<extra></extra>",
    )
    figure = new_figure(_("Sensitivity d′: {words}.").format(words=words), height=280, data=line)
    figure.add_hline(y=0, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=_("Rounds so far"), dtick=max(1, len(course) // 8), range=[
        0.5, max(len(course), 2) + 0.5
    ])  # fmt: skip
    figure.update_yaxes(title_text="d′")
    return figure


def _called_words(part: CalledReal) -> str:
    """What one row shows, in words."""
    here = per_cent(part.here["value"]) if part.here else ""
    reported = "" if part.reported is None else per_cent(part.reported)
    if here and reported:
        words = _("{name} {here} here and {reported} reported")
    elif here:
        words = _("{name} {here} here")
    elif reported:
        words = _("{name} {reported} reported")
    else:
        words = _("{name} not judged yet")
    return words.format(name=part.name, here=here, reported=reported)

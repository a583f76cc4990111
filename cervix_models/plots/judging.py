"""Figures of what people said of made and of real cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

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
    words = []
    for each in parts:
        said = [f"{per_cent(each.here['value'])} here"] if each.here else []
        said += [f"{per_cent(each.reported)} reported"] if each.reported is not None else []
        words.append(f"{each.name} {' and '.join(said) or 'not judged yet'}")
    figure = new_figure(f"Called real: {'; '.join(words)}.", height=110 + 36 * len(parts))
    told = [(e.name, {"value": e.reported}) for e in parts if e.reported is not None]
    dots(figure, "Reported, on other pictures", "diamond-open", GREY, told)
    dots(figure, "Here", "circle", BLUE, [(e.name, e.here) for e in parts if e.here])
    figure.add_vline(x=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(tickformat=".0%", title_text="Called real", range=[-0.02, 1.02])
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
        f"after round {number} {each['value']:.1f} ({each['low']:.1f} to {each['high']:.1f})"
        for number, each in zip(numbers, course, strict=True)
    )
    line = go.Scatter(
        x=numbers,
        y=[each["value"] for each in course],
        error_y=whiskers(course),
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 9},
        hovertemplate="round %{x}: d′ %{y:.2f}<extra></extra>",
    )
    figure = new_figure(f"Sensitivity d′: {words}.", height=280, data=line)
    figure.add_hline(y=0, line={"color": GREY, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text="Rounds so far", dtick=max(1, len(course) // 8), range=[
        0.5, max(len(course), 2) + 0.5
    ])  # fmt: skip
    figure.update_yaxes(title_text="d′")
    return figure

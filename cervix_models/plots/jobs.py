"""Figures of a job while it runs: losses by step, figures by epoch, and how busy the machine is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from cervix_models.plots.base import BLUE, GREY, new_figure
from cervix_models.tasks import MACHINE, Metric

LINES = (BLUE, "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", GREY)  # Okabe and Ito (2008)
DASHES = ("solid", "dot", "dash", "dashdot")
HEIGHT = 260
FEW = 10  # steps that are each named on the axis
STEPS = "loss"  # the one metric whose steps are steps; those of the others are epochs
MACHINE_WORDS = {
    "cpu": "processors", "cpu_job": "processors, this job", "memory": "memory",
    "memory_job": "memory, this job", "gpu": "GPU", "gpu_memory": "GPU memory",
}  # fmt: skip

Series = Mapping[tuple[str, str], Sequence[Metric]]  # by part and name


def series_of(metrics: Sequence[Metric]) -> dict[tuple[str, str], list[Metric]]:
    """The numbers of a job by part and name, in their order."""
    found: dict[tuple[str, str], list[Metric]] = {}
    for each in metrics:
        found.setdefault((each.part, each.name), []).append(each)
    return found


def step_curves(metrics: Sequence[Metric]) -> go.Figure | None:
    """The loss by step, a line a part; None where none was told."""
    found = {key: each for key, each in series_of(metrics).items() if key[1] == STEPS}
    return _curves(found, "step", "Loss") if found else None


def epoch_curves(metrics: Sequence[Metric], *, losses: bool) -> go.Figure | None:
    """The losses by epoch, or the other figures, a line a part and name; None where none was
    told."""
    found = {
        key: each
        for key, each in series_of(metrics).items()
        if key[0] != MACHINE and key[1] != STEPS and ("loss" in key[1]) == losses
    }
    return _curves(found, "epoch", "Loss" if losses else "Figure") if found else None


def machine_curves(metrics: Sequence[Metric]) -> go.Figure | None:
    """How busy processors, memory and GPU were, in per cent over minutes; None where nothing was
    seen."""
    found = {key[1]: each for key, each in series_of(metrics).items() if key[0] == MACHINE}
    if not found:
        return None
    said = [f"{MACHINE_WORDS.get(n, n)} {each[-1].value:.0f} %" for n, each in found.items()]
    figure = new_figure(f"The machine, last: {', '.join(said)}.", HEIGHT)
    for number, (name, each) in enumerate(found.items()):
        words = MACHINE_WORDS.get(name, name)
        figure.add_scatter(
            x=[one.step / 60 for one in each], y=[one.value for one in each], mode="lines",
            name=words, line={"color": LINES[number % len(LINES)], "width": 2},
            hovertemplate=f"{words}: %{{y:.0f}} %<br>%{{x:.1f}} min<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(range=[0, 101], ticksuffix=" %")
    figure.update_xaxes(title_text="minutes since it was asked for")
    return _with_legend(figure)


def _curves(series: Series, unit: str, title: str) -> go.Figure:
    parts = list(dict.fromkeys(part for part, _ in series))
    names = list(dict.fromkeys(name for _, name in series))
    said = [
        f"{_words(part, name)} {each[-1].value:.3g} at {unit} {each[-1].step}"
        for (part, name), each in series.items()
    ]
    figure = new_figure(f"{title} by {unit}, last: {'; '.join(said)}.", HEIGHT)
    for (part, name), each in series.items():
        words = _words(part, name)
        line = {
            "color": LINES[parts.index(part) % len(LINES)],
            "dash": DASHES[names.index(name) % len(DASHES)], "width": 2,
        }  # fmt: skip
        figure.add_scatter(
            x=[one.step for one in each], y=[one.value for one in each], name=words, line=line,
            mode="lines" if len(each) > 1 else "markers", marker={"color": line["color"]},
            hovertemplate=f"{words}: %{{y:.4g}}<br>{unit} %{{x}}<extra></extra>",
        )  # fmt: skip
    few = max(one.step for each in series.values() for one in each) <= FEW
    figure.update_xaxes(title_text=unit, dtick=1 if few else None, rangemode="tozero")
    figure.update_yaxes(title_text=title)
    return _with_legend(figure)


def _words(part: str, name: str) -> str:
    return part if name == STEPS else f"{part} {name}"


def _with_legend(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "font": {"size": 12}},
    )
    return figure

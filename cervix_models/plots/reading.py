"""Figures of one reading: probabilities, and a feature beside the ranges of the classes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import replace

import plotly.graph_objects as go

from cervix_models.contracts import FeatureRange
from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.morphology.catalogue import Feature, to_micrometres
from cervix_models.plots.base import BLUES, CLEAR, GREY, GRID, amount, new_figure, per_cent


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
    figure = new_figure(
        f"Probability of each class: {words}.", height=64 + 38 * len(names), data=bars
    )
    # The room right of 100 % is for the label of a full bar.
    figure.update_xaxes(range=[0, 1.22], tickvals=[0, 0.5, 1], tickformat=".0%")
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return figure


def opinion_map(opinions: Mapping[str, Mapping[str, float]]) -> go.Figure:
    """What each model gives each class in per cent: a row a model, a column a class, shaded by it.

    Names may hold `<br>`.
    """
    names = list(opinions)
    values = [[opinions[name].get(each, 0.0) for each in CLASS_NAMES] for name in names]
    cells = go.Heatmap(
        z=values,
        x=[class_named(each).short for each in CLASS_NAMES],
        y=names,
        text=[[f"{100 * value:.0f}" for value in row] for row in values],
        texttemplate="%{text}",
        customdata=[list(CLASS_NAMES)] * len(names),
        zmin=0,
        zmax=1,
        colorscale=BLUES,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{y}: %{customdata} %{z:.1%}<extra></extra>",
    )
    words = "; ".join(
        f"{name.replace('<br>', ' ')}: {', '.join(f'{k} {per_cent(v)}' for k, v in row.items())}"
        for name, row in opinions.items()
    )
    figure = new_figure(f"Probabilities by model. {words}.", 70 + 40 * len(names), data=cells)
    figure.update_xaxes(showgrid=False, type="category", side="top", title_text="Per cent")
    figure.update_yaxes(showgrid=False, type="category", autorange="reversed")
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
    figure = new_figure(_strip_words(feature, shown, unit, spreads), height=86 + 24 * len(spreads))
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


def percentile_radar(percentiles: Mapping[str, float], class_name: str) -> go.Figure:
    """One cell against the cells of one class: a spoke a feature, by its title, from the class's
    least (0, the middle) to its largest (100, the rim); the band holds the middle half."""
    closed = [*percentiles, next(iter(percentiles))] if percentiles else []
    values = [percentiles[title] for title in closed]
    titles = ["<br>".join(textwrap.wrap(title, 12)) for title in closed]
    colour = class_named(class_name).colour
    words = ", ".join(f"{title} {value:.0f}" for title, value in percentiles.items())
    figure = new_figure(
        f"Percentiles of this cell among {class_name} cells: {words or 'none'}.", height=380
    )
    for radius in (25, 75):
        figure.add_scatterpolar(
            r=[radius] * len(titles), theta=titles, mode="lines", hoverinfo="skip",
            line={"color": GREY, "width": 1, "dash": "dot"},
        )  # fmt: skip
    figure.add_scatterpolar(
        r=values, theta=titles, mode="lines+markers", fill="toself",
        line={"color": colour, "width": 2}, marker={"size": 7}, opacity=0.85,
        hovertemplate="%{theta}: percentile %{r:.0f}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        margin={"l": 64, "r": 64, "t": 40, "b": 40},
        polar={
            "bgcolor": CLEAR,
            "radialaxis": {
                "range": [0, 100], "tickvals": [25, 50, 75], "gridcolor": GRID, "angle": 90,
                "tickangle": 90, "tickfont": {"size": 10},
            },
            "angularaxis": {"gridcolor": GRID, "tickfont": {"size": 11}, "rotation": 90},
        },
    )  # fmt: skip
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

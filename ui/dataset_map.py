"""All cells on a map where alike ones lie near each other, on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from cervix_models.language import _, later
from cervix_models.plots import (
    LIGHT,
    WRONG,
    Points,
    cells_scatter,
    cluster_colours,
    grouped_scatter,
    per_cent,
)
from ui.dataset_gallery import show_chosen
from ui.figure_tools import Figure, show_figures

if TYPE_CHECKING:
    from cervix_models.services.dataset import DataSet

WAYS = {
    "class": later("Class"),
    "right": later("Right or wrong"),
    "cluster": later("Cluster"),
}
NOBODY = "-"
ALIKE = later(
    "Each point is a cell. Two lie near each other where a network that learned from pictures "
    "alone, without any class, sees them alike (t-SNE of its features). Only nearness can be read "
    "off: axes, and distances between far groups, mean nothing."
)


def show_map(service: DataSet) -> None:
    """Shows the map, coloured by class, by correctness or by cluster."""
    cells = service.cells
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.segmented_control(
            _("Coloured by"), list(WAYS), default="class", required=True, key="map-way",
            format_func=lambda each: _(WAYS[each]),
        )  # fmt: skip
        cluster = NOBODY
        if way == "cluster":
            cluster = st.selectbox(
                _("One cluster alone"), [NOBODY, *service.clusters["cluster"]], width=260,
                format_func=lambda each: _("all clusters") if each == NOBODY else each,
                key="map-cluster",
            )  # fmt: skip
        lasso = st.toggle(
            _("Choose cells with a lasso"), key="map-lasso",
            help=_("Draw round points to see their cells below."),
        )  # fmt: skip
    columns = ["sha256", "label", "cluster", "said", "probability", "x", "y"]
    figure = Figure(
        "dataset-map", _("Which cells are alike"),
        lambda: _drawn(cells, way, cluster, lasso=lasso), lambda: cells[columns],
        _(ALIKE), pictures=True, choose=lasso, given=(way, cluster, lasso),
    )  # fmt: skip
    chosen = show_figures([figure])["dataset-map"]
    if lasso:
        show_chosen(service, chosen)


def _drawn(cells: pd.DataFrame, way: str, cluster: str, *, lasso: bool) -> go.Figure:
    points = Points(
        cells["x"].tolist(), cells["y"].tolist(), cells["label"].tolist(),
        cells.index.tolist(), _words(cells),
    )  # fmt: skip
    alt = _("Map of {count} cells.").format(count=len(cells))
    if way == "class":
        drawn = cells_scatter(points, ("", ""), alt, lasso=lasso)
    elif way == "right":
        right, wrong = _("read right"), _("read as another class")
        told = [right if each else wrong for each in cells["right"]]
        alt += " " + _("{share} were read right by networks that never saw them.").format(
            share=per_cent(float(cells["right"].mean()))
        )
        drawn = grouped_scatter(
            points, told, {right: LIGHT, wrong: WRONG}, ("", ""), alt, lasso=lasso
        )
    elif cluster == NOBODY:
        colours = cluster_colours(cells["cluster"].tolist())
        groups = [colours[each] for each in cells["cluster"]]
        drawn = grouped_scatter(
            points, groups, {each: each for each in colours.values()}, ("", ""), alt, lasso=lasso
        )
        drawn.update_layout(showlegend=False)
    else:
        others = _("other clusters")
        groups = [cluster if each == cluster else others for each in cells["cluster"]]
        drawn = grouped_scatter(
            points, groups, {others: LIGHT, cluster: WRONG}, ("", ""), alt, lasso=lasso
        )
    drawn.update_xaxes(showticklabels=False, showgrid=False)
    drawn.update_yaxes(showticklabels=False, showgrid=False)
    return drawn


def _words(cells: pd.DataFrame) -> list[str]:
    said = _("read as {label}, {share}")  # asked for once: there are thousands of cells
    return [
        f"{cluster}<br>{said.format(label=label, share=per_cent(share))}"
        for cluster, label, share in zip(
            cells["cluster"], cells["said"], cells["probability"].tolist(), strict=True
        )
    ]

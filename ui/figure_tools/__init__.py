"""Figures that can be kept and enlarged: each as PNG, SVG and CSV, and alone in large type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from cervix_models.language import _, spoken
from cervix_models.plots import alt_text
from ui.routes import CELL_URL

_HERE = Path(__file__).parent
LARGE = "large"  # in the address: the figure that is shown alone
TYPE, HEIGHT = 22, 760  # of a figure that is shown alone, pixels


@dataclass(frozen=True)
class Figure:
    """One figure of a page."""

    key: str  # letters, digits and hyphens; the name of its files
    title: str
    draw: Callable[[], go.Figure]
    table: Callable[[], pd.DataFrame]  # what it shows, as numbers
    words: str = ""  # below it
    pictures: bool = False  # its points are known by the row of a cell
    choose: bool = False  # a part of its points can be chosen
    given: tuple[str | bool, ...] = ()  # by a reader; for the same it is drawn once a process


def show_figures(figures: Sequence[Figure], width: int = 460) -> dict[str, list[int]]:
    """Shows figures beside each other where there is room for so many pixels each, or the one
    alone that the address names; by key, what was chosen of those that let choose."""
    alone = next((each for each in figures if each.key == st.query_params.get(LARGE)), None)
    if alone:
        return {alone.key: _show_alone(alone, figures)}
    chosen = {}
    wide = len(figures) == 1
    with st.container() if wide else st.grid(min_column_width=width):
        for figure in figures:
            with st.container():
                chosen[figure.key] = _show(figure)
    return chosen


def _show(figure: Figure) -> list[int]:
    st.subheader(figure.title, anchor=False)
    found = _chart(figure, _drawn(figure.key, figure.given, spoken(), figure))
    if figure.words:
        st.caption(figure.words)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _tools(figure)
        _csv(figure)
        if st.button(
            _("Enlarge"), key=f"enlarge-{figure.key}", type="tertiary", icon=":material/fullscreen:"
        ):
            st.query_params[LARGE] = figure.key
            st.rerun()
    return found


@st.cache_resource(show_spinner=False, max_entries=100)
def _drawn(key: str, given: tuple[str | bool, ...], language: str, _figure: Figure) -> go.Figure:
    return _drawn_anew(_figure)


def _drawn_anew(figure: Figure) -> go.Figure:
    drawn = figure.draw()
    if figure.pictures:  # thousands of points, which tools.js draws
        drawn.update_traces(marker_maxdisplayed=1, selector={"mode": "markers"})
    return drawn


def _show_alone(figure: Figure, figures: Sequence[Figure]) -> list[int]:
    at = list(figures).index(figure)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("All figures"), icon=":material/fullscreen_exit:", shortcut="Escape"):
            del st.query_params[LARGE]
            st.rerun()
        for step, words, key in ((-1, _("Previous"), "ArrowLeft"), (1, _("Next"), "ArrowRight")):
            if len(figures) > 1 and st.button(words, key=f"large-{step}", shortcut=key):
                st.query_params[LARGE] = figures[(at + step) % len(figures)].key
                st.rerun()
        _tools(figure)
        _csv(figure)
    st.header(figure.title, anchor=False)
    drawn = _drawn_anew(figure)
    drawn.update_layout(
        font_size=TYPE, height=HEIGHT, hoverlabel_font_size=TYPE, legend_font_size=TYPE
    )
    drawn.update_xaxes(tickfont_size=TYPE, title_font_size=TYPE)
    drawn.update_yaxes(tickfont_size=TYPE, title_font_size=TYPE)
    found = _chart(figure, drawn)
    if figure.words:
        st.markdown(figure.words)
    return found


def _chart(figure: Figure, drawn: go.Figure) -> list[int]:
    """Shows a figure; the keys of the points that were chosen of it."""
    config = {"displayModeBar": False}
    with st.container(key=f"figure-{figure.key}"):
        if not figure.choose:
            st.plotly_chart(drawn, config=config, alt=alt_text(drawn))
            return []
        found: Any = st.plotly_chart(
            drawn, config=config, alt=alt_text(drawn), key=f"chart-{figure.key}",
            on_select="rerun", selection_mode=("lasso", "box", "points"),
        )  # fmt: skip
    return [int(point["customdata"]) for point in found["selection"]["points"]]


def _tools(figure: Figure) -> None:
    mount = st.components.v2.component(
        "cervix.figure_tools", html=_source("html"), css=_source("css"), js=_source("js")
    )
    mount(
        key=f"tools-{figure.key}",
        width="content",
        data={
            "chart": f"figure-{figure.key}",
            "name": figure.key,
            "labels": {
                "png": _("{figure} as PNG").format(figure=figure.title),
                "svg": _("{figure} as SVG").format(figure=figure.title),
            },
            "pictures": CELL_URL if figure.pictures else None,
        },
    )


def _csv(figure: Figure) -> None:
    st.download_button(
        "CSV",
        lambda: figure.table().to_csv(index=False).encode(),
        file_name=f"{figure.key}.csv",
        mime="text/csv",
        key=f"csv-{figure.key}",
        type="tertiary",
        on_click="ignore",
        help=_("{figure} as numbers").format(figure=figure.title),
    )


@lru_cache
def _source(kind: str) -> str:
    return (_HERE / f"tools.{kind}").read_text(encoding="utf-8")

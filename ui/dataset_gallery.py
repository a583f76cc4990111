"""Cells of a class true to scale, and the mean cell of each class, on a page."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import png_of
from cervix_models.language import _
from cervix_models.plots import per_cent
from ui import show
from ui.routes import CELL_URL

if TYPE_CHECKING:
    from cervix_models.services.dataset import DataSet

PAGE = 40  # cells shown at once
MOST_CHOSEN = 120
ZOOMS = (0.5, 0.75, 1.0, 1.5)
ALL = "all"
MOST = 2.0  # deviations along a direction


def show_gallery(service: DataSet) -> None:
    """Shows cells of one class, or of all, at one scale."""
    cells = service.cells
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            _("Class"), [ALL, *CLASS_NAMES], width=260, key="gallery-class",
            format_func=lambda each: _("All, side by side") if each == ALL else each,
        )  # fmt: skip
        order = st.selectbox(
            _("Order"), [_("mixed"), _("small to large"), _("large to small")], width=180,
            key="gallery-order",
        )  # fmt: skip
        zoom = st.select_slider(
            _("Scale"), ZOOMS, value=0.5, format_func=lambda each: f"{each:g} ×", width=200,
            key="gallery-zoom",
        )  # fmt: skip
        start = st.number_input(_("From number"), 1, len(cells), 1, PAGE, width=140,
                                key="gallery-from")  # fmt: skip
    names = CLASS_NAMES if label == ALL else (label,)
    for name in names:
        rows = _ordered(cells[cells["label"] == name], order)
        count = PAGE // 4 if label == ALL else PAGE
        some = rows.iloc[start - 1 : start - 1 + count]
        total = _("{shown} of {count} cells").format(shown=len(some), count=len(rows))
        st.html(f'<p class="cx">{show.badge_html(name)} <b>{name}</b>: {total}</p>')
        st.html(gallery_html(some, zoom))
    st.caption(
        _("All at one scale: {zoom} screen pixels for one of the picture.").format(zoom=zoom)
    )


def show_chosen(service: DataSet, chosen: list[int]) -> None:
    """Shows the cells that were chosen in a chart, by their rows."""
    if not chosen:
        st.info(_("Draw round some points to see their cells here."))
        return
    rows = service.cells.iloc[sorted(set(chosen))]
    counts = rows["label"].value_counts()
    names = " ".join(
        f"<span>{show.badge_html(name)} {counts[name]}</span>"
        for name in CLASS_NAMES
        if name in counts
    )
    st.html(f'<p class="cx cx-legend">{names}</p>')
    st.html(gallery_html(rows.head(MOST_CHOSEN), ZOOMS[0]))
    if len(rows) > MOST_CHOSEN:
        st.caption(_("The first {shown} of {count}.").format(shown=MOST_CHOSEN, count=len(rows)))


def gallery_html(rows: pd.DataFrame, zoom: float) -> str:
    """Pictures of cells side by side, each as large as it is, times `zoom`."""
    pictures = "".join(
        f'<img loading="lazy" src="{CELL_URL}{row.sha256}" width="{row.width * zoom:.0f}" '
        f'height="{row.height * zoom:.0f}" alt="{_alt(row.label, row.width, row.height)}" '
        f'title="{show.html(row.cluster)}">'
        for row in rows.itertuples()
    )
    return f'<div class="cx cx-gallery">{pictures}</div>'


def _alt(label: str, width: int, height: int) -> str:
    return show.html(
        _("{label} cell, {width} by {height} pixels").format(
            label=label, width=width, height=height
        )
    )


def _ordered(rows: pd.DataFrame, order: str) -> pd.DataFrame:
    if order == _("mixed"):
        return rows.sample(frac=1, random_state=0)
    size = rows["width"] * rows["height"]
    return rows.loc[size.sort_values(ascending=order == _("small to large")).index]


def show_means(service: DataSet) -> None:
    """Shows the mean cell of each class and the directions in which its cells differ most."""
    means = service.means
    step = st.slider(
        _("Deviations from the mean"), 0.5, MOST, 1.5, 0.5, width=320, key="means-step"
    )
    for at, name in enumerate(CLASS_NAMES):
        mean = means.mean[at].astype(np.float64)
        st.html(
            f'<p class="cx">{show.badge_html(name)} <b>{name}</b> '
            + _("{count} cells").format(count=int(means.counts[at])) + "</p>"
        )  # fmt: skip
        shown = [
            (_("mean"), means.mean[at]),
            (_("where the cell lies"), _shares(means.cell[at])),
            (_("where the nucleus lies"), _shares(means.nucleus[at])),
        ]
        figures = "".join(_figure(picture, words, name) for words, picture in shown)
        for number, (direction, share) in enumerate(
            zip(means.steps[at], means.explained[at], strict=True), 1
        ):
            pair = [
                np.clip(mean + sign * step * direction, 0, 255).astype(np.uint8) for sign in (-1, 1)
            ]
            words = _("direction {number}, {share}").format(
                number=number, share=per_cent(float(share))
            )
            figures += _figure(np.concatenate(pair, axis=1), words, name, wide=True)
        st.html(f'<div class="cx cx-means">{figures}</div>')
    st.caption(
        _(
            "Every crop is brought to one size first, so sizes do not show. A direction is a "
            "principal component of the pixels (an “eigen-cell”): left, the mean less so many "
            "deviations along it; right, the mean and as many. The share tells how much of what "
            "cells differ by goes along it."
        )
    )


def _figure(picture: np.ndarray, words: str, name: str, *, wide: bool = False) -> str:
    address = "data:image/png;base64," + base64.b64encode(png_of(picture)).decode()
    kind = ' class="cx-wide"' if wide else ""
    return (
        f"<figure{kind}>{show.picture_html(address, f'{name}, {words}')}"
        f"<figcaption>{show.html(words)}</figcaption></figure>"
    )


def _shares(shares: np.ndarray) -> np.ndarray:
    """Per cent of cells as a picture from white to dark blue."""
    dark, light = np.array([8, 64, 110]), np.array([239, 245, 250])
    mixed = light + (dark - light) * shares[..., None] / 100
    return mixed.round().astype(np.uint8)

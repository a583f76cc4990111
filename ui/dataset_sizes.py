"""How many cells there are, how large they are and how they are stained, on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cervix_models.data.labels import CLASS_NAMES, CLASSES
from cervix_models.language import _, later
from cervix_models.plots import colour_bands, counts_chart, violins
from ui import show
from ui.figure_tools import Figure, show_figures

if TYPE_CHECKING:
    from cervix_models.services.dataset import DataSet

BAND = 150  # cells of a class in a band of colours
METRIC = 170  # pixels
GROUPS = {
    "normal": later("normal"),
    "benign": later("benign"),
    "abnormal": later("abnormal, not malignant"),
}  # the data set's own words
SOURCE = later(
    "As published: Plissiti et al., SIPaKMeD, IEEE ICIP 2018. Here: the cells that were measured "
    "for this page; the others are kept aside and were never looked at."
)


def show_overview(service: DataSet) -> None:
    """Shows the five classes and how many clusters and cells each has."""
    counts = service.counts()
    with st.container(horizontal=True):
        st.metric(_("Cells published"), f"{counts['cells_published'].sum():,}", width=METRIC,
                  border=True)  # fmt: skip
        st.metric(_("Clusters published"), f"{counts['clusters_published'].sum():,}", width=METRIC,
                  border=True)  # fmt: skip
        st.metric(_("Cells here"), f"{counts['cells'].sum():,}", width=METRIC, border=True)
        st.metric(_("Clusters here"), f"{counts['clusters'].sum():,}", width=METRIC, border=True)
    names = " ".join(
        f"<span>{show.badge_html(each.name)} {each.name}: {_(GROUPS[each.group])}</span>"
        for each in CLASSES
    )
    st.html(f'<p class="cx cx-legend">{names}</p>')

    def figure(key: str, title: str, unit: str) -> Figure:
        published, here = (
            dict(zip(counts["label"], counts[name].tolist(), strict=True))
            for name in (f"{key}_published", key)
        )
        return Figure(
            f"dataset-{key}", title, lambda: counts_chart(published, here, unit),
            lambda: counts[["label", f"{key}_published", key]], _(SOURCE),
        )  # fmt: skip

    show_figures(
        [
            figure("cells", _("Cells of each class"), _("cells")),
            figure("clusters", _("Clusters of each class"), _("clusters")),
        ]
    )
    st.caption(
        _(
            "A cluster is a field of a smear, 2048 by 1536 pixels, from which cells were cut. The "
            "set names no patient and no slide. Cells that are the same file in two clusters join "
            "these."
        )
    )


def show_sizes(service: DataSet) -> None:
    """Shows how cells of each class spread in size, shape, colour and stain."""
    cells = service.cells
    measures = {
        "size": (
            _("Size of the crop"), _("side of a square of its area, pixels"),
            np.sqrt(cells["width"] * cells["height"]),
        ),
        "aspect": (
            _("Shape of the crop"), _("longer side over shorter side"),
            cells[["width", "height"]].max(axis=1) / cells[["width", "height"]].min(axis=1),
        ),
        "hematoxylin": (
            _("Hematoxylin in the nucleus"), _("optical density"), cells["nucleus_hematoxylin"],
        ),
        "eosin": (
            _("Eosin in the cytoplasm"), _("optical density"), cells["cytoplasm_eosin"],
        ),
    }  # fmt: skip
    words = {
        "size": _(
            "A crop is the box round the cell and ten pixels on each side, so its size says much "
            "of the class. Whether a model sees it is told by its card."
        ),
        "hematoxylin": _(
            "By the stain colours of H&E; the Papanicolaou stain has other counterstains, so it is "
            "a guide within this set alone."
        ),
    }
    figures = [
        _violin(cells, f"dataset-{key}", title, unit, values, words.get(key, ""))
        for key, (title, unit, values) in measures.items()
    ]
    for part, title in (
        ("cytoplasm", _("Colours of the cytoplasm")), ("nucleus", _("Colours of the nucleus")),
    ):  # fmt: skip
        figures.append(_band(cells, part, title))
    show_figures(figures)


def _violin(
    cells: pd.DataFrame, key: str, title: str, unit: str, values: pd.Series, words: str
) -> Figure:
    table = pd.DataFrame({"label": cells["label"], "value": values}).dropna()

    def by_class() -> dict[str, list[float]]:
        return {name: table.loc[table["label"] == name, "value"].tolist() for name in CLASS_NAMES}

    return Figure(key, title, lambda: violins(by_class(), unit), lambda: table, words)


def _band(cells: pd.DataFrame, part: str, title: str) -> Figure:
    names = [f"{part}_{colour}_mean" for colour in ("red", "green", "blue")]
    known = cells[["label", *names]].dropna()

    def bands() -> dict[str, np.ndarray]:
        found = {}
        for name in CLASS_NAMES:
            colours = known.loc[known["label"] == name, names].to_numpy()
            order = np.argsort(colours.sum(1), kind="stable")
            at = np.linspace(0, len(order) - 1, BAND).round().astype(int)
            found[name] = colours[order[at]].round().astype(np.uint8)
        return found

    return Figure(
        f"dataset-colours-{part}", title, lambda: colour_bands(bands()), lambda: known,
        _("The mean colour of each of {count} cells of a class, dark to light.").format(count=BAND),
    )  # fmt: skip

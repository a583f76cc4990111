"""A cell of the atlas on a screen: its criteria pointed out, numbered, and measured."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from cervix_models.data.teaching import NOTES, Criterion
from cervix_models.language import _, later
from cervix_models.morphology import feature_named
from cervix_models.plots import amount
from cervix_models.services.atlas import AtlasCell, Measured
from cervix_models.services.pointing import places, smooth_outlines
from ui import session, show
from ui.pointed import Drawing, pointed_address

PARTS = {
    "nucleus": later("Nucleus"),
    "cytoplasm": later("Cytoplasm"),
    "cell": later("Whole cell"),
}
# Of the measurements that the atlas shows; the catalogue's own titles follow the data set's.
TITLES = {
    "nucleus_area": later("Area of the nucleus"),
    "cytoplasm_area": later("Area of the whole cell"),
    "nucleus_cell_ratio": later("Share of the nucleus in the cell’s area"),
    "nucleus_circularity": later("Circularity of the nucleus"),
    "cell_circularity": later("Circularity of the cell"),
    "nucleus_solidity": later("Solidity of the nucleus (1: no dent)"),
    "cytoplasm_solidity": later("Solidity of the cell (1: no dent)"),
    "nucleus_eccentricity": later("Elongation of the nucleus"),
    "cytoplasm_eccentricity": later("Elongation of the cell"),
    "nucleus_eccentric_location": later("How far the nucleus lies off centre"),
    "halo_contrast": later("Brightness round the nucleus against the rim"),
    "nucleus_green_mean": later("Green light through the nucleus"),
    "cytoplasm_red_mean": later("Red light through the cytoplasm"),
    "cytoplasm_green_mean": later("Green light through the cytoplasm"),
    "cytoplasm_blue_mean": later("Blue light through the cytoplasm"),
    "nucleus_green_contrast": later("Mottling of the nucleus"),
    "cytoplasm_green_contrast": later("Mottling of the cytoplasm"),
}
GROUPS = {"normal": later("normal"), "benign": later("benign"), "abnormal": later("abnormal")}


def pointed_html(cell: AtlasCell) -> str:
    """The cell with its outlines and a number at the place of each of its class's criteria, as
    HTML with words for those who do not see it."""
    found = places(cell.outlines)
    criteria = NOTES[cell.label].criteria
    marks = [
        (number, found[each.spot])
        for number, each in enumerate(criteria, start=1)
        if each.spot in found
    ]
    width, height = cell.size
    drawing = Drawing(
        address=session.image_url(cell.picture), width=width, height=height,
        outlines=smooth_outlines(cell.outlines), marks=marks,
    )  # fmt: skip
    return (
        f'<div class="cx-pointed">{show.picture_html(pointed_address(drawing), _alt(cell))}</div>'
    )


def criteria_html(cell: AtlasCell, measured: Mapping[str, Measured]) -> str:
    """The numbered criteria of the cell's class as HTML, each with where the class lies by the
    measurement that speaks of it, and the cell where it is real."""
    items = "".join(_item(cell, each, measured) for each in NOTES[cell.label].criteria)
    return f'<ol class="cx-points">{items}</ol>'


def title_of(feature: str) -> str:
    """What a measurement of the atlas is called, in the language that is spoken."""
    return _(TITLES[feature])


def caption(cell: AtlasCell) -> None:
    """Shows whose outlines these are, and that a drawn cell is no real one."""
    if cell.drawn:
        words = _(
            "This cell is drawn by rule and marked SYN: it shows where to look, and is no evidence "
            "of how such cells vary. Nucleus: yellow, whole line. Cell: blue, dashed line."
        )
    else:
        words = _(
            "Outlines by a network that never saw this cell; they can be wrong. Nucleus: yellow, "
            "whole line. Cell: blue, dashed line. The numbers stand at places worked out from the "
            "outlines, not where a person pointed."
        )
    st.caption(words)


def _alt(cell: AtlasCell) -> str:
    titles = "; ".join(
        f"{number}, {_(each.title)}"
        for number, each in enumerate(NOTES[cell.label].criteria, start=1)
    )
    words = (
        _("Drawn {label} cell, synthetic, with outlines and numbers: {titles}.")
        if cell.drawn
        else _("{label} cell with outlines of nucleus and cell, and numbers: {titles}.")
    )
    return words.format(label=cell.label, titles=titles)


def _item(cell: AtlasCell, criterion: Criterion, measured: Mapping[str, Measured]) -> str:
    found = measured.get(criterion.feature or "")
    line = ""
    if found is not None and criterion.feature is not None:
        line = f"<p><small>{escape(_measure(cell.label, criterion.feature, found))}</small></p>"
    return (
        f"<li><p><b>{escape(_(criterion.title))}</b> "
        f'<span class="cx-tag">{escape(_(PARTS[criterion.part]))}</span></p>'
        f"<p>{escape(_(criterion.words))}</p>{line}</li>"
    )


def _measure(label: str, name: str, found: Measured) -> str:
    feature = feature_named(name)
    low, high = amount(found.low, ""), amount(found.high, feature.unit)
    if found.value is None or found.percentile is None:
        words = _("{feature}: {low} to {high} in the middle 90 % of {label} cells.")
        return words.format(feature=title_of(name), low=low, high=high, label=label)
    words = _(
        "{feature}: {value} here; {low} to {high} in the middle 90 % of {label} cells. "
        "Percentile {percentile} of its class."
    )
    return words.format(
        feature=title_of(name), value=amount(found.value, feature.unit), low=low, high=high,
        label=label, percentile=f"{found.percentile:.0f}",
    )  # fmt: skip

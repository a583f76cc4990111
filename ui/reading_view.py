"""One stored reading on a page: picture, answer, verdict, features, models, exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.contracts import Reading, WorklistRow
from cervix_models.data.labels import CLASSES
from cervix_models.errors import CervixError, DataError
from cervix_models.morphology import (
    FEATURES,
    Feature,
    class_percentiles,
    feature_named,
    load_class_ranges,
)
from cervix_models.plots import feature_strip, percentile_radar
from cervix_models.services import exports
from ui import pictures, session, show
from ui.corrections import correct_outlines
from ui.downloads import File, offer
from ui.verdict import take_verdict
from ui.viewer import show_viewer

if TYPE_CHECKING:
    from cervix_models.services.explained import Explained
    from cervix_models.services.uncertainty import Spread

# Sizes, shapes and stains that a textbook names, for the radar.
RADAR = (
    "nucleus_area", "cytoplasm_area", "nucleus_cell_ratio", "nucleus_circularity",
    "cell_circularity", "nucleus_eccentric_location", "nucleus_hematoxylin", "cytoplasm_eosin",
    "halo_contrast", "nucleus_green_contrast",
)  # fmt: skip
REGIONS = {"nucleus": "Nucleus", "cytoplasm": "Cytoplasm", "cell": "Whole cell"}


def show_reading(row: WorklistRow) -> None:
    """Shows all that is stored of one reading, and takes a verdict on it."""
    reading = row.current
    left, right = st.columns([11, 9], gap="large")
    with left:
        _picture(reading)
    with right:
        _shares(reading)
        take_verdict(row)
    details, outlines, models, files = st.tabs(["Features", "Outlines", "Models", "Export"])
    with details:
        _features(reading)
    with outlines:
        correct_outlines(row)
    with models:
        _models(reading)
    with files:
        _exports(row)


def _picture(reading: Reading) -> None:
    later: Explained | None = _explained().get(reading.id)
    heat = session.image_url(pictures.heat_picture(later.png)) if later else None
    show_viewer(reading, show.picture_words(reading), heat)
    for sentence in reading.warnings:
        st.caption(show.plain(sentence))
    shares = later.shares if later else reading.heat
    if shares is not None:
        show.heat_shares(shares)
    elif reading.probabilities and reading.id not in _explained():
        st.button(
            "Where did the classifier look?", icon=":material/local_fire_department:",
            help="Grad-CAM, which was left out when many cells were read together",
            on_click=_explain, args=(reading,),
        )  # fmt: skip
    elif reading.id in _explained():
        st.caption("This classifier looks at measured features, not at places in the picture.")
    if problem := st.session_state.pop("explain-problem", None):
        st.error(show.plain(problem))


def _explained() -> dict[str, Explained | None]:
    """What was explained in this session, by id of the reading."""
    kept: dict[str, Explained | None] = st.session_state.setdefault("explained", {})
    return kept


def _explain(reading: Reading) -> None:
    try:
        _explained()[reading.id] = session.triage().explain(reading)
    except CervixError as problem:
        st.session_state["explain-problem"] = str(problem)


def show_answer(reading: Reading) -> None:
    """Shows the answer in one line, and the notice that stands beside every answer."""
    if reading.sample:
        st.badge("Synthetic sample, no real cell", icon=":material/science:", color="gray")
    show.answer(reading)
    show.notice()


def _shares(reading: Reading) -> None:
    if reading.label is not None:
        show.probabilities(reading)
        show.conformal(reading)
    elif reading.probabilities:
        with st.expander("What the classifier measured; none of it is an answer"):
            show.probabilities(reading)


def _features(reading: Reading) -> None:
    if not reading.features:
        st.info("Nothing was measured: the picture was refused, or no nucleus and cell were found.")
        return
    try:
        ranges = load_class_ranges()
    except DataError as problem:
        st.warning(show.plain(str(problem)))
        ranges = {}
    region = st.segmented_control(
        "Region", list(REGIONS), format_func=REGIONS.__getitem__, default="nucleus", required=True
    )
    features = tuple(each for each in FEATURES if each.region == region)
    left, right = st.columns(2, gap="large")
    with left:
        _strip(reading, features, ranges)
    with right:
        _radar(reading)
    scale = reading.micrometres_per_pixel
    spreads = _spreads(reading) if st.toggle("How far do they move with the outlines?") else None
    if spreads is not None:
        st.caption(
            "The segmenter outlined the cell again, turned and mirrored in eight ways; the least "
            "and the largest of each measurement are shown. It does not say how right they are."
        )
    st.caption("● marks a class in whose middle 90 % the value lies. Hold it against the picture.")
    st.dataframe(
        show.feature_rows(features, reading.features, ranges, scale, spreads),
        hide_index=True,
        alt=f"Features of the {REGIONS[region].lower()}, each beside the five classes’ ranges.",
    )


def _spreads(reading: Reading) -> Mapping[str, Spread] | None:
    kept: dict[str, Mapping[str, Spread]] = st.session_state.setdefault("spreads", {})
    if reading.id not in kept:
        try:
            with st.spinner("Outlining it again"):
                kept[reading.id] = session.triage().spreads(reading)
        except CervixError as problem:
            st.error(show.plain(str(problem)))
            return None
    return kept[reading.id]


def _radar(reading: Reading) -> None:
    """Shows the cell against the cells of one class."""
    names = [each.name for each in CLASSES]
    chosen = st.selectbox(
        "Against the cells of", names, key=f"radar-{reading.id}", placeholder="Choose a class",
        index=names.index(reading.label) if reading.label else None,  # a referral names no class
    )  # fmt: skip
    if chosen is None:
        return
    values = {name: reading.features[name] for name in RADAR if name in reading.features}
    try:
        found = class_percentiles(values)[chosen]
    except DataError as problem:
        st.warning(show.plain(str(problem)))
        return
    shown = {feature_named(name).title: value for name, value in found.items()}
    show.chart(percentile_radar(shown, chosen))
    st.caption(
        "Each spoke is a percentile among that class’s cells of SIPaKMeD: 50 is its middle, the "
        "dotted rings hold its middle half. Sizes compare only at SIPaKMeD’s magnification."
    )


def _strip(reading: Reading, features: tuple[Feature, ...], ranges: show.Ranges) -> None:
    titles = {each.title: each for each in features if each.name in reading.features}
    usual = next((title for title in titles if title.endswith(" area")), None)
    title = st.selectbox(
        "Feature beside the five classes",
        list(titles),
        index=list(titles).index(usual) if usual else 0,
    )
    if title is None or not ranges:
        return
    feature = titles[title]
    value = reading.features[feature.name]
    figure = feature_strip(feature, value, ranges, reading.micrometres_per_pixel)
    show.chart(figure)
    st.caption(show.plain(feature.meaning))


def _models(reading: Reading) -> None:
    for use in reading.models:
        show.card_line(use)
    with st.container(horizontal=True):
        st.page_link(
            "../pages/triage/compare.py",
            label="What other models say of this cell",
            icon=":material/compare:",
            query_params={"reading": reading.id},
        )
        st.page_link(
            "../pages/models/card.py", label="The whole cards", icon=":material/description:"
        )


def _exports(row: WorklistRow) -> None:
    st.caption(
        "Each file carries the notice and the newest outlines. GeoJSON is as QuPath opens it; the "
        "label TIFF holds 0 background, 1 cytoplasm, 2 nucleus."
    )
    blob = session.triage().blob
    files = [
        File("JSON", "json", lambda: exports.export_json(row)),
        File("CSV", "csv", lambda: exports.export_csv([row])),
        File("GeoJSON", "geojson", lambda: exports.export_geojson(row, blob)),
        File("Label TIFF", "tif", lambda: exports.export_tiff(row, blob)),
        File("PDF report", "pdf", lambda: exports.export_pdf(row, blob)),
    ]
    with st.container(horizontal=True):
        offer(files, f"reading-{row.reading.id}")

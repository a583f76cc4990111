"""A person's outline against the segmenter's: paint, and see measurements and answers change."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as Pictures

from cervix_models.contracts import NUCLEUS, Reading
from cervix_models.errors import CervixError
from cervix_models.morphology import FEATURES
from cervix_models.plots import amount, opinion_map
from ui import pictures, session, show

if TYPE_CHECKING:
    from cervix_models.services.compare import Opinion

SIDE = 350  # pixels of the canvas's longer side: the width of a page on a phone
PARTS = {"nucleus": "Nucleus", "cytoplasm": "Cytoplasm", "background": "Neither"}
TOOLS = {"freedraw": "Brush", "polygon": "Polygon", "grow": "Grow or shrink"}
REACH = 30  # pixels that an outline is moved by, at most
ROUND = "outline-round"  # in the session: how often outlines were changed, to begin anew
TOLD = ("nucleus_area", "cytoplasm_area", "nucleus_cell_ratio", "nucleus_circularity")


def edit_outline(reading: Reading, before: list[Opinion], image: bytes) -> None:
    """Shows the outlines, takes painted corrections, and what they change."""
    st.header("What if the outline were another?", anchor=False)
    readers = [opinion.name for opinion in before if opinion.reads_outlines]
    if not readers:
        st.caption(
            "None of the chosen models reads the outlines. Choose one of the features models above "
            "to see its answer change; the measurements change in any case."
        )
    key = f"outline-{reading.id}"
    labels: NDArray[np.uint8] = st.session_state.get(key, session.triage().labels(reading))
    left, right = st.columns([1, 1], gap="large")
    with left:
        after = changed_outlines(reading, image, labels)
        with st.container(horizontal=True):
            st.button(
                "Apply the change", type="primary", disabled=after is None,
                on_click=_apply, args=(key, after), icon=":material/check:",
            )  # fmt: skip
            st.button(
                "Back to the segmenter's", on_click=_reset, args=(key,), icon=":material/undo:",
                disabled=key not in st.session_state,
            )  # fmt: skip
    with right:
        changed = key in st.session_state and _measured(reading, labels)
        if key not in st.session_state:
            st.info(
                "Paint on the cell, or grow and shrink its parts, and apply. Nothing of it is "
                "stored."
            )
    if changed:
        _asked(reading, before, labels)


def changed_outlines(
    reading: Reading, image: bytes, labels: NDArray[np.uint8]
) -> NDArray[np.uint8] | None:
    """Takes a change of the outlines `labels` `(height, width)`: painted, grown or shrunk.

    The outlines with that change; None where none was asked for.
    """
    from cervix_models.services.compare import grown, repainted

    tool = st.segmented_control(
        "With", list(TOOLS), format_func=TOOLS.__getitem__, default="freedraw", required=True,
        key="outline-tool",
    )  # fmt: skip
    parts = [each for each in PARTS if tool != "grow" or each != "background"]
    part = st.segmented_control(
        "Part", parts, format_func=PARTS.__getitem__, default="nucleus", required=True
    )
    if tool != "grow":
        painted = _canvas(reading, image, labels, tool)
        return None if painted is None else repainted(labels, painted, part)
    pixels = st.slider(
        f"{PARTS[part]} larger or smaller, pixels", -REACH, REACH, 0,
        key=f"outline-grow-{part}-{st.session_state.setdefault(ROUND, 0)}",
    )  # fmt: skip
    after = grown(labels, pixels, part)
    st.image(
        pictures.mask_over(image, after),
        width=SIDE,
        alt=f"The cell with its {part} changed by {pixels} pixels",
    )
    return after if pixels else None


def _canvas(
    reading: Reading, image: bytes, labels: NDArray[np.uint8], tool: str
) -> NDArray[np.bool_] | None:
    """What was painted, at the picture's own size; None where nothing was."""
    from streamlit_drawable_canvas import st_canvas  # it can only be imported by a running app

    width = 14
    if tool == "freedraw":
        width = st.slider("Brush, pixels", 4, 60, 18)
    else:
        st.caption("Click the corners, and the first corner again to close it.")
    factor = SIDE / max(reading.width, reading.height)
    size = (round(reading.width * factor), round(reading.height * factor))
    with Pictures.open(io.BytesIO(pictures.mask_over(image, labels))) as opened:
        below = opened.convert("RGB").resize(size)
    round_ = st.session_state.setdefault(ROUND, 0)
    found = st_canvas(
        fill_color="#000000",
        stroke_width=width,
        stroke_color="#000000",
        background_image=below,
        drawing_mode=tool,
        width=size[0],
        height=size[1],
        return_image_data=True,
        key=f"canvas-{reading.id}-{round_}",
    )
    st.caption("Yellow: nucleus. Blue: cytoplasm. What you paint is black until it is taken.")
    return _painted(found.image_data, (reading.width, reading.height))


def _painted(layer: Any, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """The pixels `(height, width)` that a canvas layer `(h, w, 4)` covers; None where none is."""
    if layer is None or not np.asarray(layer)[..., 3].any():
        return None
    alpha = Pictures.fromarray(np.asarray(layer, np.uint8)[..., 3])
    return np.asarray(alpha.resize(size, Pictures.Resampling.BILINEAR)) > 127


def begin_anew() -> None:
    """Empties canvas, slider and uploader, as what they held was taken."""
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1


def _apply(key: str, labels: NDArray[np.uint8]) -> None:
    st.session_state[key] = labels
    begin_anew()


def _reset(key: str) -> None:
    st.session_state.pop(key, None)
    begin_anew()


def _measured(reading: Reading, labels: NDArray[np.uint8]) -> bool:
    """Shows the features by these outlines; False where there are none."""
    try:
        features = session.triage().features(reading, labels)
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return False
    if not features:
        st.warning("Nothing can be measured: a nucleus and some cytoplasm are needed.")
        return False
    st.markdown("**Measured again**")
    st.dataframe(_feature_rows(reading, features), hide_index=True, alt="Features before and after")
    if features.get("nucleus_area", 0) < 0.98 * int((labels == NUCLEUS).sum()):
        st.caption("The nucleus is in several pieces: the largest is measured.")
    return True


def _asked(reading: Reading, before: list[Opinion], labels: NDArray[np.uint8]) -> None:
    """Shows what the models that read outlines say by these, beside what they said before."""
    names = [opinion.name for opinion in before if opinion.reads_outlines]
    try:
        after = session.triage().opinions(reading, names, labels) if names else []
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    rows: dict[str, Any] = {}
    for opinion in after:
        old = next(each for each in before if each.name == opinion.name)
        if old.probabilities:
            rows[f"{opinion.name}, segmenter’s"] = old.probabilities
        if opinion.probabilities:
            rows[f"{opinion.name}, yours"] = opinion.probabilities
        for reason in opinion.reasons:
            st.caption(show.plain(f"{opinion.name}: {reason}"))
    if rows:
        st.markdown("**Asked again**")
        figure = opinion_map(rows)
        show.chart(figure)


def _feature_rows(reading: Reading, features: dict[str, float]) -> list[dict[str, str]]:
    told = [each for each in FEATURES if each.name in TOLD and each.name in features]
    return [
        {
            "Feature": each.title,
            "Segmenter’s": (
                amount(reading.features[each.name], each.unit)
                if each.name in reading.features
                else "–"
            ),
            "Yours": amount(features[each.name], each.unit),
        }
        for each in told
    ]

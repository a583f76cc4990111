"""Corrected outlines of a stored reading: drawn or brought in, kept as revisions, never lost."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cervix_models.contracts import Reading, Revision, RevisionOrigin, WorklistRow
from cervix_models.errors import CervixError, IntakeError
from cervix_models.plots import per_cent
from ui import pictures, session, show
from ui.outline_editor import ROUND, SIDE, begin_anew, changed_outlines

WAYS: dict[RevisionOrigin, str] = {"painted": "Draw", "imported": "Bring in a file"}
ORIGINS = {"painted": "drawn", "imported": "brought in", "segmenter": "taken back"}
KINDS = ["geojson", "json", "png", "tif", "tiff"]


def correct_outlines(row: WorklistRow) -> None:
    """Shows whose outlines are measured, and takes others."""
    reading = row.reading
    if problem := st.session_state.pop("outline-problem", None):
        st.error(show.plain(problem), icon=":material/block:")
    if row.revision is None:
        st.caption("The outlines are the segmenter’s.")
    else:
        _newest(reading, row.revision)
    if st.toggle("Correct the outlines", key=f"correct-{reading.id}"):
        _editor(row)
    history = session.triage().revisions(reading.id)
    if history:
        st.markdown("**What was changed, the newest last**")
        st.dataframe(
            [_line(each) for each in history], hide_index=True,
            alt=f"{len(history)} corrections: when, by whom, how, and what was measured.",
        )  # fmt: skip


def _newest(reading: Reading, revision: Revision) -> None:
    st.caption(
        f"Outlines {ORIGINS[revision.origin]} by {show.plain(revision.author)}, "
        f"{show.when(revision.created_at)}. The features follow them; the answer above is the one "
        "that was given first."
    )
    if (revision.decision, revision.label) == (reading.decision, reading.label):
        return
    if revision.label is None:
        reasons = show.plain(" ".join(revision.reasons))
        st.warning(f"With these outlines the reading would be referred. {reasons}")
        return
    share = per_cent(revision.probabilities[revision.label])
    st.warning(f"With these outlines the classifier says {revision.label}, {share}.")


def _editor(row: WorklistRow) -> None:
    reading, service = row.reading, session.triage()
    image, labels = service.blob(reading.image_sha256), service.labels(row.current)
    way = st.segmented_control(
        "How", list(WAYS), format_func=WAYS.__getitem__, default="painted", required=True,
        key="outline-way",
    )  # fmt: skip
    if way == "painted":
        after = changed_outlines(reading, image, labels)
    else:
        after = _brought_in(reading, image)
    st.caption("Stored as a correction: nothing that was there before is lost.")
    with st.container(horizontal=True):
        st.button(
            "Store these outlines", type="primary", disabled=after is None,
            on_click=_store, args=(reading, after, way), icon=":material/save:",
        )  # fmt: skip
        if row.revision is not None and row.revision.origin != "segmenter":
            st.button(
                "Back to the segmenter’s", on_click=_store,
                args=(reading, service.labels(reading), "segmenter"), icon=":material/undo:",
            )  # fmt: skip


def _brought_in(reading: Reading, image: bytes) -> NDArray[np.uint8] | None:
    given = st.file_uploader(
        f"GeoJSON as QuPath writes it, or a PNG or TIFF of {reading.width} × {reading.height} "
        "labels: 0 background, 1 cytoplasm, 2 nucleus",
        type=KINDS,
        key=f"outline-file-{st.session_state.setdefault(ROUND, 0)}",
    )
    if given is None:
        return None
    try:
        after = session.triage().outlines_from(reading, given.getvalue(), given.name)
    except IntakeError as problem:
        st.error(show.plain(str(problem)), icon=":material/block:")
        return None
    st.image(pictures.mask_over(image, after), width=SIDE, alt="The cell with these outlines")
    return after


def _store(reading: Reading, labels: NDArray[np.uint8], origin: RevisionOrigin) -> None:
    try:
        session.triage().revise(reading.id, labels, origin, session.current_user().name)
    except CervixError as problem:
        st.session_state["outline-problem"] = str(problem)
        return
    begin_anew()
    st.toast("Outlines stored", icon=":material/save:")


def _line(revision: Revision) -> dict[str, str | int]:
    return {
        "When": show.when(revision.created_at),
        "By": revision.author,
        "How": ORIGINS[revision.origin],
        "Nucleus, px": round(revision.features["nucleus_area"]),
        "Cytoplasm, px": round(revision.features["cytoplasm_area"]),
        "Answer": revision.label or "Refer",
    }

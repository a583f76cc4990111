"""Reads a whole field cell by cell, and takes verdicts on them: `?field=<id>` names it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from cervix_models.contracts import FieldReading, WorklistRow
from cervix_models.data.scale import SCALE
from cervix_models.errors import CervixError, StorageError
from cervix_models.services.jobs import Job
from ui import session, show
from ui.earlier import show_earlier
from ui.field_view import show_field_reading
from ui.watching import watch

KINDS = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"]
MOST = 12  # earlier fields
JOB = "field-job"  # in the session


def page() -> None:
    """Shows the door for a field, or the one that the address names."""
    session.require_role("pathologist")
    st.title("Read a field", anchor=False)
    wanted = st.query_params.get("field")
    if problem := st.session_state.pop("field-problem", None):
        st.error(show.plain(problem), icon=":material/block:")
    if wanted is None:
        _door()
        _earlier()
        show.notice()
        return
    try:
        field = session.fields().field(wanted)
        rows = session.fields().cells(wanted)
    except StorageError:
        st.warning(
            "There is no field of this address here. It may be from another installation, or was "
            "deleted: choose one below, or read one."
        )
        _door()
        _earlier()
        return
    _steps(field, rows)
    show_field_reading(field, rows)


def _door() -> None:
    if JOB in st.session_state:
        watch(JOB, "Looking for nuclei", _arrived)
        return
    st.markdown(
        "A field of many cells: nuclei are looked for, and each cell that is found is cut out, "
        "read like a cell of its own, and shown where it lies. Some cells are missed, and "
        "some that are found are none: look at the whole field too."
    )
    st.page_link(
        "../pages/models/card.py", label="How many are found", icon=":material/description:",
        query_params={"model": session.triage().defaults().finder},
    )  # fmt: skip
    scale = st.number_input(
        "Scale in µm per pixel (optional)", min_value=SCALE[0], max_value=SCALE[1], value=None,
        step=0.01, key="field-scale", placeholder="by the file, where it says so", width=320,
        help="With it, features are also given in micrometres and the picture has a scale bar.",
    )  # fmt: skip
    file = st.file_uploader(
        "Image of a whole field: PNG, JPEG, BMP or TIFF",
        type=KINDS,
        key=f"field-upload-{st.session_state.setdefault('field-round', 0)}",
        help="At the magnification of SIPaKMeD or CRIC, where a nucleus is 20 to 60 pixels wide. "
        "Slides are too large to be uploaded: they have a page of their own.",
    )
    if file is not None:
        _start(file.getvalue(), file.name, scale)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**No field at hand?** This one is drawn by a program, not photographed.")
        if st.button("Read the sample field", icon=":material/science:"):
            _start(session.sample_field(), "sample-field.png", scale, sample=True)
    session.triage().warm_up()


def _start(content: bytes, name: str, scale: float | None, *, sample: bool = False) -> None:
    st.session_state["field-round"] += 1
    try:
        st.session_state[JOB] = session.fields().start(
            content, name, micrometres_per_pixel=scale, sample=sample
        )
    except CervixError as problem:
        st.session_state["field-problem"] = str(problem)
    st.rerun()


def _arrived(job: Job[FieldReading]) -> None:
    if job.found is not None:
        st.query_params["field"] = job.found.id
    else:
        st.session_state["field-problem"] = job.problem


def _earlier() -> None:
    show_earlier("Fields read before", session.fields().fields(MOST), _open)


def _open(field: FieldReading) -> None:
    st.query_params["field"] = field.id
    st.rerun()


def _steps(field: FieldReading, rows: list[WorklistRow]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if slide := st.query_params.get("slide"):
            st.page_link(
                "../pages/triage/slide.py", label="Back to the slide", icon=":material/arrow_back:",
                query_params={"slide": slide},
            )  # fmt: skip
        else:
            st.button("Another field", icon=":material/arrow_back:", on_click=_leave)
        with st.popover("Delete this field", icon=":material/delete:"):
            st.write(f"The field and its cells ({len(rows)}) with all verdicts go for good.")
            st.button("Delete it", type="primary", on_click=partial(_delete, field.id))


def _leave() -> None:
    st.query_params.clear()


def _delete(field_id: str) -> None:
    try:
        session.fields().delete(field_id)
    except StorageError as problem:
        st.session_state["field-problem"] = str(problem)
    st.query_params.clear()


page()

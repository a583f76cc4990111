"""Looks at a slide of the installation, and reads what is in view: `?slide=<key>` names it."""

from __future__ import annotations

import streamlit as st

from cervix_models.contracts import FieldReading
from cervix_models.data.scale import SCALE
from cervix_models.errors import CervixError
from cervix_models.services.jobs import Job
from cervix_models.services.slides import OpenedSlide, SlideFile
from ui import session, show
from ui.earlier import show_earlier
from ui.viewer import show_slide
from ui.watching import watch

FIELD = "../pages/triage/field.py"
JOB, PROBLEM, CHOSEN = "slide-job", "slide-problem", "slide-chosen"  # in the session
MOST = 24  # parts that are listed


def page() -> None:
    """Shows the slide that the address names, or the first."""
    session.require_role("pathologist")
    st.title("Read a slide", anchor=False)
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(show.plain(problem), icon=":material/block:")
    files = session.slides().listing()
    if not files:
        _none()
        return
    file = _chosen(files)
    try:
        with st.spinner("Opening the slide"):
            opened = session.slides().open(file.key)
            parts = session.slides().parts(file.key)
    except CervixError as unusable:
        st.error(show.plain(str(unusable)), icon=":material/block:")
        return
    _about(opened)
    scale = _scale(opened)
    wanted = show_slide(file.key, opened.source, parts[:MOST], _words(opened, parts))
    if JOB in st.session_state:
        watch(JOB, "Looking for nuclei", _arrived)
    elif wanted is not None:
        _start(file, wanted, scale)
    show.notice()
    show_earlier("Parts read of this slide", parts[:MOST], lambda part: _open(part, file.key))
    session.triage().warm_up()


def _none() -> None:
    folder = session.slides().folder
    st.info(
        f"There is no slide here yet. Put slides into the folder `{folder}`, or start the app with "
        "CERVIX_SLIDES naming theirs, and open this page again.",
        icon=":material/folder_open:",
    )
    st.markdown(
        "Aperio SVS, Hamamatsu NDPI, Leica SCN, MIRAX, Philips and Ventana, Zeiss CZI, DICOM and "
        "tiled TIFF are read part by part, whatever their size; they are not uploaded, as they are "
        "too large for it. A smaller picture can be uploaded:"
    )
    st.page_link(FIELD, label="Read a field", icon=":material/grid_view:")
    show.notice()


def _chosen(files: list[SlideFile]) -> SlideFile:
    by_key = {each.key: each for each in files}
    asked = st.query_params.get("slide")
    if asked is not None and asked not in by_key:
        st.warning("There is no slide of this address here any more. Choose one below.")
    chosen = asked if asked in by_key else files[0].key
    st.session_state[CHOSEN] = st.query_params["slide"] = chosen
    st.selectbox(
        "Slide", list(by_key), key=CHOSEN, on_change=_choose,
        format_func=lambda key: f"{by_key[key].name} ({_size(by_key[key].size)})",
    )  # fmt: skip
    return by_key[chosen]


def _choose() -> None:
    st.query_params["slide"] = st.session_state[CHOSEN]


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _about(opened: OpenedSlide) -> None:
    source = opened.source
    scale = source.micrometres_per_pixel
    at = f"{scale:.3f} µm per pixel" if scale else "without a scale of its own"
    st.markdown(
        f"**{source.width} × {source.height}** pixels, {at}. Zoom to where cells are, and read "
        "what is in view: it becomes a field with its cells, to be reviewed like any other."
    )


def _scale(opened: OpenedSlide) -> float | None:
    if opened.source.micrometres_per_pixel:
        return None
    return st.number_input(
        "Scale in µm per pixel (optional)", min_value=SCALE[0], max_value=SCALE[1], value=None,
        step=0.01, key=f"slide-scale-{opened.file.key}", width=320,
        help="With it, features are also given in micrometres.",
    )  # fmt: skip


def _words(opened: OpenedSlide, parts: list[FieldReading]) -> str:
    source = opened.source
    return f"Slide of {source.width} by {source.height} pixels, {len(parts)} parts of it read."


def _start(file: SlideFile, wanted: tuple[int, int, int, int], scale: float | None) -> None:
    try:
        st.session_state[JOB] = session.slides().start(
            file.key, wanted, micrometres_per_pixel=scale
        )
    except CervixError as problem:
        st.session_state[PROBLEM] = str(problem)
    st.rerun()


def _arrived(job: Job[FieldReading]) -> None:
    if job.found is None:
        st.session_state[PROBLEM] = job.problem
        return
    _open(job.found, st.query_params.get("slide"))


def _open(field: FieldReading, slide: str | None) -> None:
    found = {"field": field.id} | ({"slide": slide} if slide else {})
    st.switch_page(FIELD, query_params=found)


page()

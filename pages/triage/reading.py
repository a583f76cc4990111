"""Reads uploaded cells and shows one reading: `?reading=<id>` names it."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cervix_models.contracts import WorklistRow
from cervix_models.data.labels import class_named
from cervix_models.data.scale import SCALE
from cervix_models.errors import CervixError, StorageError, WeightsError
from cervix_models.services.fields import by_concern
from cervix_models.services.jobs import Job
from cervix_models.services.uploads import ReadUploads, Upload
from ui import session, show
from ui.cells_view import counts_words, figures, gallery
from ui.downloads import of_readings, offer
from ui.reading_view import show_answer, show_reading
from ui.watching import watch

MOST_FILES = 1000
SHOWN = 5  # problems that are shown at once
JOB = "uploads-job"  # in the session
SAMPLES_A_ROW = 5
DEFAULT = ""  # of the classifiers: whichever is the default when it reads
KINDS = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"]


def page() -> None:
    """Shows the door for uploads, and under it the reading that the address names."""
    session.require_role("pathologist")
    st.title("Read cells", anchor=False)
    wanted = st.query_params.get("reading")
    _problems()
    if JOB in st.session_state:
        watch(JOB, "Loading the models", _arrived)
        show.notice()
        return
    if wanted is None:
        if rows := _batch():
            _all(rows)
            with st.expander("Read more cells", icon=":material/upload:"):
                _door()
        else:
            _door()
        return
    with st.expander("Read more cells", icon=":material/upload:"):
        _door()
    try:
        row = session.triage().reading(wanted)
    except StorageError:
        st.warning(
            "There is no reading of this address here. It may be from another installation; "
            "choose one from the worklist, or read a cell."
        )
        st.page_link("../pages/triage/worklist.py", label="Worklist", icon=":material/checklist:")
        return
    _place(wanted)
    left, right = st.columns([2, 1], vertical_alignment="top")
    with left:
        show_answer(row.reading)
    with right:
        _steps(wanted)
    show_reading(row)


def _door() -> None:
    scale = st.number_input(
        "Scale in µm per pixel (optional)",
        min_value=SCALE[0],
        max_value=SCALE[1],
        value=None,
        step=0.01,
        key="scale",
        help="With it, features are also given in micrometres and the picture has a scale bar.",
        placeholder="by the file, where it says so",
        width=320,
    )
    classifier = _classifier()
    files = st.file_uploader(
        "Images of single cells: PNG, JPEG, BMP or TIFF",
        type=KINDS,
        accept_multiple_files=True,
        key=f"uploads-{st.session_state.setdefault('round', 0)}",
        help=f"Up to {MOST_FILES:,} at once. File names and metadata are not stored.",
    )
    if files:
        _take_in(files, scale, classifier)
    _samples(scale, classifier)
    show.notice()
    session.triage().warm_up()


def _classifier() -> str | None:
    """The classifier that shall read; None for the one that is the default when it does."""
    try:
        names = [card.name for card in session.triage().classifiers()]
    except WeightsError as problem:
        st.error(show.plain(str(problem)))
        return None
    default = session.triage().defaults().classifier
    chosen: str = st.selectbox(
        "Classifier", [DEFAULT, *(each for each in names if each != default)],
        format_func=lambda name: name or default, key="classifier", width=320,
        help="The first is the default. The leaderboard shows how each was measured.",
    )  # fmt: skip
    return chosen or None


def _take_in(files: list[UploadedFile], scale: float | None, classifier: str | None) -> None:
    if len(files) > MOST_FILES:
        _finish(
            [],
            [
                f"{len(files)} files were given at once; up to {MOST_FILES} are read at a time. "
                "None was read: choose fewer."
            ],
        )
    if len(files) > 1:
        uploads = [Upload(file.name, file.getvalue()) for file in files]
        st.session_state[JOB] = session.triage().start(
            uploads, micrometres_per_pixel=scale, classifier=classifier
        )
        _finish([], [])
    (file,) = files
    try:
        with st.spinner("Reading the cell"):
            found = [_read(file.getvalue(), file.name, scale, classifier)]
    except CervixError as problem:
        _finish([], [str(problem)])
    _finish(found, [])


def _arrived(job: Job[ReadUploads]) -> None:
    found = job.found or ReadUploads(problems=[job.problem or ""])
    st.session_state["problems"] = found.problems
    st.session_state.setdefault("names", {}).update(found.names)
    st.query_params.clear()
    if len(found.names) == 1:
        st.query_params["reading"] = next(iter(found.names))
    elif found.names:
        rows = by_concern(session.triage().readings(list(found.names)))
        st.session_state["batch"] = [row.reading.id for row in rows]


def _read(
    content: bytes, name: str, scale: float | None, classifier: str | None, *, sample: bool = False
) -> str:
    reading = session.triage().read(
        content, name, micrometres_per_pixel=scale, sample=sample, classifier=classifier
    )
    st.session_state.setdefault("names", {})[reading.id] = name
    return reading.id


def _finish(found: list[str], problems: list[str]) -> None:
    # A new key empties the uploader: what was taken in is stored, and memory is given back.
    st.session_state["round"] += 1
    st.session_state["problems"] = problems
    if found:
        st.query_params["reading"] = found[0]
    st.rerun()


def _problems() -> None:
    problems: list[str] = st.session_state.pop("problems", [])
    for sentence in problems[:SHOWN]:
        st.error(show.plain(sentence), icon=":material/block:")
    if others := problems[SHOWN:]:
        with st.expander(f"{len(others)} more were not read"):
            st.markdown("\n".join(f"- {show.plain(sentence)}" for sentence in others))


def _samples(scale: float | None, classifier: str | None) -> None:
    st.markdown("**No cell at hand?** These are drawn by a program, not photographed.")
    with st.grid(SAMPLES_A_ROW, min_column_width=100, key="samples"):
        for name, label, content in session.samples():
            with st.container(gap="xsmall"):
                st.image(
                    content, alt=f"Synthetic sample cell in the manner of {label}", width="stretch"
                )
                words = f"Read {class_named(label).short}"
                if st.button(words, key=f"sample-{name}", help=label, width="stretch"):
                    _finish_sample(content, name, scale, classifier)


def _finish_sample(content: bytes, name: str, scale: float | None, classifier: str | None) -> None:
    try:
        with st.spinner("Reading the sample"):
            found = [_read(content, name, scale, classifier, sample=True)]
    except CervixError as problem:
        _finish([], [str(problem)])
    _finish(found, [])


def _batch() -> list[WorklistRow]:
    """The cells that were uploaded together last, and are still there, by concern."""
    return session.triage().readings(st.session_state.get("batch", []))


def _all(rows: list[WorklistRow]) -> None:
    """Shows the cells that were read together."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{counts_words(rows)}.")
        st.button("Close these", icon=":material/close:", on_click=_close)
    show.notice()
    cells, counts, files = st.tabs(["All cells", "Counts and ratios", "Export"])
    with cells:
        numbers = list(range(1, len(rows) + 1))
        gallery(rows, numbers, "batch", lambda at: _go(rows[at].reading.id))
    with counts:
        figures(rows)
    with files:
        st.caption("Each file carries the notice and the newest outlines.")
        with st.container(horizontal=True):
            offer(of_readings(rows), "readings")


def _close() -> None:
    del st.session_state["batch"]


def _place(wanted: str) -> None:
    """Where the reading stands among those that were uploaded with it, and the way back."""
    batch: list[str] = st.session_state.get("batch", [])
    if wanted not in batch:
        return
    name = show.plain(st.session_state["names"][wanted])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(f"All {len(batch)} cells", icon=":material/grid_view:", on_click=_leave)
        st.markdown(f"Cell **{batch.index(wanted) + 1}** of {len(batch)} · {name}")


def _leave() -> None:
    st.query_params.clear()


def _steps(wanted: str) -> None:
    before, after = _neighbours(wanted)
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button(
            "Previous", key="previous", icon=":material/arrow_back:", shortcut="K",
            disabled=before is None, on_click=_go, args=(before,),
        )  # fmt: skip
        st.button(
            "Next", key="next", icon=":material/arrow_forward:", shortcut="J",
            disabled=after is None, on_click=_go, args=(after,),
        )  # fmt: skip


def _neighbours(wanted: str) -> tuple[str | None, str | None]:
    batch: list[str] = st.session_state.get("batch", [])
    if wanted not in batch:
        return session.triage().neighbours(wanted)
    at = batch.index(wanted)
    return (batch[at - 1] if at else None), (batch[at + 1] if at + 1 < len(batch) else None)


def _go(reading_id: str) -> None:
    st.query_params["reading"] = reading_id


page()

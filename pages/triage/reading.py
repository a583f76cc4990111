"""Reads uploaded cells and shows one reading: `?reading=<id>` names it."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cervix_models.data.labels import class_named
from cervix_models.errors import CervixError, IntakeError, StorageError, WeightsError
from cervix_models.services.defaults import CLASSIFIER
from cervix_models.services.triage import SCALE
from ui import session, show
from ui.reading_view import show_answer, show_reading

MOST_FILES = 50
SAMPLES_A_ROW = 5
KINDS = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"]


def page() -> None:
    """Shows the door for uploads, and under it the reading that the address names."""
    session.require_role("pathologist")
    st.title("Read cells", anchor=False)
    wanted = st.query_params.get("reading")
    _problems()
    if wanted is None:
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
    _batch(wanted)
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
        placeholder="from the scanner or camera",
        width=320,
    )
    classifier = _classifier()
    files = st.file_uploader(
        "Images of single cells: PNG, JPEG, BMP or TIFF",
        type=KINDS,
        accept_multiple_files=True,
        key=f"uploads-{st.session_state.setdefault('round', 0)}",
        help=f"Up to {MOST_FILES} at once. File names and metadata are not stored.",
    )
    if files:
        _take_in(files, scale, classifier)
    _samples(scale, classifier)
    show.notice()
    session.triage().warm_up()


def _classifier() -> str:
    """The classifier that shall read: the default one, unless another was chosen."""
    try:
        names = [card.name for card in session.triage().classifiers()]
    except WeightsError as problem:
        st.error(show.plain(str(problem)))
        return CLASSIFIER
    names = [CLASSIFIER, *(each for each in names if each != CLASSIFIER)]
    chosen: str = st.selectbox(
        "Classifier", names, key="classifier", width=320,
        help="The default is the most accurate. The leaderboard shows how each was measured.",
    )  # fmt: skip
    return chosen


def _take_in(files: list[UploadedFile], scale: float | None, classifier: str) -> None:
    if len(files) > MOST_FILES:
        _finish(
            [],
            [
                f"{len(files)} files were given at once; up to {MOST_FILES} are read at a time. "
                "None was read: choose fewer."
            ],
        )
    found, problems = [], []
    bar = st.progress(0.0)
    for number, file in enumerate(files):
        bar.progress(number / len(files), f"Reading {number + 1} of {len(files)}")
        try:
            found.append(_read(file.getvalue(), file.name, scale, classifier))
        except IntakeError as problem:
            problems.append(str(problem))
        except CervixError as problem:
            left = len(files) - number
            problems.append(f"{problem} {left} of {len(files)} pictures were not read.")
            break
    _finish(found, problems)


def _read(
    content: bytes, name: str, scale: float | None, classifier: str, *, sample: bool = False
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
        st.session_state["batch"] = found
        st.query_params["reading"] = found[0]
    st.rerun()


def _problems() -> None:
    for sentence in st.session_state.pop("problems", []):
        st.error(show.plain(sentence), icon=":material/block:")


def _samples(scale: float | None, classifier: str) -> None:
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


def _finish_sample(content: bytes, name: str, scale: float | None, classifier: str) -> None:
    try:
        with st.spinner("Reading the sample"):
            found = [_read(content, name, scale, classifier, sample=True)]
    except CervixError as problem:
        _finish([], [str(problem)])
    _finish(found, [])


def _batch(wanted: str) -> None:
    batch: list[str] = st.session_state.get("batch", [])
    if len(batch) < 2 or wanted not in batch:
        return
    names: dict[str, str] = st.session_state["names"]
    key = f"batch-{st.session_state['round']}"
    st.session_state[key] = wanted
    st.pills(
        f"{len(batch)} cells read",
        batch,
        format_func=lambda each: f"{batch.index(each) + 1} {show.plain(names[each])}",
        key=key,
        required=True,
        on_change=lambda: _go(st.session_state[key]),
    )


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

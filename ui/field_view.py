"""A field that was read, on a page: the picture, the cell in turn, all cells, figures, exports."""

from __future__ import annotations

from functools import partial

import streamlit as st

from cervix_models.contracts import FieldReading, WorklistRow
from cervix_models.services import exports
from cervix_models.services.fields import by_concern
from ui import session, show
from ui.cells_view import counts_words, drawn, figures, gallery
from ui.downloads import File, of_readings, offer
from ui.verdict import take_verdict
from ui.viewer import show_field


def show_field_reading(field: FieldReading, rows: list[WorklistRow]) -> None:
    """Shows all of one field, and takes a verdict on the cell in turn."""
    _about(field, rows)
    if not rows:
        st.info(
            "No nucleus was found in this field. Its magnification may be another one: nuclei of "
            "20 to 60 pixels are looked for.",
            icon=":material/search_off:",
        )
        show.notice()
        return
    ordered = by_concern(rows)
    at = _turn(field, ordered)
    left, right = st.columns([3, 2], gap="large")
    with left:
        numbers = [row.place.number for row in ordered if row.place]
        clicked = show_field(field, rows, numbers[at], _words(field, rows))
        if clicked in numbers:
            _go(field, numbers.index(clicked))
            st.rerun()
        show.legend({row.reading.label for row in rows})
    with right:
        _cell(field, ordered, at)
    cells, counts, files = st.tabs(["All cells", "Counts and ratios", "Export"])
    with cells:
        gallery(ordered, [row.place.number for row in ordered if row.place], field.id,
                partial(_go, field), at)  # fmt: skip
    with counts:
        figures(rows)
    with files:
        _exports(field, rows)


def _about(field: FieldReading, rows: list[WorklistRow]) -> None:
    if any(row.reading.sample for row in rows):
        st.badge("Synthetic sample, no real field", icon=":material/science:", color="gray")
    stopped = "" if field.complete else " The reading was stopped before the whole field was read."
    st.markdown(
        f"{counts_words(rows)} · {field.width} × {field.height} pixels, "
        f"{show.when(field.created_at)}.{stopped}{_part_of_slide(field)}"
    )
    for sentence in field.warnings:
        st.caption(show.plain(sentence))


def _part_of_slide(field: FieldReading) -> str:
    part = field.on_slide
    return f" A part of a slide, from {part.left}, {part.top} on." if part else ""


def _words(field: FieldReading, rows: list[WorklistRow]) -> str:
    return f"Field of {field.width} by {field.height} pixels with {len(rows)} cells outlined."


def _turn(field: FieldReading, ordered: list[WorklistRow]) -> int:
    """The position of the cell in turn."""
    at: int = st.session_state.setdefault(f"turn-{field.id}", 0)
    return min(at, len(ordered) - 1)


def _go(field: FieldReading, at: int) -> None:
    st.session_state[f"turn-{field.id}"] = at


def _cell(field: FieldReading, ordered: list[WorklistRow], at: int) -> None:
    row = ordered[at]
    reading, last = row.reading, len(ordered) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous", icon=":material/arrow_back:", shortcut="K", disabled=at == 0,
            on_click=_go, args=(field, at - 1), key="field-previous",
        )  # fmt: skip
        st.button(
            "Next", icon=":material/arrow_forward:", shortcut="J", disabled=at == last,
            on_click=_go, args=(field, at + 1), key="field-next",
        )  # fmt: skip
        number = row.place.number if row.place else at + 1
        st.markdown(f"Cell **{number}** · {at + 1} of {len(ordered)}")
    picture, words = st.columns([1, 2], vertical_alignment="top")
    with picture:
        st.image(drawn(row), alt=show.picture_words(reading), width="stretch")
    with words:
        show.answer(reading)
    show.notice()
    take_verdict(row, then=partial(_go, field, min(at + 1, last)))
    st.page_link(
        "../pages/triage/reading.py", label="The whole reading", icon=":material/open_in_new:",
        query_params={"reading": reading.id},
    )  # fmt: skip


def _exports(field: FieldReading, rows: list[WorklistRow]) -> None:
    blob = session.triage().blob
    st.caption("Each file carries the notice and the newest outlines.")
    with st.container(horizontal=True):
        offer(
            [
                File(
                    "GeoJSON", "geojson", lambda: exports.export_field_geojson(field, rows, blob),
                    "All cells with nucleus, class and features, where they lie, for QuPath",
                ),
                File(
                    "Label TIFF", "tif", lambda: exports.export_field_tiff(field, rows, blob),
                    "Two pages, cells and nuclei: each pixel has the number of its cell",
                ),
                *of_readings(rows),
            ],
            f"field-{field.id}",
        )  # fmt: skip

"""A field that was read, on a page: the picture, the cell in turn, all cells, figures, exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import streamlit as st

from cervix_models.contracts import FieldReading, WorklistRow
from cervix_models.plots import class_counts, ratio_histogram
from cervix_models.services import exports
from cervix_models.services.fields import by_concern
from ui import pictures, session, show
from ui.verdict import take_verdict
from ui.viewer import show_field

A_ROW = 8
AT_ONCE = 24  # cells of the gallery
REFER = "Refer"


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
    cells, figures, files = st.tabs(["All cells", "Counts and ratios", "Export"])
    with cells:
        _gallery(field, ordered, at)
    with figures:
        _figures(rows)
    with files:
        _exports(field, rows)


def _about(field: FieldReading, rows: list[WorklistRow]) -> None:
    if any(row.reading.sample for row in rows):
        st.badge("Synthetic sample, no real field", icon=":material/science:", color="gray")
    called = Counter(row.reading.label or REFER for row in rows)
    given = sum(row.verdict is not None for row in rows)
    counts = ", ".join(f"{name} {count}" for name, count in called.most_common())
    stopped = "" if field.complete else " The reading was stopped before the whole field was read."
    st.markdown(
        f"**{len(rows)} cells** · {counts or 'none'} · verdicts on {given} of {len(rows)} · "
        f"{field.width} × {field.height} pixels, {show.when(field.created_at)}.{stopped}"
    )
    for sentence in field.warnings:
        st.caption(show.plain(sentence))


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
        st.image(_drawn(row), alt=show.picture_words(reading), width="stretch")
    with words:
        show.answer(reading)
    show.notice()
    take_verdict(row, then=partial(_go, field, min(at + 1, last)))
    st.page_link(
        "../pages/triage/reading.py", label="The whole reading", icon=":material/open_in_new:",
        query_params={"reading": reading.id},
    )  # fmt: skip


def _drawn(row: WorklistRow) -> bytes:
    reading, service = row.current, session.triage()
    return pictures.mask_over(service.blob(reading.image_sha256), service.labels(reading))


def _gallery(field: FieldReading, ordered: list[WorklistRow], at: int) -> None:
    st.caption(
        "First the cells that were called koilocytotic or dyskeratotic, the surest first; then "
        "those that a person should read; then all others in the order of the field. A class is no "
        "diagnosis, and no normal or benign cell is ranked as a concern."
    )
    pages = -(-len(ordered) // AT_ONCE)
    number = 1
    if pages > 1:
        number = st.pagination(pages, default=at // AT_ONCE + 1, key=f"gallery-{field.id}-{at}")
    start = (number - 1) * AT_ONCE
    with st.grid(A_ROW, min_column_width=110, key="gallery"):
        for place, row in enumerate(ordered[start : start + AT_ONCE], start=start):
            with st.container(gap="xsmall"):
                st.image(_drawn(row), alt=show.picture_words(row.reading), width="stretch")
                st.button(
                    f"{row.place.number if row.place else place + 1} "
                    f"{show.short_words(row.reading)}",
                    key=f"gallery-{row.reading.id}", width="stretch", on_click=_go,
                    args=(field, place), type="primary" if place == at else "secondary",
                    icon=":material/task_alt:" if row.verdict else None,
                )  # fmt: skip


def _figures(rows: list[WorklistRow]) -> None:
    ratios: dict[str, list[float]] = {}
    for row in rows:
        if (ratio := row.current.features.get("nucleus_cell_ratio")) is not None:
            ratios.setdefault(row.reading.label or REFER, []).append(ratio)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Cells by class, as the model called them**")
        show.chart(class_counts(Counter(row.reading.label or REFER for row in rows)))
    with right:
        st.markdown("**Nucleus to cell area**")
        show.chart(ratio_histogram(ratios))
        st.caption("Measured where nucleus and cytoplasm were found in a readable cell.")


def _exports(field: FieldReading, rows: list[WorklistRow]) -> None:
    blob = session.triage().blob
    kinds: dict[str, tuple[str, Callable[[], exports.Export], str]] = {
        "GeoJSON": (
            "geojson", lambda: exports.export_field_geojson(field, rows, blob),
            "All cells with nucleus, class and features, where they lie, for QuPath",
        ),
        "CSV": ("csv", lambda: exports.export_csv(rows), "A row a cell, for a spreadsheet"),
        "Parquet": ("parquet", lambda: exports.export_parquet(rows), "The same, for pandas"),
        "COCO": (
            "coco.json", lambda: exports.export_coco(rows, blob), "Outlines, a picture a cell",
        ),
    }  # fmt: skip
    st.caption("Each file carries the notice and the newest outlines.")
    with st.container(horizontal=True):
        for text, (ending, export, words) in kinds.items():
            st.download_button(
                text, partial(exports.content_of, export), f"field-{field.id}.{ending}", help=words,
                key=f"field-export-{ending}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip

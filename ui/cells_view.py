"""Many cells that were read together: all of them by concern, and figures of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from cervix_models.contracts import WorklistRow
from cervix_models.plots import class_counts, ratio_histogram
from ui import session, show

A_ROW = 8
AT_ONCE = 24  # cells of the gallery
REFER = "Refer"


def counted(rows: Sequence[WorklistRow]) -> Counter[str]:
    """How many cells there are of each answer."""
    return Counter(row.reading.label or REFER for row in rows)


def counts_words(rows: Sequence[WorklistRow]) -> str:
    """How many cells there are of each answer, and how many have a verdict, as Markdown."""
    counts = ", ".join(f"{name} {count}" for name, count in counted(rows).most_common())
    given = sum(row.verdict is not None for row in rows)
    return f"**{len(rows)} cells** · {counts or 'none'} · verdicts on {given} of {len(rows)}"


def drawn(row: WorklistRow) -> bytes:
    """The picture of a reading with its newest outlines, as PNG. Raises StorageError."""
    return session.outlined(row.current.image_sha256, row.current.mask_sha256)


def gallery(
    ordered: Sequence[WorklistRow],
    numbers: Sequence[int],
    key: str,
    choose: Callable[[int], None],
    at: int | None = None,
) -> None:
    """All cells, `ordered` by concern, with their numbers; `choose` gets the position of the one
    that is clicked, `at` is that of the cell in turn."""
    st.caption(
        "First the cells that were called koilocytotic or dyskeratotic, the surest first; then "
        "those that a person should read; then all others in their order. A class is no "
        "diagnosis, and no normal or benign cell is ranked as a concern."
    )
    pages = -(-len(ordered) // AT_ONCE)
    number = 1
    if pages > 1:
        number = st.pagination(pages, default=(at or 0) // AT_ONCE + 1, key=f"gallery-{key}-{at}")
    start = (number - 1) * AT_ONCE
    with st.grid(A_ROW, min_column_width=110, key="gallery"):
        for place, row in enumerate(ordered[start : start + AT_ONCE], start=start):
            with st.container(gap="xsmall"):
                st.image(drawn(row), alt=show.picture_words(row.reading), width="stretch")
                st.button(
                    f"{numbers[place]} {show.short_words(row.reading)}",
                    key=f"gallery-{row.reading.id}", width="stretch", on_click=choose,
                    args=(place,), type="primary" if place == at else "secondary",
                    icon=":material/task_alt:" if row.verdict else None,
                )  # fmt: skip


def figures(rows: Sequence[WorklistRow]) -> None:
    """How many cells there are of each class, and how large their nuclei are."""
    ratios: dict[str, list[float]] = {}
    for row in rows:
        if (ratio := row.current.features.get("nucleus_cell_ratio")) is not None:
            ratios.setdefault(row.reading.label or REFER, []).append(ratio)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Cells by class, as the model called them**")
        show.chart(class_counts(counted(rows)))
    with right:
        st.markdown("**Nucleus to cell area**")
        show.chart(ratio_histogram(ratios))
        st.caption("Measured where nucleus and cytoplasm were found in a readable cell.")

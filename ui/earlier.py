"""Fields that were read before, as pictures beside each other, each with a door to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cervix_models.contracts import FieldReading
from ui import session, show

A_ROW, THUMBNAIL = 4, 320  # fields beside each other, and their width in pixels


def show_earlier(
    title: str, fields: Sequence[FieldReading], chosen: Callable[[FieldReading], None]
) -> None:
    """Shows the fields under a title, nothing where there are none; `chosen` is called with the
    one whose button was pressed."""
    if not fields:
        return
    st.header(title, anchor=False)
    with st.grid(A_ROW, min_column_width=200, key="earlier"):
        for field in fields:
            with st.container(gap="xsmall"):
                small = session.thumbnail(field.image_sha256, THUMBNAIL)
                st.image(small, alt=f"Field of {_words(field)}", width="stretch")
                stopped = "" if field.complete else ", stopped early"
                if st.button(
                    f"Open: {show.when(field.created_at)}{stopped}", key=f"open-{field.id}",
                    width="stretch",
                ):  # fmt: skip
                    chosen(field)


def _words(field: FieldReading) -> str:
    return f"{field.width} × {field.height} pixels, {show.when(field.created_at)}"

"""Files that a page offers, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple

import streamlit as st

from cervix_models.contracts import WorklistRow
from cervix_models.services import exports
from ui import session


class File(NamedTuple):
    """A file that can be had."""

    text: str
    ending: str
    export: Callable[[], exports.Export]
    words: str | None = None


def of_readings(rows: Sequence[WorklistRow]) -> list[File]:
    """The files that any number of readings can be had as."""
    blob = session.triage().blob
    return [
        File("CSV", "csv", lambda: exports.export_csv(rows), "A row a cell, for a spreadsheet"),
        File("Parquet", "parquet", lambda: exports.export_parquet(rows), "The same, for pandas"),
        File(
            "COCO", "coco.json", lambda: exports.export_coco(rows, blob),
            "Outlines of nuclei and cells, a picture a cell",
        ),
    ]  # fmt: skip


def offer(
    files: Sequence[File], stem: str, width: Literal["content", "stretch"] = "content"
) -> None:
    """A button a file, named by its stem and ending; who takes it is noted."""
    keep = session.triage().exported
    for file in files:
        st.download_button(
            file.text, partial(exports.content_of, file.export, keep), f"{stem}.{file.ending}",
            help=file.words, key=f"export-{file.ending}-{stem}", icon=":material/download:",
            on_click="ignore", width=width,
        )  # fmt: skip

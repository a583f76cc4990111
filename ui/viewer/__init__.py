"""The viewer: OpenSeadragon in a Streamlit component, with masks, outlines and heat over a cell.

It shows a whole field with its cells, and a slide with the parts that were read, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from cervix_models.contracts import FieldReading, Reading, WorklistRow
from cervix_models.data.labels import class_named
from cervix_models.data.pyramid import TILE
from cervix_models.data.slides import FieldSource
from cervix_models.services.slides import PART, Box
from ui import pictures, session
from ui.routes import LIBRARY_URL, SLIDE_URL, picture_url

_HERE = Path(__file__).parent
NEUTRAL = "#9aa3a7"  # of cells that are referred


def show_viewer(reading: Reading, alt: str, heat: str | None = None) -> None:
    """Shows the image of a reading with its layers; they are switched in the browser, no rerun.
    `heat` is the address of a heat map where the reading has none of its own."""
    data = viewer_data(reading, alt)
    _mount(key="viewer", data={**data, "heat": data["heat"] or heat})


def show_field(
    field: FieldReading, rows: Sequence[WorklistRow], chosen: int, alt: str
) -> int | None:
    """Shows a whole field with its cells, one of them chosen; the number of the cell that was
    clicked just now, or None."""
    data = {**field_data(field, rows, alt), "chosen": chosen}
    clicked = _mount(key=f"field-{field.id}", data=data, on_cell_change=lambda: None)["cell"]
    return None if clicked is None else int(clicked)


def show_slide(
    key: str, source: FieldSource, parts: Sequence[FieldReading], alt: str
) -> Box | None:
    """Shows a slide by tiles with the parts that were read; the part in view that is to be read
    now, in pixels of the slide, or None."""
    data = slide_data(key, source, parts, alt)
    view = _mount(key=f"slide-{key}", data=data, on_view_change=lambda: None)["view"]
    if view is None:
        return None
    left, top, width, height = (int(each) for each in view)
    return left, top, width, height


def _mount(**given: Any) -> Any:
    mount = st.components.v2.component(
        "cervix.viewer", html=_source("html"), css=_source("css"), js=_source("js")
    )
    return mount(**given)


def field_data(field: FieldReading, rows: Sequence[WorklistRow], alt: str) -> dict[str, Any]:
    """What the viewer is given of a field: the address of its picture, and each cell's outlines,
    place and colour."""
    return {
        "library": LIBRARY_URL,
        "image": picture_url("image", field.image_sha256),
        "mask": None,
        "heat": None,
        "outlines": None,
        "cells": [_cell(row) for row in rows if row.place],
        "width": field.width,
        "height": field.height,
        "micrometresPerPixel": field.micrometres_per_pixel,
        "alt": alt,
    }


def slide_data(
    key: str, source: FieldSource, parts: Sequence[FieldReading], alt: str
) -> dict[str, Any]:
    """What the viewer is given of a slide: the address of its tiles, the parts that were read,
    and how many pixels can be read at once."""
    found = [(each.on_slide, each) for each in parts]
    return {
        "library": LIBRARY_URL,
        "tiles": {"url": SLIDE_URL.format(key=key), "size": TILE},
        "parts": [
            {"left": at.left, "top": at.top, "width": each.width, "height": each.height}
            for at, each in found
            if at
        ],
        "most": PART,
        "width": source.width,
        "height": source.height,
        "micrometresPerPixel": source.micrometres_per_pixel,
        "alt": alt,
    }


def _cell(row: WorklistRow) -> dict[str, Any]:
    reading, place = row.current, row.place
    found = _outlines(reading.mask_sha256) if reading.mask_sha256 else None
    colour = class_named(reading.label).colour if reading.label else NEUTRAL
    return {
        **(found or {"nucleus": [], "cytoplasm": []}),
        **({k: getattr(place, k) for k in ("number", "left", "top", "x", "y")}),
        "colour": colour,
    }


def viewer_data(reading: Reading, alt: str) -> dict[str, Any]:
    """What the viewer is given: addresses of pictures, never pixels, and the outlines."""
    mask, heat = reading.mask_sha256, reading.heat_sha256
    outlines = _outlines(mask) if mask else None
    return {
        "library": LIBRARY_URL,
        "image": picture_url("image", reading.image_sha256),
        "mask": picture_url("mask", mask) if mask and outlines else None,
        "heat": picture_url("heat", heat) if heat else None,
        "outlines": outlines,
        "width": reading.width,
        "height": reading.height,
        "micrometresPerPixel": reading.micrometres_per_pixel,
        "alt": alt,
    }


@lru_cache(maxsize=2048)
def _outlines(mask_sha256: str) -> dict[str, list[pictures.Polygon]] | None:
    found = pictures.outlines(session.shared_triage().blob(mask_sha256))
    return found if any(found.values()) else None


@lru_cache
def _source(kind: str) -> str:
    return (_HERE / f"viewer.{kind}").read_text(encoding="utf-8")

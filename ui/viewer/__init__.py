"""The viewer: OpenSeadragon in a Streamlit component, with masks, outlines and heat over a cell."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from cervix_models.contracts import Reading
from ui import pictures, session
from ui.routes import LIBRARY_URL, picture_url

_HERE = Path(__file__).parent


def show_viewer(reading: Reading, alt: str) -> None:
    """Shows the image of a reading with its layers; they are switched in the browser, no rerun."""
    mount = st.components.v2.component(
        "cervix.viewer", html=_source("html"), css=_source("css"), js=_source("js")
    )
    mount(key="viewer", data=viewer_data(reading, alt))


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


@lru_cache(maxsize=128)
def _outlines(mask_sha256: str) -> dict[str, list[pictures.Polygon]] | None:
    found = pictures.outlines(session.shared_triage().blob(mask_sha256))
    return found if any(found.values()) else None


@lru_cache
def _source(kind: str) -> str:
    return (_HERE / f"viewer.{kind}").read_text(encoding="utf-8")

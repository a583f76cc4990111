"""Two shapes, cell and nucleus, that are moved, scaled and turned by pointer, touch or keyboard."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from cervix_models.data.shapes import CELL_SHAPE, NUCLEUS_SHAPE, Ellipse

_HERE = Path(__file__).parent
LEAST, MOST = 0.02, 0.6  # half a width or a height
Numbers = list[float]  # x, y, across, down, turn


def shape_cell(key: str) -> tuple[Ellipse, Ellipse]:
    """Shows the shapes; the cell and the nucleus as they were left."""
    mount = st.components.v2.component(
        "cervix.shaper", html=_source("html"), css=_source("css"), js=_source("js")
    )
    first = {"cell": numbers(CELL_SHAPE), "nucleus": numbers(NUCLEUS_SHAPE)}
    found = mount(
        key=key, data={"first": first}, default={"shapes": first},
        on_shapes_change=lambda: None,
    )["shapes"]  # fmt: skip
    return ellipse(found["cell"]), ellipse(found["nucleus"])


def numbers(shape: Ellipse) -> Numbers:
    """A shape as the browser has it."""
    return [shape.x, shape.y, shape.across, shape.down, shape.turn]


def ellipse(given: Any) -> Ellipse:
    """A shape that the browser sent, within bounds."""
    x, y, across, down, turn = (float(each) for each in given)
    return Ellipse(
        x=min(max(x, 0.0), 1.0),
        y=min(max(y, 0.0), 1.0),
        across=min(max(across, LEAST), MOST),
        down=min(max(down, LEAST), MOST),
        turn=turn % 360,
    )


@lru_cache
def _source(kind: str) -> str:
    return (_HERE / f"shaper.{kind}").read_text(encoding="utf-8")

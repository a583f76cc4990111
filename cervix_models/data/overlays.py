"""Outlines of nucleus and cytoplasm drawn over a picture."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from cervix_models.contracts import CYTOPLASM, NUCLEUS
from cervix_models.data.marks import mark_synthetic, without_letters
from cervix_models.data.pictures import pixels_of

# Okabe and Ito (2008); neither is the colour of a cell class.
NUCLEUS_COLOUR = (240, 228, 66)
CYTOPLASM_COLOUR = (0, 114, 178)
LIGHT_BLUE = (140, 200, 235)
DARK = (20, 25, 27)
DASH, GAP = 12, 6  # pixels
LARGE = 480  # pixels; a smaller picture is enlarged first, so that lines do not hide it


def lines_over(image_png: bytes, labels: NDArray[np.uint8], *, about: str | None = None) -> bytes:
    """A PNG of the picture, enlarged where it is small, with the borders of nucleus and cell as
    lines and nothing within them; the border of the cell is dashed, so that it is known without
    its colour. Of a synthetic picture `about` says what made it, and it is marked as such."""
    pixels = pixels_of(image_png, "RGB")
    image = Pictures.fromarray(pixels if about is None else without_letters(pixels))
    factor = max(1, -(-LARGE // max(image.size)))
    size = (image.width * factor, image.height * factor)
    out = np.array(image.resize(size, Pictures.Resampling.BICUBIC))
    large = np.asarray(Pictures.fromarray(labels).resize(size, Pictures.Resampling.NEAREST))
    rows, columns = np.indices(large.shape)
    cell = _wider(border(large >= CYTOPLASM))
    out[_wider(cell)] = DARK
    out[cell & ((rows + columns) % (DASH + GAP) < DASH)] = LIGHT_BLUE
    nucleus = _wider(border(large == NUCLEUS))
    out[_wider(nucleus)] = DARK
    out[nucleus] = NUCLEUS_COLOUR
    if about is not None:
        return mark_synthetic(out, about)
    drawn = io.BytesIO()
    Pictures.fromarray(out).save(drawn, "PNG", compress_level=1)  # a third of the time
    return drawn.getvalue()


def border(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a region that touch another one, above, below or beside."""
    wide = np.pad(region, 1)
    inner = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return region & ~inner


def _wider(line: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = np.pad(line, 1)
    return wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]

"""Image files as pixels, and pixels as image files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from cervix_models.contracts import Image


def read_rgb(path: Path) -> Image:
    """The RGB pixels `(height, width, 3)` of an image file."""
    with PilImage.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def grey_png(pixels: NDArray[np.uint8], *, optimize: bool = False) -> bytes:
    """Pixels `(height, width)` as a grey PNG; `optimize` makes it smaller, and takes longer."""
    out = io.BytesIO()
    PilImage.fromarray(pixels, mode="L").save(out, "PNG", optimize=optimize)
    return out.getvalue()


def png_of(image: Image) -> bytes:
    """RGB pixels `(height, width, 3)` as a PNG."""
    out = io.BytesIO()
    PilImage.fromarray(image).save(out, "PNG")
    return out.getvalue()


def pixels_of(content: bytes, mode: Literal["RGB", "L"]) -> NDArray[np.uint8]:
    """The pixels `(height, width, 3)`, or `(height, width)` in grey, of a stored picture."""
    with PilImage.open(io.BytesIO(content)) as opened:
        return np.asarray(opened.convert(mode))

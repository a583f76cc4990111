"""A whole field for a user who has none at hand: drawn cells of all classes on one ground."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cervix_models.contracts import Image

from .composing import SOFT, ground, lay
from .labels import CLASS_NAMES
from .marks import mark_synthetic
from .samples import render_sample_with_mask

SIZE = (1536, 2048)  # height and width, as SIPaKMeD's fields
ROWS, COLUMNS = 5, 7
STRAY = 30.0  # pixels that a cell may lie from its place in the raster


def sample_field(seed: int = 1) -> bytes:
    """The PNG of a drawn field of 34 cells, some of them touching; the same for the same seed.

    It is marked synthetic on the picture, in a corner without a cell, and in the file.
    """
    about = f"field of cells drawn by the project's own renderer, seed {seed}"
    return mark_synthetic(render_field(seed), about)


def render_field(seed: int = 1) -> Image:
    """The same without its mark."""
    random = np.random.default_rng(seed)
    out = ground(random, SIZE)
    order = random.permutation(np.resize(np.arange(len(CLASS_NAMES)), ROWS * COLUMNS - 1))
    for at, number in enumerate(order):
        cell, mask = render_sample_with_mask(CLASS_NAMES[number], seed=100 * seed + at)
        row, column = divmod(at, COLUMNS)
        middle = (
            (row + 0.5) * SIZE[0] / ROWS + random.uniform(-STRAY, STRAY),
            (column + 0.5) * SIZE[1] / COLUMNS + random.uniform(-STRAY, STRAY),
        )
        lay(out, cell, ndimage.gaussian_filter(mask.cell.astype(float), SOFT), middle)
    return out.round().clip(0, 255).astype(np.uint8)

"""A whole field for a user who has none at hand: drawn cells of all classes on one ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from scipy import ndimage

from cervix_models.contracts import Image

from .labels import CLASS_NAMES
from .marks import mark_synthetic
from .samples import render_sample_with_mask

SIZE = (1536, 2048)  # height and width, as SIPaKMeD's fields
ROWS, COLUMNS = 5, 7
GROUND = (226.0, 232.0, 236.0)
STRAY = 30.0  # pixels that a cell may lie from its place in the raster
SOFT = 3.0  # pixels over which a cell's edge fades into the ground


def sample_field(seed: int = 1) -> bytes:
    """The PNG of a drawn field of 34 cells, some of them touching; the same for the same seed.

    It is marked synthetic on the picture, in a corner without a cell, and in the file.
    """
    about = f"field of cells drawn by the project's own renderer, seed {seed}"
    return mark_synthetic(render_field(seed), about)


def render_field(seed: int = 1) -> Image:
    """The same without its mark."""
    random = np.random.default_rng(seed)
    out = _ground(random)
    order = random.permutation(np.resize(np.arange(len(CLASS_NAMES)), ROWS * COLUMNS - 1))
    for at, number in enumerate(order):
        cell, mask = render_sample_with_mask(CLASS_NAMES[number], seed=100 * seed + at)
        row, column = divmod(at, COLUMNS)
        middle = (
            (row + 0.5) * SIZE[0] / ROWS + random.uniform(-STRAY, STRAY),
            (column + 0.5) * SIZE[1] / COLUMNS + random.uniform(-STRAY, STRAY),
        )
        _lay(out, cell, ndimage.gaussian_filter(mask.cell.astype(float), SOFT), middle)
    return out.round().clip(0, 255).astype(np.uint8)


def _ground(random: np.random.Generator) -> NDArray[np.float64]:
    """A light ground, unevenly lit, with a fine grain."""
    coarse = PilImage.fromarray(random.normal(0, 2.5, (4, 5)).astype(np.float32))
    light = np.asarray(coarse.resize(SIZE[::-1], PilImage.Resampling.BICUBIC), float)
    return np.array(GROUND) + light[..., None] + random.normal(0, 1.5, (*SIZE, 3))


def _lay(
    field: NDArray[np.float64], cell: Image, share: NDArray[np.float64], middle: tuple[float, float]
) -> None:
    """Lays a cell into the field, as far as it lies inside."""
    top, left = (round(m - s / 2) for m, s in zip(middle, share.shape, strict=True))
    low = (max(0, -top), max(0, -left))
    high = (min(share.shape[0], SIZE[0] - top), min(share.shape[1], SIZE[1] - left))
    inside = np.s_[low[0] : high[0], low[1] : high[1]]
    part = field[top + low[0] : top + high[0], left + low[1] : left + high[1]]
    alpha = share[inside][..., None]
    part[:] = (1 - alpha) * part + alpha * cell[inside]

"""From probability maps to one cell with one nucleus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from cervix_models.contracts import Mask, Segmentation

Maps = NDArray[np.float32]

LEAST_CELL = 0.01  # of the picture: a smaller piece is no cell
LEAST_NUCLEUS = 0.0005  # of the picture: a smaller piece is no nucleus


def one_cell(maps: Maps, threshold: float = 0.5) -> Segmentation:
    """The middle cell and its largest nucleus, of maps `(2, h, w)` (cell, nucleus), 0..1.

    Holes are filled; the nucleus lies inside the cell. Masks are empty where nothing was found.
    """
    nuclei = maps[1] > threshold
    cell = _main_piece((maps[0] > threshold) | nuclei, LEAST_CELL, central=True)
    cell = ndimage.binary_fill_holes(cell)
    nucleus = _main_piece(nuclei & cell, LEAST_NUCLEUS, central=False)
    nucleus = ndimage.binary_fill_holes(nucleus)
    return Segmentation(nucleus=nucleus, cytoplasm=cell & ~nucleus)


def _main_piece(mask: Mask, least: float, *, central: bool) -> Mask:
    """The connected piece that weighs most; with `central`, pixels near the middle weigh more."""
    pieces = label(mask, connectivity=1)
    if pieces.max() == 0:
        return np.zeros_like(mask)
    weights = _centrality(mask.shape) if central else None
    mass = np.bincount(pieces.ravel(), None if weights is None else weights.ravel())
    mass[0] = 0
    chosen = pieces == int(mass.argmax())
    if chosen.sum() < least * mask.size:
        return np.zeros_like(mask)
    return chosen


def _centrality(shape: tuple[int, ...]) -> NDArray[np.float64]:
    rows = np.linspace(-1, 1, shape[0])[:, None]
    columns = np.linspace(-1, 1, shape[1])[None, :]
    return np.exp(-2 * (rows**2 + columns**2))

"""From probability maps to one cell with one nucleus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label

from cervix_models.contracts import Mask, Segmentation

Maps = NDArray[np.float32]

LEAST_CELL = 0.01  # of the picture: a smaller piece is no cell
NEAR = 12.0  # pixels that a nucleus may lie from where it is known to be
LEAST_NUCLEUS = 0.0005  # of the picture: a smaller piece is no nucleus


Thresholds = tuple[float, float]  # of cell and nucleus: from which probability a pixel is of it
HALF = (0.5, 0.5)


def one_cell(maps: Maps, thresholds: Thresholds = HALF) -> Segmentation:
    """The middle cell and its largest nucleus, of maps `(2, h, w)` (cell, nucleus), 0..1.

    Holes are filled; the nucleus lies inside the cell. Masks are empty where nothing was found.
    """
    nuclei = maps[1] > thresholds[1]
    cell = _main_piece((maps[0] > thresholds[0]) | nuclei, LEAST_CELL, central=True)
    cell = ndimage.binary_fill_holes(cell)
    nucleus = _main_piece(nuclei & cell, LEAST_NUCLEUS, central=False)
    nucleus = ndimage.binary_fill_holes(nucleus)
    return Segmentation(nucleus=nucleus, cytoplasm=cell & ~nucleus)


def cell_at(
    maps: Maps, point: tuple[float, float], inside: Mask, thresholds: Thresholds = HALF
) -> Segmentation:
    """The cell round a nucleus that is known to be at `point` (x, y), of maps as one_cell takes.

    The nucleus is the piece nearest to the point, if it is within NEAR of it; the cell is what lies
    `inside` and hangs together with it. Both are empty where there is no such nucleus.
    """
    nucleus = _piece_near((maps[1] > thresholds[1]) & inside, point)
    cell = label(((maps[0] > thresholds[0]) & inside) | nucleus, connectivity=1)
    if nucleus.any():
        cell = ndimage.binary_fill_holes(cell == np.bincount(cell[nucleus]).argmax())
    else:
        cell = np.zeros_like(nucleus)
    nucleus = ndimage.binary_fill_holes(nucleus) & cell
    return Segmentation(nucleus=nucleus, cytoplasm=cell & ~nucleus)


def _piece_near(mask: Mask, point: tuple[float, float]) -> Mask:
    """The connected piece nearest to a point; empty where none is within NEAR."""
    if not mask.any():
        return mask
    pieces = label(mask, connectivity=1)
    rows, columns = np.nonzero(mask)
    apart = np.hypot(rows + 0.5 - point[1], columns + 0.5 - point[0])
    at = int(apart.argmin())
    if apart[at] > NEAR:
        return np.zeros_like(mask)
    return np.asarray(pieces == pieces[rows[at], columns[at]])


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

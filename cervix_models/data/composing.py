"""A field composed of single cells, of which every pixel is known: cell, nucleus, and class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from scipy import ndimage

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS, FeatureRange, Image
from cervix_models.errors import DataError

from .masks import CROP_MARGIN
from .shapes import Ellipse, Labels

GROUND = (226.0, 232.0, 236.0)
SOFT = 3.0  # pixels over which a cell's edge fades into the ground
APART = 1.15  # of a place in the raster, to the largest cell
STRAY = 0.15  # parts of a place that a cell may lie from its middle
MARK = 40  # pixels at the bottom that stay free of cells, for the mark
MOST = 60  # cells
Numbers = NDArray[np.uint16]  # (height, width): which cell a pixel is of, from 1; 0 for none
_PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class SingleCell:
    """A cell to be laid into a field, at its size there."""

    label: str
    image: Image  # (height, width, 3)
    labels: Labels  # (height, width): 0, 1, 2 as in contracts


@dataclass(frozen=True)
class Composed:
    """A field and what is known of it. Number k is the k-th of `classes`."""

    image: Image
    cells: Numbers  # of overlapping cells the upper one
    nuclei: Numbers
    classes: tuple[str, ...]

    @property
    def seen(self) -> list[int]:
        """The numbers of the cells whose nucleus is seen."""
        return [int(each) for each in np.unique(self.nuclei) if each]

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each nucleus that is seen, `(k, 2)`: x to the right, y down, pixels."""
        found = ndimage.center_of_mass(self.nuclei > 0, self.nuclei, self.seen)
        return np.array([(x + 0.5, y + 0.5) for y, x in found], np.float64).reshape(-1, 2)


def ground(random: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    """A light ground `(height, width, 3)`, unevenly lit, with a fine grain."""
    coarse = Pictures.fromarray(random.normal(0, 2.5, (4, 5)).astype(np.float32))
    light = np.asarray(coarse.resize(size[::-1], Pictures.Resampling.BICUBIC), float)
    return np.array(GROUND) + light[..., None] + random.normal(0, 1.5, (*size, 3))


def lay(
    field: NDArray[np.float64], cell: Image, share: NDArray[np.float64], middle: tuple[float, float]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Lays a cell into the field, as far as it lies inside, `share` `(h, w)` of it showing; where
    in the field that is, and which part of the cell."""
    top, left = (round(m - s / 2) for m, s in zip(middle, share.shape, strict=True))
    low = (max(0, -top), max(0, -left))
    high = (min(share.shape[0], field.shape[0] - top), min(share.shape[1], field.shape[1] - left))
    inside = (slice(low[0], high[0]), slice(low[1], high[1]))
    there = (slice(top + low[0], top + high[0]), slice(left + low[1], left + high[1]))
    alpha = share[inside][..., None]
    field[there] = (1 - alpha) * field[there] + alpha * cell[inside]
    return there, inside


def outlines_like(ranges: Mapping[str, FeatureRange], random: np.random.Generator) -> Labels:
    """Outlines of a cell `(height, width)` with the usual margin, of a size and shape as cells of
    a class have, by the spread of its features."""
    rank = random.uniform(5, 95)  # large cells are large in both axes

    def drawn(feature: str, at: float) -> float:
        spread = ranges[feature]
        values = [getattr(spread, f"p{each}") for each in _PERCENTILES]
        return float(np.interp(at, _PERCENTILES, values))

    wide, high = sorted((drawn("cytoplasm_major_axis", rank), drawn("cytoplasm_minor_axis", rank)))
    other = random.uniform(15, 85)
    across, down = (drawn(f"nucleus_{axis}_axis", other) for axis in ("major", "minor"))
    across, down = min(across, 0.75 * wide), min(down, 0.75 * wide)
    side = int(np.ceil(high)) + 2
    off = random.uniform(0, min(0.3, drawn("nucleus_eccentric_location", other))) * wide / side / 2
    way = random.uniform(0, 2 * np.pi)
    cell = Ellipse(0.5, 0.5, high / side / 2, wide / side / 2, random.uniform(0, 360))
    x, y = 0.5 + off * np.cos(way), 0.5 + off * np.sin(way)
    nucleus = Ellipse(x, y, across / side / 2, down / side / 2, random.uniform(0, 360))
    inside = cell.covers(side)
    labels = np.where(inside, CYTOPLASM, BACKGROUND).astype(np.uint8)
    labels[inside & nucleus.covers(side)] = NUCLEUS
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    cut = labels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.pad(cut, CROP_MARGIN)


def composed(cells: Sequence[SingleCell], seed: int) -> Composed:
    """Cells on one ground, side by side with some overlap; the same for the same cells and seed.

    Raises DataError for no cells, or too many.
    """
    if not 1 <= len(cells) <= MOST:
        raise DataError(f"{len(cells)} cells were to be composed; 1 to {MOST} were expected.")
    random = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(len(cells) * 4 / 3)))
    rows = -(-len(cells) // columns)
    place = round(APART * float(np.median([max(each.labels.shape) for each in cells])))
    size = (rows * place + MARK, columns * place)
    out = ground(random, size)
    numbers, nuclei = np.zeros(size, np.uint16), np.zeros(size, np.uint16)
    for at, cell in enumerate(cells):
        row, column = divmod(at, columns)
        middle = (
            (row + 0.5 + random.uniform(-STRAY, STRAY)) * place,
            (column + 0.5 + random.uniform(-STRAY, STRAY)) * place,
        )
        inside = cell.labels != BACKGROUND
        share = ndimage.gaussian_filter(inside.astype(float), SOFT)
        there, part = lay(out, cell.image, share, middle)
        seen, kern = inside[part], cell.labels[part] == NUCLEUS
        numbers[there][seen] = at + 1
        nuclei[there][seen] = np.where(kern[seen], at + 1, 0)
    whole = out.round().clip(0, 255).astype(np.uint8)
    return Composed(whole, numbers, nuclei, tuple(cell.label for cell in cells))


def at_size(image: Image, labels: Labels) -> Image:
    """A square cell at the height and width of its outlines."""
    height, width = labels.shape
    large = Pictures.fromarray(image).resize((width, height), Pictures.Resampling.BICUBIC)
    return np.asarray(large)

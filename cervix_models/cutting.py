"""Each nucleus of a field gets the part of the field that is its cell, cut out to be read.

What is stained is told from the light ground by its optical density; where cells touch, a
watershed that starts from the nuclei parts them (Meyer 1994, with Neubert and Protzel's
compactness, 2014), so that a border between two nuclei is drawn along edges, and half-way where
there are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import gaussian, sobel, threshold_otsu
from skimage.segmentation import watershed

from cervix_models.contracts import Image, Mask
from cervix_models.data.fields import shrunk
from cervix_models.data.masks import CROP_MARGIN

SCALE = 1 / 3  # of the field, at which cells are told from the ground and from each other
REACH = 200.0  # pixels that a cell reaches from its nucleus at most; SIPaKMeD's widest half is 190
LEAST_SIDE = 64  # pixels of a crop
LIGHT = (0.05, 0.10)  # optical densities between which the border of stain and ground is sought
COMPACTNESS = 5e-3
NUCLEUS = 15.0  # pixels from the middle of a nucleus that surely are its cell


@dataclass(frozen=True)
class Cut:
    """One cell's window in a field."""

    left: int
    top: int
    inside: Mask  # (height, width): what of the window can be this cell and not another

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the field."""
        height, width = self.inside.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def cut_cells(image: Image, centres: NDArray[np.float64]) -> list[Cut]:
    """The window of the cell round each nucleus of a field, whose centres are `(k, 2)`: x, y."""
    if not len(centres):
        return []
    regions = _regions(image, centres)
    boxes = ndimage.find_objects(regions, len(centres))
    return [
        _cut(regions, box, at + 1, image.shape, centre)
        for at, (box, centre) in enumerate(zip(boxes, centres, strict=True))
    ]


def density(image: Image) -> NDArray[np.float32]:
    """The largest optical density `(h, w)` of the three channels, above that of the light ground.

    The ground's colour is the median of the lightest tenth of the picture.
    """
    pixels = image.astype(np.float32) + 1
    least = pixels.min(2)
    ground = np.median(pixels[least >= np.quantile(least, 0.9)], axis=0)
    return np.log(ground / pixels).clip(0, 2).max(2)


def _regions(image: Image, centres: NDArray[np.float64]) -> NDArray[np.int32]:
    """A label image of the shrunk field: 0 the ground, and the number of each nucleus, from 1."""
    dark = gaussian(density(shrunk(image, SCALE)), 1.0)
    least = float(np.clip(threshold_otsu(dark.clip(0, 0.4)) / 2, *LIGHT))
    stained = ndimage.binary_fill_holes(ndimage.binary_opening(dark > least))
    seeds = np.zeros(dark.shape, np.int32)
    for number, (row, column) in enumerate(_places(centres, dark.shape), 1):
        seeds[row, column] = number
    away = ndimage.distance_transform_edt(seeds == 0) / SCALE  # of the nearest nucleus, in pixels
    mask = (stained & (away <= REACH)) | (away <= NUCLEUS)
    edges = np.where(away > 2 * NUCLEUS, sobel(dark), 0)  # a nucleus' own edge parts no cells
    found: NDArray[np.int32] = watershed(edges, seeds, mask=mask, compactness=COMPACTNESS)
    return found


def _places(centres: NDArray[np.float64], shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for x, y in centres * SCALE:
        yield int(np.clip(y, 0, shape[0] - 1)), int(np.clip(x, 0, shape[1] - 1))


def _cut(
    regions: NDArray[np.int32],
    box: tuple[slice, slice] | None,
    number: int,
    shape: tuple[int, ...],
    centre: NDArray[np.float64],
) -> Cut:
    """The window of one region, with its margin, in pixels of the field."""
    if box is None:  # two nuclei on one place of the shrunk field: the later one has its own
        at = [int(centre[1] * SCALE), int(centre[0] * SCALE)]
        box = (slice(at[0], at[0] + 1), slice(at[1], at[1] + 1))
    ends = []
    for side, length in zip(box, shape[:2], strict=True):
        low, high = side.start / SCALE - CROP_MARGIN, side.stop / SCALE + CROP_MARGIN
        wider = max(0.0, LEAST_SIDE - (high - low)) / 2
        ends.append((max(0, round(low - wider)), min(length, round(high + wider))))
    (top, bottom), (left, right) = ends
    rows = np.clip((np.arange(top, bottom) + 0.5) * SCALE, 0, regions.shape[0] - 1).astype(int)
    columns = np.clip((np.arange(left, right) + 0.5) * SCALE, 0, regions.shape[1] - 1).astype(int)
    others = regions[np.ix_(rows, columns)]
    others = (others > 0) & (others != number)
    return Cut(left, top, gaussian(others.astype(np.float32), 1 / SCALE) < 0.5)

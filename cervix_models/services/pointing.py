"""Where on an outlined cell a criterion is seen: a point for the nucleus, its border, the zone
round it, the cytoplasm, its rim and the border of the cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from cervix_models.contracts import Mask, Segmentation
from cervix_models.data.teaching import Spot

ZONE = 0.45  # radii of the nucleus beyond its border: the middle of what may be a halo
RIM = 0.1  # radii of the cell inside its border
# x to the right and y down: in which direction from the middle a point is looked for, so that the
# points of one cell lie apart.
DIRECTIONS: dict[Spot, tuple[float, float]] = {
    "nuclear border": (-0.8, -0.6),
    "perinuclear zone": (0.8, -0.6),
    "rim": (-0.7, 0.7),
    "cell border": (0.7, 0.7),
}
SOFT = 1.2  # pixels over which an outline is smoothed, so that a magnified one shows no steps
Field = NDArray[np.float64]
Point = tuple[float, float]  # x and y in pixels, the picture's corner at (0, 0)
Polygon = list[list[float]]  # closed, of such points


def places(outlines: Segmentation) -> dict[Spot, Point]:
    """The point of each part of a cell; without those of a part that is not outlined."""
    nucleus = outlines.nucleus
    cell = nucleus | outlines.cytoplasm
    found: dict[Spot, Point] = {}
    if cell.any():
        found["cell border"] = _towards(_border(cell), "cell border", cell)
    if nucleus.any():
        found["nucleus"] = _deepest(_depth(nucleus))
        found["nuclear border"] = _towards(_border(nucleus), "nuclear border", nucleus)
    if outlines.cytoplasm.any():
        inside = _depth(cell)
        rim = outlines.cytoplasm & _near(inside, RIM * _radius(cell), outlines.cytoplasm)
        found["rim"] = _towards(rim, "rim", cell)
    if outlines.cytoplasm.any() and nucleus.any():
        outside = np.asarray(ndimage.distance_transform_edt(~nucleus), np.float64)
        free = np.where(outlines.cytoplasm, np.minimum(inside, outside), 0.0)
        found["cytoplasm"] = _deepest(free)
        zone = _near(outside, ZONE * _radius(nucleus), outlines.cytoplasm)
        found["perinuclear zone"] = _towards(zone, "perinuclear zone", nucleus)
    return found


def smooth_outlines(outlines: Segmentation) -> dict[str, list[Polygon]]:
    """Smooth polygons of the nucleus, and of the whole cell as `cytoplasm`, to be looked at: for
    measuring they are too smooth."""
    return {"nucleus": _smooth(outlines.nucleus), "cytoplasm": _smooth(outlines.cell)}


def _smooth(region: Mask) -> list[Polygon]:
    margin = int(4 * SOFT)
    # The picture's edge is no border of a cell that goes on beyond it.
    wide = np.pad(ndimage.gaussian_filter(region.astype(float), SOFT, mode="nearest"), 1)
    found = find_contours(wide, 0.5)
    return [(each[:, ::-1] - 0.5).round(1).tolist() for each in found if len(each) > margin]


def _radius(region: Mask) -> float:
    """The radius of a circle of the region's area."""
    return float((region.sum() / np.pi) ** 0.5)


def _depth(region: Mask) -> Field:
    """How far each pixel of a region lies from its border, the picture's edge being one."""
    deep = ndimage.distance_transform_edt(np.pad(region, 1))
    return np.asarray(deep, np.float64)[1:-1, 1:-1]


def _border(region: Mask) -> Mask:
    return region & (_depth(region) <= 1)


def _near(distance: Field, wanted: float, within: Mask) -> Mask:
    """The pixels of a region whose distance is nearest to the wanted one, within a pixel."""
    off = np.where(within, np.abs(distance - wanted), np.inf)
    return np.asarray(off <= off.min() + 1)


def _deepest(depth: Field) -> Point:
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return float(column) + 0.5, float(row) + 0.5


def _towards(candidates: Mask, spot: Spot, around: Mask) -> Point:
    """The candidate that lies most in the direction of its spot, seen from the middle of a part."""
    rows, columns = np.nonzero(candidates)
    middle = np.argwhere(around).mean(axis=0)
    away = np.stack([columns - middle[1], rows - middle[0]], axis=1)
    lengths = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-9)
    turned = (away @ np.array(DIRECTIONS[spot])) / lengths
    at = int(turned.argmax())
    return float(columns[at]) + 0.5, float(rows[at]) + 0.5

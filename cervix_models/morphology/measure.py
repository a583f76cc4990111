"""Measuring one cell: colours, shapes, and how nucleus and cell stand to each other."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import ConvexHull
from skimage.color import hed_from_rgb
from skimage.measure import label, perimeter_crofton, regionprops

from cervix_models.contracts import Image, Mask, Segmentation
from cervix_models.errors import MeasurementError
from cervix_models.morphology.catalogue import CHANNELS

LEVELS = 256
MINIMUM_PIXELS = 25  # fewer have no shape to speak of: the moments of a 4x4 speck are its raster
DARKEST = 1e-6  # transmission taken for black, as in skimage.color.separate_stains
# On the way from nucleus (0) to rim (1) the first and last tenth are left out: edges blur them.
HALO_NEAR, HALO_FAR = (0.1, 0.4), (0.6, 0.9)


def measure(image: Image, segmentation: Segmentation) -> dict[str, float]:
    """Every feature of FEATURES that can be measured, by name, in pixels and grey levels.

    Of nucleus and cell the largest connected piece is measured. A region under MINIMUM_PIXELS is
    not measured, and every feature that needs it is left out of the answer, never given as NaN;
    with neither nucleus nor cytoplasm the answer is empty. Raises MeasurementError where image and
    masks differ in size.
    """
    _check(image, segmentation)
    cell = largest_piece(segmentation.cell)
    if cell is None:
        return {}
    window = _window(cell)
    cell, pixels = cell[window], image[window]
    nucleus = largest_piece(segmentation.nucleus[window] & cell)
    ring = cell & ~segmentation.nucleus[window]
    found = _region("cytoplasm", pixels, ring, outline=cell)
    found |= {"cell_circularity": circularity(cell)}
    if nucleus is not None:
        found |= _region("nucleus", pixels, nucleus, outline=nucleus)
        found |= {"nucleus_circularity": circularity(nucleus)}
        found |= _together(pixels, nucleus, ring, cell)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def largest_piece(mask: Mask) -> Mask | None:
    """The largest 8-connected piece of `mask`, or None where it is under MINIMUM_PIXELS."""
    pieces = label(mask, connectivity=2)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    largest = int(sizes.argmax())
    return pieces == largest if sizes[largest] >= MINIMUM_PIXELS else None


def texture(values: NDArray[np.uint8]) -> dict[str, float]:
    """Six statistics of the histogram of `values` (any shape, 0..255), after Gonzalez, Woods and
    Eddins, Digital Image Processing Using MATLAB (statistical texture): mean and standard
    deviation m, s in grey levels; smoothness 1 - 1/(1 + s²/255²); third moment
    sum (z - m)³ p(z) / 255²; uniformity sum p²; entropy - sum p log2 p in bits."""
    share = np.bincount(values.ravel(), minlength=LEVELS) / values.size
    levels = np.arange(LEVELS)
    mean = float(levels @ share)
    variance = float((levels - mean) ** 2 @ share)
    some = share[share > 0]
    scale = (LEVELS - 1) ** 2
    return {
        "mean": mean,
        "contrast": math.sqrt(variance),
        "smoothness": 1 - 1 / (1 + variance / scale),
        "third_moment": float((levels - mean) ** 3 @ share) / scale,
        "uniformity": float(share @ share),
        "entropy": max(0.0, -float(some @ np.log2(some))),
    }


def shape(mask: Mask) -> dict[str, float]:
    """Eight properties of the one region in `mask`, as skimage.measure.regionprops gives them;
    orientation in degrees from the horizontal, counter-clockwise, in (-90, 90] as in MATLAB."""
    region = regionprops(mask.astype(np.uint8))[0]
    degrees = math.degrees(region.orientation) + 90  # skimage counts from the vertical
    return {
        "area": float(region.area),
        "major_axis": float(region.axis_major_length),
        "minor_axis": float(region.axis_minor_length),
        "eccentricity": float(region.eccentricity),
        "orientation": degrees - 180 if degrees > 90 else degrees,
        "equivalent_diameter": float(region.equivalent_diameter_area),
        "solidity": float(region.area) / convex_area(mask),
        "extent": float(region.extent),
    }


def circularity(mask: Mask) -> float:
    """4 pi area / perimeter² (Cox 1927), 1 for a circle, by Crofton's perimeter in four
    directions; the raster can put a small disc a hair above 1, which is cut to 1."""
    length = perimeter_crofton(np.pad(mask, 1), directions=4)
    return min(1.0, 4 * math.pi * float(mask.sum()) / float(length) ** 2)


def convex_area(mask: Mask) -> int:
    """The number of pixels in the convex hull of `mask`, as skimage's `area_convex` counts them
    (the hull runs through the middles of pixel edges), in a twentieth of its time: a hull is an
    interval in every row, and its facets give both ends."""
    rows = np.flatnonzero(mask.any(axis=1))
    left = mask[rows].argmax(axis=1)
    right = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    steps = ((-0.5, 0, 0), (0.5, 0, 0), (0, -0.5, 0.5))
    points = [(rows + r, side + c) for r, a, b in steps for side, c in ((left, a), (right, b))]
    facets = ConvexHull(np.hstack(points).T).equations[:, :, np.newaxis]
    down, across, offset = facets[:, 0], facets[:, 1], facets[:, 2]
    crossing = -(offset + down * rows) / np.where(across == 0, np.nan, across)
    first = np.nanmax(np.where(across < 0, crossing, np.nan), axis=0)
    last = np.nanmin(np.where(across > 0, crossing, np.nan), axis=0)
    return int((np.floor(last + 1e-9) - np.ceil(first - 1e-9) + 1).sum())


def stains(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean optical densities of hematoxylin and eosin in `pixels` `(count, 3)`: the logarithm of
    the light let through, unmixed with the stain vectors of Ruifrok and Johnston (2001) as
    skimage.color.rgb2hed does, negative amounts set to 0."""
    light = np.arange(LEVELS) / (LEVELS - 1)
    density = -np.log10(np.maximum(light, DARKEST)).astype(np.float32)
    amounts = density[pixels] @ hed_from_rgb[:, :2].astype(np.float32)
    hematoxylin, eosin = np.maximum(amounts, 0).mean(axis=0, dtype=np.float64)
    return float(hematoxylin), float(eosin)


def halo_contrast(image: Image, nucleus: Mask, cell: Mask) -> float | None:
    """Michelson contrast (near - far)/(near + far) of the mean brightness of cytoplasm near the
    nucleus and near the rim, -1..1; None where either zone holds under MINIMUM_PIXELS.

    A pixel's way is its distance to the nucleus over the sum of that and its distance to the rim,
    so that the zones follow the cell's form whatever its size.
    """
    inward = distance_transform_edt(~nucleus)
    outward = distance_transform_edt(np.pad(cell, 1))[1:-1, 1:-1]
    way = inward / np.maximum(inward + outward, 1)
    ring = cell & ~nucleus
    near = ring & (way >= HALO_NEAR[0]) & (way <= HALO_NEAR[1])
    far = ring & (way >= HALO_FAR[0]) & (way <= HALO_FAR[1])
    if min(near.sum(), far.sum()) < MINIMUM_PIXELS:
        return None
    bright, dim = float(image[near].mean()), float(image[far].mean())
    return (bright - dim) / (bright + dim) if bright + dim > 0 else None


def _check(image: Image, segmentation: Segmentation) -> None:
    shapes = {image.shape[:2], segmentation.nucleus.shape, segmentation.cytoplasm.shape}
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or len(shapes) != 1:
        raise MeasurementError(
            f"The image is {image.shape} {image.dtype}, the nucleus mask "
            f"{segmentation.nucleus.shape}, the cytoplasm mask {segmentation.cytoplasm.shape}; "
            "expected (height, width, 3) uint8 RGB and masks of the same height and width. "
            "Segment this very image, at its own size."
        )


def _window(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _region(name: str, image: Image, seen: Mask, outline: Mask) -> dict[str, float]:
    found = {f"{name}_{key}": value for key, value in shape(outline).items()}
    pixels = image[seen]
    if len(pixels) < MINIMUM_PIXELS:
        return found
    for channel, colour in enumerate(CHANNELS):
        for key, value in texture(pixels[:, channel]).items():
            found[f"{name}_{colour}_{key}"] = value
    found[f"{name}_hematoxylin"], found[f"{name}_eosin"] = stains(pixels)
    return found


def _together(image: Image, nucleus: Mask, ring: Mask, cell: Mask) -> dict[str, float]:
    inner, cytoplasm, whole = int(nucleus.sum()), int(ring.sum()), int(cell.sum())
    apart = math.dist(_centroid(nucleus), _centroid(cell))
    found = {
        "nucleus_cell_ratio": inner / whole,
        "nucleus_eccentric_location": apart / math.sqrt(whole / math.pi),
    }
    if cytoplasm >= MINIMUM_PIXELS:
        found["nucleus_cytoplasm_ratio"] = inner / cytoplasm
    contrast = halo_contrast(image, nucleus, cell)
    return found if contrast is None else found | {"halo_contrast": contrast}


def _centroid(mask: Mask) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return float(rows.mean()), float(columns.mean())

"""Outlines of nucleus and cell as geometry, from a stored mask."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from skimage.measure import find_contours

from cervix_models.contracts import Mask, Segmentation
from cervix_models.data.pictures import pixels_of
from cervix_models.errors import StorageError

LABELS = (0, 1, 2)  # background, cytoplasm, nucleus: all that a mask may hold


def read_mask(mask_png: bytes) -> Segmentation:
    """The segmentation of a stored mask. Raises StorageError for a picture that is no mask."""
    labels = pixels_of(mask_png, "L")
    if not np.isin(labels, LABELS).all():
        raise StorageError(
            "The picture given as mask holds other values than 0, 1 and 2 (background, cytoplasm, "
            "nucleus). Give the picture that the reading names as its mask."
        )
    return Segmentation.from_labels(labels)


def outline(region: Mask) -> shapely.Polygon | shapely.MultiPolygon:
    """The border of a region in pixels, x to the right and y down from the image's top left corner,
    so that the first pixel spans 0 to 1; with its holes; empty for an empty region.

    It runs half-way between the pixels inside and outside, and cuts corners by half a pixel.
    """
    found = find_contours(np.pad(region, 1).astype(float), 0.5)
    rings = [shapely.LinearRing(_corner_at_zero(each)) for each in found]
    area = shapely.build_area(shapely.GeometryCollection(rings)).simplify(0)
    return area if not area.is_empty else shapely.Polygon()


def _corner_at_zero(contour: NDArray[np.float64]) -> NDArray[np.float64]:
    # Padding moved the grid by one, and a pixel's middle lies half a pixel in from its corner.
    return contour[:, ::-1] - 0.5

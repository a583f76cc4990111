"""Outlines of readings as COCO JSON, for programs that train on instances.

The fields are those of COCO's object detection format (cocodataset.org, "Data format"): `images`,
`annotations` with `bbox` (x, y, width, height), `area` and a `segmentation`, and `categories`. A
segmentation is polygons where the region has no holes, else an uncompressed run-length encoding,
column by column, beginning with what is outside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely

from cervix_models.contracts import NOTICE, Mask, Reading
from cervix_models.reports.outlines import outline, read_mask

CATEGORIES = (
    {"id": 1, "name": "cell", "supercategory": "region"},
    {"id": 2, "name": "nucleus", "supercategory": "region"},
)


def readings_coco(readings: Iterable[tuple[Reading, bytes | None]]) -> bytes:
    """COCO JSON of readings with their mask PNGs: an image each, and up to two annotations.

    An image's `file_name` is its sha256 with .png. Raises StorageError for a picture that is no
    mask.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (reading, mask_png) in enumerate(readings, start=1):
        images.append(
            {
                "id": number,
                "width": reading.width,
                "height": reading.height,
                "file_name": f"{reading.image_sha256}.png",
                "reading": reading.id,
                "cell_class": reading.label,
            }
        )
        if mask_png is None:
            continue
        mask = read_mask(mask_png)
        for category, region in ((1, mask.cell), (2, mask.nucleus)):
            if region.any():
                annotations.append(_annotation(len(annotations) + 1, number, category, region))
    collection = {
        "info": {"description": NOTICE, "version": "1.0"},
        "images": images,
        "annotations": annotations,
        "categories": list(CATEGORIES),
    }
    return json.dumps(collection, allow_nan=False).encode()


def _annotation(own: int, image: int, category: int, region: Mask) -> dict[str, Any]:
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    left, top = int(columns[0]), int(rows[0])
    return {
        "id": own,
        "image_id": image,
        "category_id": category,
        "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top],
        "area": int(region.sum()),
        "iscrowd": 0,
        "segmentation": _segmentation(region),
    }


def _segmentation(region: Mask) -> list[list[float]] | dict[str, Any]:
    area = outline(region)
    pieces = list(shapely.get_parts(area))
    if any(len(each.interiors) for each in pieces):
        return {"size": list(region.shape), "counts": _runs(region)}
    return [[float(v) for v in np.ravel(each.exterior.coords[:-1])] for each in pieces]


def _runs(region: Mask) -> list[int]:
    """The lengths of runs of equal pixels, column by column, the first of them outside."""
    flat = np.concatenate([[False], region.ravel(order="F")])
    ends = np.flatnonzero(np.diff(flat.astype(np.int8))) if flat.any() else np.empty(0, np.int64)
    edges = np.concatenate([[0], ends, [region.size]])
    return [int(each) for each in np.diff(edges)]

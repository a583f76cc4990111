"""Outlines that come back from other programs: a GeoJSON of QuPath, or a picture of labels."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import UnidentifiedImageError

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS, Mask
from cervix_models.errors import IntakeError
from cervix_models.reports.outlines import LABELS

Labels = NDArray[np.uint8]  # (height, width): BACKGROUND, CYTOPLASM, NUCLEUS

# By what a feature is called, in lower case. As in SIPaKMeD, "cytoplasm" encloses the nucleus.
REGIONS = {"nucleus": "nucleus", "cytoplasm": "cell", "cell": "cell"}


def labels_from(content: bytes, name: str, height: int, width: int) -> Labels:
    """The label picture `(height, width)` that a file of another program holds.

    A GeoJSON holds features that are cells with a nucleusGeometry, or are named or classified
    Nucleus and Cytoplasm (or Cell), in pixels from the top left corner; a PNG or TIFF holds 0, 1
    and 2. Raises IntakeError, saying what to mend.
    """
    if content.lstrip()[:1] in (b"{", b"["):
        return _from_geojson(content, name, height, width)
    return _from_picture(content, name, height, width)


def covered(geometry: shapely.Geometry, height: int, width: int) -> Mask:
    """The pixels whose middle lies in a geometry."""
    mask = np.zeros((height, width), bool)
    if geometry.is_empty:
        return mask
    left, top, right, bottom = geometry.bounds
    rows = np.arange(max(0, int(top) - 1), min(height, int(bottom) + 2))
    columns = np.arange(max(0, int(left) - 1), min(width, int(right) + 2))
    if not len(rows) or not len(columns):
        return mask
    shapely.prepare(geometry)
    x, y = np.meshgrid(columns + 0.5, rows + 0.5)
    mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = shapely.contains_xy(geometry, x, y)
    return mask


def _from_picture(content: bytes, name: str, height: int, width: int) -> Labels:
    try:
        with Pictures.open(io.BytesIO(content)) as opened:
            opened.load()
            found = np.asarray(opened)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as problem:
        raise IntakeError(
            f"{name} holds no outlines that can be read; GeoJSON, or a PNG or TIFF of the labels 0 "
            "background, 1 cytoplasm, 2 nucleus was expected. Export it again."
        ) from problem
    if found.shape != (height, width):
        raise IntakeError(
            f"{name} is {' x '.join(map(str, found.shape[1::-1]))} pixels"
            f"{' of several colours' if found.ndim > 2 else ''}; {width} x {height} of one grey "
            "value each, the size of the cell's picture, was expected. Export it at that size."
        )
    if not np.isin(found, LABELS).all():
        odd = sorted(set(np.unique(found).tolist()) - set(LABELS))
        raise IntakeError(
            f"{name} holds the value {odd[0]}; 0 background, 1 cytoplasm and 2 nucleus were "
            "expected. Export the labels, not a coloured picture of them."
        )
    return found.astype(np.uint8)


def _from_geojson(content: bytes, name: str, height: int, width: int) -> Labels:
    try:
        table = json.loads(content)
        features = table.get("features", [table]) if isinstance(table, dict) else table
        parts = [part for feature in features for part in _parts(feature)]
    except (ValueError, TypeError, AttributeError, KeyError, shapely.GEOSException) as problem:
        raise IntakeError(
            f"{name} is no GeoJSON that can be read ({problem}); a FeatureCollection of polygons "
            "in pixels was expected. Export it again from QuPath: File, Export objects as GeoJSON."
        ) from problem
    masks = {
        region: np.logical_or.reduce(
            [covered(each, height, width) for kind, each in parts if kind == region]
            or [np.zeros((height, width), bool)]
        )
        for region in ("nucleus", "cell")
    }
    if not masks["nucleus"].any() and not masks["cell"].any():
        raise IntakeError(
            f"{name} outlines nothing within {width} x {height} pixels as Nucleus, Cytoplasm or "
            "Cell; at least one such feature was expected. Classify the objects so, and export "
            "them again."
        )
    out = np.full((height, width), BACKGROUND, np.uint8)
    out[masks["cell"]] = CYTOPLASM
    out[masks["nucleus"]] = NUCLEUS
    return out


def _parts(feature: dict[str, Any]) -> Iterator[tuple[str, shapely.Geometry]]:
    """The regions that a feature outlines."""
    properties = feature.get("properties") or {}
    geometry = shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
    if "nucleusGeometry" in feature:
        yield "cell", geometry
        nucleus = shapely.from_geojson(json.dumps(feature["nucleusGeometry"]))
        yield "nucleus", shapely.make_valid(nucleus)
        return
    said = (properties.get("name"), (properties.get("classification") or {}).get("name"))
    region = next((REGIONS[w.lower()] for w in said if w and w.lower() in REGIONS), None)
    if region is not None:
        yield region, geometry

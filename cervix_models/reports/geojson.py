"""The outlines of one reading, or of a whole field, as GeoJSON that QuPath opens.

There it is File > Import objects from file.

The names of the fields are those that QuPath reads and writes since 0.4: `objectType`, `name`,
`classification`, `measurements` and `metadata` among a feature's properties, and `nucleusGeometry`
beside its `geometry` (qupath.lib.io.QuPathTypeAdapters). Coordinates are pixels from the top left
corner of the image; a scale is set in QuPath, on the image.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable
from typing import Any

import shapely
from PIL import ImageColor

from cervix_models.contracts import NOTICE, FieldReading, Place, Reading
from cervix_models.data.labels import class_named
from cervix_models.reports.outlines import outline, read_mask

# Okabe and Ito (2008), as the viewer draws them; neither is the colour of a cell class.
NUCLEUS_COLOUR = (240, 228, 66)
CYTOPLASM_COLOUR = (0, 114, 178)
REFER_COLOUR = (136, 136, 136)
REFER = "Refer"
OBJECTS = uuid.UUID("5f0c3c52-6f5a-5f6e-9a55-0d6b0a0c7e11")  # space of the ids of our objects


def reading_geojson(reading: Reading, mask_png: bytes | None) -> bytes:
    """A FeatureCollection: nucleus and cytoplasm as annotations, and one `cell` that holds both,
    with the class (or `Refer`) and the features as measurements.

    As in SIPaKMeD, the cytoplasm's outline encloses the nucleus. Without a mask, or with an empty
    one, the collection is empty. Raises StorageError for a picture that is no mask.
    """
    features = [] if mask_png is None else _features(reading, mask_png)
    return _collection(reading.image_sha256, features)


def field_geojson(
    field: FieldReading, cells: Iterable[tuple[Reading, Place, bytes | None]]
) -> bytes:
    """A FeatureCollection of a whole field: a `cell` with its nucleus, class and features for each
    of its cells, given with its mask PNG, in pixels of the field; where the field is a part of a
    slide, in pixels of the slide.

    A cell without outlines is left out. Raises StorageError for a picture that is no mask.
    """
    features = []
    part = field.on_slide
    start = (part.left, part.top) if part else (0, 0)
    for reading, place, mask_png in cells:
        if mask_png is None:
            continue
        mask, corner = read_mask(mask_png), (place.left + start[0], place.top + start[1])
        cell, nucleus = (
            shapely.transform(outline(each), lambda xy, at=corner: xy + at)
            for each in (mask.cell, mask.nucleus)
        )
        if not cell.is_empty:
            found = _cell(reading, cell, nucleus)
            found["properties"]["name"] = f"Cell {place.number}"
            features.append(found)
    return _collection(field.image_sha256, features)


def _collection(image_sha256: str, features: list[dict[str, Any]]) -> bytes:
    collection = {
        "type": "FeatureCollection",
        "notice": NOTICE,
        "image_sha256": image_sha256,
        "features": features,
    }
    return json.dumps(collection, allow_nan=False).encode()


def _features(reading: Reading, mask_png: bytes) -> list[dict[str, Any]]:
    mask = read_mask(mask_png)
    nucleus, cell = outline(mask.nucleus), outline(mask.cell)
    found = []
    if not cell.is_empty:
        found.append(_annotation(reading, "Cytoplasm", cell, CYTOPLASM_COLOUR))
    if not nucleus.is_empty:
        found.append(_annotation(reading, "Nucleus", nucleus, NUCLEUS_COLOUR))
    if not cell.is_empty:
        found.append(_cell(reading, cell, nucleus))
    return found


def _annotation(
    reading: Reading, name: str, geometry: shapely.Geometry, colour: tuple[int, ...]
) -> dict[str, Any]:
    prefix = f"{name.lower()}_"
    measured = {key: value for key, value in reading.features.items() if key.startswith(prefix)}
    return _feature(reading, name, geometry) | {
        "properties": {
            "objectType": "annotation",
            "name": name,
            "classification": {"name": name, "color": list(colour)},
            "measurements": _finite(measured),
            "metadata": _metadata(reading),
        }
    }


def _cell(reading: Reading, cell: shapely.Geometry, nucleus: shapely.Geometry) -> dict[str, Any]:
    name, colour = REFER, REFER_COLOUR
    if reading.decision == "class" and reading.label is not None:
        name = reading.label
        colour = ImageColor.getrgb(class_named(name).colour)[:3]
    feature = _feature(reading, "Cell", cell)
    if not nucleus.is_empty:
        feature["nucleusGeometry"] = _geometry(nucleus)
    return feature | {
        "properties": {
            "objectType": "cell",
            "classification": {"name": name, "color": list(colour)},
            "measurements": _finite(dict(reading.features)),
            "metadata": _metadata(reading),
        }
    }


def _feature(reading: Reading, name: str, geometry: shapely.Geometry) -> dict[str, Any]:
    # QuPath keeps an id only if it is a UUID; the same reading gives the same ones again.
    own = str(uuid.uuid5(OBJECTS, f"{reading.id}/{name}"))
    return {"type": "Feature", "id": own, "geometry": _geometry(geometry)}


def _geometry(geometry: shapely.Geometry) -> dict[str, Any]:
    return json.loads(shapely.to_geojson(geometry))


def _finite(measured: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in measured.items() if math.isfinite(value)}


def _metadata(reading: Reading) -> dict[str, str]:
    return {
        "Reading": reading.id,
        "Image sha256": reading.image_sha256,
        "Models": ", ".join(use.weights for use in reading.models),
        "Notice": NOTICE,
    }

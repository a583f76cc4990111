"""The outlines of a reading or of a whole field as a label TIFF, for ImageJ, napari and QuPath."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from cervix_models.contracts import NOTICE, FieldReading, Place, Reading, Segmentation
from cervix_models.reports.outlines import read_mask

_DESCRIPTION, _UNIT, _X, _Y = 270, 296, 282, 283  # TIFF 6.0: tags of text and of resolution
_CENTIMETRE = 3
TILE = 512  # pixels a side of what is held in memory of a field


def reading_tiff(reading: Reading, mask_png: bytes | None) -> bytes:
    """An 8-bit TIFF: 0 background, 1 cytoplasm, 2 nucleus, with the scale where one is known.

    Without a mask all is background. Raises StorageError for a picture that is no mask.
    """
    labels = np.zeros((reading.height, reading.width), np.uint8)
    if mask_png is not None:
        labels = read_mask(mask_png).labels()
    tags = ImageFileDirectory_v2()
    tags[_DESCRIPTION] = f"0 background, 1 cytoplasm, 2 nucleus. Reading {reading.id}. {NOTICE}"
    if reading.micrometres_per_pixel:
        tags[_UNIT] = _CENTIMETRE
        tags[_X] = tags[_Y] = 10_000 / reading.micrometres_per_pixel
    out = io.BytesIO()
    Pictures.fromarray(labels).save(out, "TIFF", compression="tiff_lzw", tiffinfo=tags)
    return out.getvalue()


def field_tiff(field: FieldReading, cells: Iterable[tuple[Reading, Place, bytes | None]]) -> bytes:
    """A tiled TIFF of two pages, whole cells and nuclei: 0 background, else the cell's number in
    the field, in 16 bits or where there are more cells in 32; with the scale where one is known.

    A cell without outlines is left out. Raises StorageError for a picture that is no mask.
    """
    drawn = [(place, read_mask(png)) for _, place, png in cells if png is not None]
    most = max((place.number for place, _ in drawn), default=0)
    kind: type[np.unsignedinteger] = np.uint16 if most < 2**16 else np.uint32
    scale = field.micrometres_per_pixel
    out = io.BytesIO()
    with tifffile.TiffWriter(out, bigtiff=field.width * field.height > 2**30) as writer:
        for part in ("cell", "nucleus"):
            words = f"{part}s by their number, 0 background. Field {field.id}. {NOTICE}"
            writer.write(
                _tiles(field, drawn, part, kind), shape=(field.height, field.width), dtype=kind,
                tile=(TILE, TILE), compression="zlib", photometric="minisblack", metadata=None,
                description=words.encode("ascii", "replace").decode("ascii"),
                resolution=(10_000 / scale, 10_000 / scale) if scale else None,
                resolutionunit="CENTIMETER" if scale else None,
            )  # fmt: skip
    return out.getvalue()


def _tiles(
    field: FieldReading, drawn: Sequence[tuple[Place, Segmentation]],
    part: Literal["cell", "nucleus"], kind: type[np.unsignedinteger],
) -> Iterator[NDArray[np.unsignedinteger]]:  # fmt: skip
    """The tiles of one page, row by row: where two cells meet, the one of the lower number."""
    masks = [(place, getattr(mask, part)) for place, mask in drawn]
    for top in range(0, field.height, TILE):
        here = [
            (place, mask)
            for place, mask in masks
            if place.top < top + TILE and place.top + mask.shape[0] > top
        ]
        for left in range(0, field.width, TILE):
            tile = np.zeros((TILE, TILE), kind)
            for place, mask in here:
                high, wide = max(place.top, top), max(place.left, left)
                seen = mask[
                    high - place.top : top + TILE - place.top,
                    wide - place.left : max(0, left + TILE - place.left),
                ]
                onto = tile[high - top :, wide - left :][: seen.shape[0], : seen.shape[1]]
                onto[seen & (onto == 0)] = place.number
            yield tile

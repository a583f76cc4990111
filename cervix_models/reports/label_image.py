"""The outlines of one reading as a label TIFF, for ImageJ, napari and QuPath."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pictures
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from cervix_models.contracts import NOTICE, Reading
from cervix_models.reports.outlines import read_mask

_DESCRIPTION, _UNIT, _X, _Y = 270, 296, 282, 283  # TIFF 6.0: tags of text and of resolution
_CENTIMETRE = 3


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

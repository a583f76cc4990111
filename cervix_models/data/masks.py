"""Masks of cells from what the data sets give: Herlev's coloured masks and SIPaKMeD's outlines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS
from cervix_models.errors import DataError

from .index import Index, IndexRow
from .pictures import read_rgb

UNKNOWN = 255  # pixels of which the annotator said nothing
CROP_MARGIN = 10  # pixels around the cytoplasm outline of a SIPaKMeD crop (data/README.md)

# Herlev's colours (data/README.md); grey is "unknown", black is "unclassified".
HERLEV_COLOURS: dict[tuple[int, int, int], int] = {
    (255, 0, 0): BACKGROUND,
    (0, 0, 128): CYTOPLASM,
    (0, 0, 255): NUCLEUS,
    (128, 128, 128): UNKNOWN,
    (0, 0, 0): UNKNOWN,
}

Labels = NDArray[np.uint8]
Contour = NDArray[np.float64]


def herlev_mask(path: Path) -> Labels:
    """Labels `(height, width)` of a Herlev mask: 0 background, 1 cytoplasm, 2 nucleus, 255 unknown.

    Raises DataError where a colour is none of Herlev's.
    """
    pixels = read_rgb(path)
    labels = np.full(pixels.shape[:2], UNKNOWN, np.uint8)
    known = np.zeros(pixels.shape[:2], bool)
    for colour, label in HERLEV_COLOURS.items():
        match = (pixels == np.array(colour, np.uint8)).all(axis=2)
        labels[match] = label
        known |= match
    if not known.all():
        stranger = tuple(int(v) for v in pixels[~known][0])
        raise DataError(
            f"The mask {path} holds the colour {stranger}; Herlev masks hold only "
            f"{', '.join(map(str, HERLEV_COLOURS))}. Restore the mask from the download."
        )
    return labels


def read_contour(path: Path) -> Contour:
    """A closed outline `(n, 2)` of x, y in pixels from a SIPaKMeD .dat file.

    Raises DataError where a line is not two numbers or there are fewer than three points.
    """
    points: list[tuple[float, float]] = []
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.replace(",", " ").split()
        if not parts:
            continue
        try:
            x, y = (float(part) for part in parts)
        except ValueError:
            raise DataError(
                f"Line {number} of the outline {path} reads {line[:40]!r}; two numbers x,y were "
                "expected. Restore the file from the download."
            ) from None
        points.append((x, y))
    contour = np.array(points, np.float64).reshape(-1, 2)
    if len(contour) < 3 or not np.isfinite(contour).all():
        raise DataError(
            f"The outline {path} has {len(contour)} usable points; a closed outline needs at "
            "least 3 finite ones. Restore the file from the download."
        )
    return contour


def crop_origin(cytoplasm: Contour, crop: tuple[int, int]) -> tuple[float, float]:
    """The x, y in the outline's frame of the top left pixel of a crop `(width, height)`.

    A crop is the outline's bounding box and CROP_MARGIN pixels around it, clipped at the field's
    edge. An outline may be in the field's pixels or already in the crop's own: taken is the frame
    in which the box and its margin end where the crop does.
    """
    low, high = cytoplasm.min(axis=0), cytoplasm.max(axis=0)
    in_field = np.maximum(np.floor(low) - CROP_MARGIN, 0)
    in_crop = np.zeros(2)
    x, y = min(
        (in_field, in_crop),
        key=lambda origin: float(np.abs(high - origin + CROP_MARGIN - np.array(crop)).sum()),
    )
    return (float(x), float(y))


def contour_mask(cytoplasm: Contour, nucleus: Contour, crop: tuple[int, int]) -> Labels:
    """Labels `(height, width)` of a crop `(width, height)`, drawn from its two outlines.

    Raises DataError where the outline of the cytoplasm does not lie in the crop.
    """
    width, height = crop
    origin = np.array(crop_origin(cytoplasm, crop))
    if ((cytoplasm.max(axis=0) - origin) > np.array(crop) + 2).any():
        raise DataError(
            f"An outline reaches {cytoplasm.max(axis=0) - origin} pixels from the crop's corner, "
            f"but the crop is {width} x {height}. Check that outline and crop are of one cell."
        )
    labels = np.zeros((height, width), np.uint8)
    for contour, label in ((cytoplasm, CYTOPLASM), (nucleus, NUCLEUS)):
        labels[polygon2mask((height, width), (contour - origin)[:, ::-1])] = label
    return labels


def mask_of(index: Index, row: IndexRow) -> Labels | None:
    """The labels of a row at its image's own size, or None where the data set has none."""
    if row.mask:
        return herlev_mask(index.root / row.mask)
    if row.cytoplasm and row.nucleus:
        cytoplasm = read_contour(index.root / row.cytoplasm)
        nucleus = read_contour(index.root / row.nucleus)
        return contour_mask(cytoplasm, nucleus, (row.width, row.height))
    return None

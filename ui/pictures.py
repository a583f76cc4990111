"""Overlays for the viewer, drawn from the grey pictures that a reading stores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageColor, ImageDraw, ImageFont
from plotly.colors import get_colorscale

from cervix_models.contracts import CYTOPLASM, NUCLEUS
from cervix_models.data.labels import class_named
from cervix_models.data.overlays import CYTOPLASM_COLOUR, NUCLEUS_COLOUR, border
from cervix_models.data.pictures import pixels_of, png_of

MASK_ALPHA = 115  # 45 %: the cell stays visible under it
TINT = 0.18  # of the colour of a part, where it is to be drawn on
OUTLINE_TOLERANCE = 0.35  # pixels an outline may move when points are left out

LETTERS = 18  # pixels

Polygon = list[list[float]]


def mask_picture(labels_png: bytes) -> bytes:
    """An RGBA PNG that colours nucleus and cytoplasm of a stored label picture.
    Raises ValueError for a picture that holds other values than the three labels."""
    labels = pixels_of(labels_png, "L")
    if labels.max(initial=0) > NUCLEUS:
        raise ValueError("The picture is no mask: it holds other values than 0, 1 and 2.")
    out = np.zeros((*labels.shape, 4), np.uint8)
    out[labels == CYTOPLASM] = (*CYTOPLASM_COLOUR, MASK_ALPHA)
    out[labels == NUCLEUS] = (*NUCLEUS_COLOUR, MASK_ALPHA)
    return png_of(out)


def heat_picture(heat_png: bytes) -> bytes:
    """An RGBA PNG of a stored grey heat map in viridis, opaque: the viewer sets how much shows."""
    colours = np.full((256, 4), 255, np.uint8)
    colours[:, :3] = _viridis()
    return png_of(colours[pixels_of(heat_png, "L")])


def heat_over(image_png: bytes, heat_png: bytes, share: float = 0.5) -> bytes:
    """A PNG of the picture with a grey heat map in viridis laid over it, `share` of it showing."""
    below = pixels_of(image_png, "RGB").astype(float)
    above = _viridis()[pixels_of(heat_png, "L")]
    return png_of(((1 - share) * below + share * above).astype(np.uint8))


def mask_over(image_png: bytes, labels: NDArray[np.uint8]) -> bytes:
    """A PNG of the picture with nucleus and cytoplasm of a label picture over it: their borders in
    full colour, and within only a tint, so that the cell is seen."""
    below = pixels_of(image_png, "RGB").astype(float)
    out = below.copy()
    for value, colour in ((CYTOPLASM, CYTOPLASM_COLOUR), (NUCLEUS, NUCLEUS_COLOUR)):
        here = labels == value
        out[here] = below[here] * (1 - TINT) + np.array(colour) * TINT
        out[border(labels >= value)] = colour
    return png_of(out.astype(np.uint8))


def known_over(
    image_png: bytes,
    cells: NDArray[np.uint16],
    nuclei: NDArray[np.uint16],
    classes: Sequence[str],
) -> bytes:
    """A PNG of a field with the border of each cell in the colour of its class and its two letters
    beside it, and the border of its nucleus; number k is the k-th of `classes`."""
    out = pixels_of(image_png, "RGB").copy()
    places = []
    for number, label in enumerate(classes, start=1):
        colour = ImageColor.getrgb(class_named(label).colour)
        region = cells == number
        if not region.any():
            continue
        out[_thick(border(region))] = colour
        out[border(nuclei == number)] = NUCLEUS_COLOUR
        rows, columns = np.nonzero(region)
        top = int(rows.argmin())
        places.append(((int(columns[top]), int(rows[top]) + 4), class_named(label).short, colour))
    picture = Pictures.fromarray(out)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(LETTERS)
    for place, letters, colour in places:
        box = draw.textbbox(place, letters, font=font, anchor="mt")
        draw.rectangle((box[0] - 3, box[1] - 2, box[2] + 3, box[3] + 2), fill=colour)
        draw.text(place, letters, fill=(20, 25, 27), font=font, anchor="mt")
    return png_of(np.asarray(picture))


def _thick(line: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A line three pixels wide."""
    wide = np.pad(line, 1)
    return wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]


def outlines(labels_png: bytes) -> dict[str, list[Polygon]]:
    """Closed polygons `[[x, y], ...]` in pixels of the nucleus, and of the whole cell as
    `cytoplasm`, x to the right and y down, the picture's corner at (0, 0)."""
    labels = pixels_of(labels_png, "L")
    return {
        "nucleus": _polygons(labels == NUCLEUS),
        "cytoplasm": _polygons(labels >= CYTOPLASM),
    }


def _polygons(region: NDArray[np.bool_]) -> list[Polygon]:
    # It brings all of scipy.signal: a second that the first page need not wait for.
    from skimage.measure import approximate_polygon, find_contours

    found = find_contours(np.pad(region, 1).astype(float), 0.5)
    simple = [approximate_polygon(each, OUTLINE_TOLERANCE) for each in found]
    # Padding moves the grid by one and a pixel's middle lies half a pixel in.
    return [(each[:, ::-1] - 0.5).round(2).tolist() for each in simple if len(each) > 3]


def _viridis() -> NDArray[np.uint8]:
    stops, names = zip(*get_colorscale("Viridis"), strict=True)
    rgb = np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in names])
    grey = np.linspace(0, 1, 256)
    channels = [np.interp(grey, stops, rgb[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)

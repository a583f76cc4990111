"""Sample cells for a user who has none at hand: drawn by rule, from no real pixel.

`render_sample` paints what the textbooks say of each class (Koss' Diagnostic Cytology; the
Bethesda System, 3rd edition) at the crop sizes of SIPaKMeD. They show how the app works; they are
no evidence of how well a model reads, and never enter an evaluation set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cervix_models.contracts import Image, Mask, Segmentation
from cervix_models.data import painting
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import mark_synthetic
from cervix_models.data.masks import CROP_MARGIN
from cervix_models.data.painting import Colour
from cervix_models.errors import DataError

SMALLEST_SIDE = 64
SEEDS = (1, 9)  # of the sample cells of each class


@dataclass(frozen=True)
class Look:
    """What is typical of a class. Pairs are the ends between which a cell is drawn."""

    size: tuple[int, int]  # height and width of the crop, pixels
    uneven: float  # how far a side strays from that, as a part of it
    corners: tuple[int, int]
    rounding: float
    ragged: float
    cytoplasm: tuple[Colour, ...]  # two are drawn and mixed
    mix: float  # share of the second
    body: float  # how much thicker the middle is than the rim, 0..1
    mottle: float  # deviation of the thickness
    rim: float  # extra thickness along the membrane
    folds: tuple[int, int]
    specks: tuple[int, int]  # granules in the cytoplasm
    halo: float  # how far the cytoplasm thins round the nucleus, 0..1
    nucleus: Colour
    nucleus_share: tuple[float, float]  # of the cell's area
    stretch: tuple[float, float]  # of the nucleus
    wobble: float  # raggedness of the nucleus
    off_centre: float  # at most, in radii of the cell
    chromatin: float  # deviation of the nucleus' density
    nuclear_rim: float
    nucleoli: tuple[int, int]
    light: Colour
    blur: tuple[float, float]  # pixels at the class's own size
    neighbours: tuple[int, int]
    veil: float  # how much stain lies on the ground


LOOKS: dict[str, Look] = {
    "Dyskeratotic": Look(
        size=(112, 122), uneven=0.22, corners=(5, 8), rounding=0.06, ragged=0.2,
        cytoplasm=((220, 122, 96), (216, 138, 86), (226, 128, 128), (206, 112, 92)), mix=0.35,
        body=0.3, mottle=0.1, rim=0.08, folds=(0, 3), specks=(0, 8), halo=0.0,
        nucleus=(96, 62, 92), nucleus_share=(0.08, 0.14), stretch=(1.1, 1.7), wobble=0.1,
        off_centre=0.16, chromatin=0.12, nuclear_rim=0.12, nucleoli=(0, 0), light=(236, 214, 222),
        blur=(1.3, 2.0), neighbours=(4, 7), veil=0.16,
    ),
    "Koilocytotic": Look(
        size=(162, 176), uneven=0.25, corners=(5, 8), rounding=0.045, ragged=0.2,
        cytoplasm=((128, 178, 174), (142, 170, 156), (150, 158, 180), (168, 150, 172)), mix=0.3,
        body=-0.1, mottle=0.2, rim=0.22, folds=(5, 10), specks=(8, 24), halo=0.62,
        nucleus=(88, 80, 120), nucleus_share=(0.05, 0.1), stretch=(1.15, 1.7), wobble=0.16,
        off_centre=0.18, chromatin=0.24, nuclear_rim=0.25, nucleoli=(0, 1), light=(228, 234, 230),
        blur=(1.1, 1.7), neighbours=(2, 4), veil=0.08,
    ),
    "Metaplastic": Look(
        size=(178, 188), uneven=0.16, corners=(6, 9), rounding=0.075, ragged=0.11,
        cytoplasm=((86, 148, 156), (98, 140, 136), (106, 140, 166), (84, 132, 146)), mix=0.35,
        body=0.3, mottle=0.12, rim=0.14, folds=(0, 3), specks=(4, 20), halo=0.0,
        nucleus=(138, 142, 178), nucleus_share=(0.1, 0.17), stretch=(1.05, 1.4), wobble=0.06,
        off_centre=0.14, chromatin=0.16, nuclear_rim=0.3, nucleoli=(1, 4), light=(222, 238, 232),
        blur=(1.3, 2.3), neighbours=(1, 3), veil=0.08,
    ),
    "Parabasal": Look(
        size=(166, 184), uneven=0.14, corners=(7, 10), rounding=0.09, ragged=0.08,
        cytoplasm=((150, 200, 214), (168, 184, 216), (160, 202, 206), (172, 172, 208)), mix=0.35,
        body=0.35, mottle=0.07, rim=0.03, folds=(0, 1), specks=(0, 4), halo=0.0,
        nucleus=(140, 160, 198), nucleus_share=(0.12, 0.2), stretch=(1.03, 1.35), wobble=0.05,
        off_centre=0.16, chromatin=0.09, nuclear_rim=0.1, nucleoli=(0, 3), light=(224, 226, 244),
        blur=(2.0, 3.4), neighbours=(1, 3), veil=0.1,
    ),
    "Superficial-Intermediate": Look(
        size=(314, 340), uneven=0.22, corners=(5, 7), rounding=0.022, ragged=0.22,
        cytoplasm=((234, 182, 192), (182, 208, 214), (226, 172, 172), (196, 188, 216)), mix=0.2,
        body=0.1, mottle=0.14, rim=0.2, folds=(7, 14), specks=(20, 90), halo=0.12,
        nucleus=(98, 58, 98), nucleus_share=(0.008, 0.015), stretch=(1.0, 1.4), wobble=0.1,
        off_centre=0.22, chromatin=0.15, nuclear_rim=0.2, nucleoli=(0, 0), light=(234, 232, 240),
        blur=(1.2, 1.8), neighbours=(2, 4), veil=0.06,
    ),
}  # fmt: skip


def sample_cells() -> list[tuple[str, str, bytes]]:
    """The built-in sample cells as (name, class, PNG), two a class in the classes' one order, the
    same at every call, each marked synthetic on the picture and in the file."""
    return [
        (
            f"sample-{class_name.lower()}-{at}",
            class_name,
            mark_synthetic(
                render_sample(class_name, seed),
                f"{class_name} cell drawn by the project's own renderer, seed {seed}",
            ),
        )
        for class_name in CLASS_NAMES
        for at, seed in enumerate(SEEDS, start=1)
    ]


def render_sample(class_name: str, seed: int, *, size: tuple[int, int] | None = None) -> Image:
    """A drawn cell of `class_name`, `size` (height, width) or of a size typical of the class; the
    same for the same arguments. Raises DataError as `render_sample_with_mask` does."""
    return render_sample_with_mask(class_name, seed, size=size)[0]


def render_sample_with_mask(
    class_name: str, seed: int, *, size: tuple[int, int] | None = None
) -> tuple[Image, Segmentation]:
    """A drawn cell and its true outlines; the cell's box stands CROP_MARGIN pixels inside.

    Raises DataError for a class that is none of the five, or a side under SMALLEST_SIDE.
    """
    look = _look(class_name)
    rng = np.random.default_rng([CLASS_NAMES.index(class_name), seed])
    shape = size or _own_size(rng, look)
    if min(shape) < SMALLEST_SIDE:
        raise DataError(
            f"A sample of {shape[1]} x {shape[0]} was asked for; at least {SMALLEST_SIDE} pixels a "
            "side are needed to draw a cell. Ask for a larger one and scale it down."
        )
    scale = (shape[0] * shape[1] / (look.size[0] * look.size[1])) ** 0.5
    first, second = rng.choice(len(look.cytoplasm), 2, replace=False)
    colours = look.cytoplasm[first], look.cytoplasm[second]
    cell = _cell_outline(rng, look, shape)
    nucleus = _nucleus_outline(rng, look, cell)
    density = _surroundings(rng, look, cell, colours[0])
    thickness = _cytoplasm(rng, look, cell, nucleus, scale)
    density = density + painting.mixed(rng, thickness, colours, look.mix)
    density = density + painting.stained(_nucleus(rng, look, nucleus), look.nucleus)
    light = painting.lamp(rng, shape, look.light)
    image = painting.photographed(rng, light, density, rng.uniform(*look.blur) * scale, grain=1.6)
    return image, Segmentation(nucleus, cell & ~nucleus)


def _look(class_name: str) -> Look:
    if class_name not in LOOKS:
        raise DataError(
            f"No sample can be drawn of {class_name!r}; the classes are {', '.join(CLASS_NAMES)}. "
            "Ask for one of these."
        )
    return LOOKS[class_name]


def _own_size(rng: np.random.Generator, look: Look) -> tuple[int, int]:
    height, width = np.asarray(look.size) * rng.uniform(1 - look.uneven, 1 + look.uneven, 2)
    return max(SMALLEST_SIDE, round(height)), max(SMALLEST_SIDE, round(width))


def _corners(rng: np.random.Generator, look: Look) -> int:
    return int(rng.integers(look.corners[0], look.corners[1] + 1))


def _cell_outline(rng: np.random.Generator, look: Look, shape: tuple[int, int]) -> Mask:
    points = painting.outline(rng, _corners(rng, look), look.rounding, look.ragged)
    # The raster leaves out pixels that the outline only touches: half a pixel keeps the box whole.
    start = CROP_MARGIN - 0.5
    size = (shape[0] - 2 * start - 1, shape[1] - 2 * start - 1)
    return painting.filled(painting.fitted(points, (start, start), size), shape)


def _nucleus_outline(rng: np.random.Generator, look: Look, cell: Mask) -> Mask:
    area = float(cell.sum())
    radius = (area * rng.uniform(*look.nucleus_share) / np.pi) ** 0.5
    points = painting.outline(rng, 9, 0.06, look.wobble)
    points = painting.turned(points, rng.uniform(0, np.pi), rng.uniform(*look.stretch)) * radius
    middle = np.argwhere(cell).mean(axis=0)
    away, turn = rng.uniform(0, look.off_centre) * (area / np.pi) ** 0.5, rng.uniform(0, 2 * np.pi)
    centre = middle + away * np.array([np.sin(turn), np.cos(turn)])
    return painting.filled(points + centre, cell.shape) & (painting.depth(cell) > 3)


def _surroundings(
    rng: np.random.Generator, look: Look, cell: Mask, colour: Colour
) -> painting.Field:
    """Neighbours that reach in from the border, mucus, debris, and a veil over the ground."""
    shape = cell.shape
    veil = np.clip(look.veil * (1 + 0.6 * painting.noise(rng, shape, max(shape) / 10)), 0, None)
    veil = veil + 0.08 * painting.strands(rng, shape, 2, 0.012 * max(shape))
    density = painting.stained(veil, colour)
    for _ in range(int(rng.integers(look.neighbours[0], look.neighbours[1] + 1))):
        density = density + _neighbour(rng, look, shape)
    dirt = painting.granules(rng, ~cell, int(rng.integers(1, 7)), 0.012 * min(shape) + 0.8)
    return density + painting.stained(0.8 * dirt, (96, 80, 120))


def _neighbour(rng: np.random.Generator, look: Look, shape: tuple[int, int]) -> painting.Field:
    colour = look.cytoplasm[int(rng.integers(len(look.cytoplasm)))]
    turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 0.95)
    centre = np.asarray(shape) * (0.5 + reach * np.array([np.sin(turn), np.cos(turn)]))
    points = painting.outline(rng, _corners(rng, look), look.rounding, look.ragged)
    body = painting.filled(points * (0.45 * min(shape)) + centre, shape)
    mottle = 1 + look.mottle * painting.noise(rng, shape, 0.02 * max(shape))
    radius = 0.45 * min(shape) * look.nucleus_share[1] ** 0.5
    kernel = painting.filled(painting.outline(rng, 9, 0.06, 0.1) * radius + centre, shape)
    flesh = painting.stained(0.7 * body * mottle, colour)
    return flesh + painting.stained(0.8 * kernel, look.nucleus)


def _cytoplasm(
    rng: np.random.Generator, look: Look, cell: Mask, nucleus: Mask, scale: float
) -> painting.Field:
    shape = cell.shape
    inside = painting.depth(cell)
    dome = inside / max(float(inside.max()), 1.0)
    thick = 1 + look.body * (dome - 0.5)
    thick = thick + look.mottle * (
        0.6 * painting.noise(rng, shape, 0.06 * max(shape))
        + 0.5 * painting.noise(rng, shape, 0.02 * max(shape))
        + 0.3 * painting.noise(rng, shape, 1.2)
    )
    thick = thick + look.rim * np.exp(-(((inside - 1.5) / (1.6 * scale)) ** 2))
    folds = int(rng.integers(look.folds[0], look.folds[1] + 1))
    thick = thick + 0.35 * painting.strands(rng, shape, folds, 0.008 * max(shape) + 0.6)
    thick = thick * (1 - look.halo * _halo(rng, nucleus, inside))
    specks = int(rng.integers(look.specks[0], look.specks[1] + 1))
    thick = thick + 0.8 * painting.granules(rng, cell & ~nucleus, specks, 1.1 * scale**0.5)
    return np.clip(thick, 0, None) * cell


def _halo(rng: np.random.Generator, nucleus: Mask, inside: painting.Field) -> painting.Field:
    """1 in the clear zone round the nucleus, falling off steeply and unevenly towards the rim."""
    outward = painting.distance_to(nucleus)
    way = outward / np.maximum(outward + inside, 1)
    edge = 0.5 + 0.08 * painting.noise(rng, nucleus.shape, 0.06 * max(nucleus.shape))
    return 1 / (1 + np.exp((way - edge) / 0.06))


def _nucleus(rng: np.random.Generator, look: Look, nucleus: Mask) -> painting.Field:
    inside = painting.depth(nucleus)
    radius = max(float(inside.max()), 2.0)
    thick = 1 + look.chromatin * painting.noise(rng, nucleus.shape, max(0.8, 0.09 * radius))
    thick = thick + look.chromatin * painting.noise(rng, nucleus.shape, 0.25 * radius)
    thick = thick + look.nuclear_rim * np.exp(-(((inside - 1) / max(1.0, 0.12 * radius)) ** 2))
    count = int(rng.integers(look.nucleoli[0], look.nucleoli[1] + 1))
    core = inside > 0.3 * radius
    thick = thick + 0.5 * painting.granules(rng, core, count, max(1.0, 0.12 * radius))
    return np.clip(thick, 0.2, None) * nucleus

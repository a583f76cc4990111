"""What a microscope shows that is no single, readable cell in the Papanicolaou stain."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage import data

from cervix_models.contracts import Image, Segmentation
from cervix_models.data import painting
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.samples import render_sample_with_mask
from cervix_models.evaluation.noncells.drawn import any_size, as_image

BROWN, PALE_BLUE = (120, 72, 40), (176, 190, 222)
PINK, VIOLET = (226, 150, 184), (96, 68, 140)

# How many cells, and how many pixels each is wide.
FIELDS = ((2, 120), (3, 115), (4, 110), (6, 100), (9, 90), (14, 80), (24, 72))


def other_stain(rng: np.random.Generator, number: int) -> Image:
    """Immunohistochemistry: crops of the tissue that scikit-image carries, and drawn cells in
    brown on blue, silver black, Giemsa-like violet, or fluorescent colours."""
    if number < 8:
        whole = data.immunohistochemistry()
        side = int(rng.integers(120, 320))
        top, left = rng.integers(0, 512 - side + 1, 2)
        return np.ascontiguousarray(whole[top : top + side, left : left + side])
    _, masks = _cell(rng, number)
    pairs = ((BROWN, PALE_BLUE), ((20, 20, 24), (190, 186, 176)), ((60, 20, 110), (214, 170, 226)))
    nucleus, cytoplasm = pairs[number % len(pairs)]
    shape = masks.nucleus.shape
    mottle = np.clip(1 + 0.3 * painting.noise(rng, shape, 3), 0, None)
    layers = painting.stained(masks.nucleus * mottle, nucleus)
    layers = layers + painting.stained(masks.cytoplasm * mottle, cytoplasm)
    light = painting.lamp(rng, shape, (240, 240, 236))
    return painting.photographed(rng, light, layers, blur=1.2, grain=2)


def tissue(rng: np.random.Generator, number: int) -> Image:
    """A section in haematoxylin and eosin: many violet nuclei close together in pink fibres."""
    shape = any_size(rng)
    fibres = gaussian_filter(rng.standard_normal(shape), (1.5, 9) if number % 2 else (6, 2))
    fibres = 0.9 + 0.4 * fibres / fibres.std()
    nuclei = np.zeros(shape)
    radius = float(rng.uniform(5, 9))
    for centre in rng.uniform(0, 1, (shape[0] * shape[1] // 500, 2)) * shape:
        points = painting.outline(rng, 8, 0.06, 0.15)
        points = painting.turned(points, rng.uniform(0, np.pi), rng.uniform(1, 2.2))
        nuclei[painting.filled(points * radius + centre, shape)] = rng.uniform(0.6, 1.1)
    layers = painting.stained(np.clip(fibres, 0, None), PINK) + painting.stained(nuclei, VIOLET)
    light = painting.lamp(rng, shape, (245, 240, 245))
    return painting.photographed(rng, light, layers, blur=0.9, grain=2)


def fluorescence(rng: np.random.Generator, number: int) -> Image:
    """Bright spots or nuclei in one or two colours on black."""
    shape = any_size(rng)
    ground = 6 + 4 * rng.random((*shape, 3))
    glow = np.zeros((*shape, 3))
    colours = ((0.2, 0.4, 1.0), (0.1, 1.0, 0.3), (1.0, 0.2, 0.1))
    for at in range(1 + number % 2):
        count, radius = int(rng.integers(6, 60)), float(rng.uniform(2, 14))
        everywhere = np.ones(shape, bool)
        spots = painting.granules(rng, everywhere, count, radius)
        glow += spots[..., np.newaxis] * np.asarray(colours[(number + at) % 3])
    return as_image(ground + 240 * gaussian_filter(np.clip(glow, 0, 1), (1.2, 1.2, 0)))


def field(rng: np.random.Generator, number: int) -> Image:
    """A whole field: from two cells that touch to two dozen, heaped and overlapping as they fall,
    the light through each taken away from one ground."""
    count, side = FIELDS[number % len(FIELDS)]
    across = round(side * 1.25 * count**0.5)
    shape = (round(across * rng.uniform(0.7, 1.0)), across)
    veil = np.clip(0.08 + 0.05 * painting.noise(rng, shape, max(shape) / 9), 0, None)
    density = painting.stained(veil, (150, 185, 205))
    for at in range(count):
        _drop(rng, density, CLASS_NAMES[(number + at) % len(CLASS_NAMES)], side)
    light = painting.lamp(rng, shape, (236, 234, 240))
    return painting.photographed(rng, light, density, blur=0.6, grain=2)


def no_cell(rng: np.random.Generator, number: int) -> Image:
    """Empty glass with mucus, debris, and now and then a heap of small dark nuclei."""
    shape = any_size(rng)
    everywhere = np.ones(shape, bool)
    veil = np.clip(0.1 + 0.06 * painting.noise(rng, shape, max(shape) / 9), 0, None)
    veil = veil + 0.3 * painting.strands(rng, shape, int(rng.integers(0, 5)), 0.02 * max(shape))
    specks = painting.granules(rng, everywhere, int(rng.integers(0, 25 * (1 + number % 3))), 3)
    layers = painting.stained(veil, (150, 185, 205)) + painting.stained(specks, (80, 60, 110))
    light = painting.lamp(rng, shape, (234, 232, 240))
    return painting.photographed(rng, light, layers, blur=1.5, grain=2)


def defocused(rng: np.random.Generator, number: int) -> Image:
    """A smear so far out of focus that no nucleus can be told."""
    image = field(rng, number) if number % 2 else _cell(rng, number)[0]
    blur = 0.11 * min(image.shape[:2])
    return as_image(gaussian_filter(image.astype(float), (blur, blur, 0), mode="nearest"))


def exposure(rng: np.random.Generator, number: int) -> Image:
    """A drawn cell or field nearly burnt out, or nearly black."""
    image = (_cell(rng, number)[0] if number % 3 else field(rng, number)).astype(float)
    if number % 2:
        return as_image(image * rng.uniform(0.03, 0.1) + rng.normal(0, 1.5, image.shape))
    return as_image(255 - (255 - image) * rng.uniform(0.02, 0.06))


def _cell(rng: np.random.Generator, number: int) -> tuple[Image, Segmentation]:
    name = CLASS_NAMES[number % len(CLASS_NAMES)]
    return render_sample_with_mask(name, int(rng.integers(10_000, 1_000_000)))


def _drop(rng: np.random.Generator, density: painting.Field, name: str, side: int) -> None:
    """Adds one drawn cell to `density`, anywhere inside it, by what it takes from the light."""
    side = min(round(side * rng.uniform(0.75, 1.2)), *density.shape[:2])
    size = (max(64, side), max(64, side))
    image, masks = render_sample_with_mask(name, int(rng.integers(10_000, 1_000_000)), size=size)
    taken = np.clip(-np.log10(np.maximum(image, 4) / 240), 0, None)
    soft = gaussian_filter(masks.cell.astype(float), 1.0)[..., np.newaxis]
    turns = int(rng.integers(4))
    height, width = size
    top, left = _place(rng, density, height, width)
    density[top : top + height, left : left + width] += np.rot90(taken * soft, turns)


def _place(
    rng: np.random.Generator, density: painting.Field, height: int, width: int
) -> tuple[int, int]:
    """Of four places drawn by chance the one least covered: cells seldom lie wholly on another."""
    most = np.array([density.shape[0] - height, density.shape[1] - width])
    places = rng.integers(0, most + 1, (4, 2)).tolist()
    return min(places, key=lambda at: density[at[0] : at[0] + height, at[1] : at[1] + width].sum())

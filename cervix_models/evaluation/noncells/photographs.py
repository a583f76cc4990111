"""Crops of the photographs that scikit-image and scikit-learn carry in their packages."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image as PilImage
from skimage import data
from skimage.util import img_as_ubyte
from sklearn.datasets import load_sample_image

from cervix_models.contracts import Image
from cervix_models.evaluation.noncells.drawn import any_size

THINGS = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket", "clock", "horse", "logo")
PLACES = ("china.jpg", "flower.jpg")
TEXTURES = ("brick", "grass", "gravel")
BODIES = ("retina", "microaneurysms", "shepp_logan_phantom", "cell")
SKIES = ("hubble_deep_field", "moon")


def photograph(rng: np.random.Generator, number: int) -> Image:
    """A whole photograph or a crop of one: people, animals, things, houses, plants."""
    names = THINGS + PLACES
    return _view(rng, names[number % len(names)], number // len(names))


def face(rng: np.random.Generator, number: int) -> Image:
    """A face: of the astronaut for the first two, small grey ones (LFW) grown for the others."""
    if number < 2:
        return _cut(_load("astronaut"), 10, 160, 180 - 40 * number, 160 - 20 * number)
    small = data.lfw_subset()[int(rng.integers(100))]
    grown = PilImage.fromarray(img_as_ubyte(small)).convert("RGB")
    return np.asarray(grown.resize((180, 180), PilImage.Resampling.BICUBIC))


def texture(rng: np.random.Generator, number: int) -> Image:
    """Bricks, grass or gravel."""
    return _view(rng, TEXTURES[number % len(TEXTURES)], 1 + number // len(TEXTURES))


def medical(rng: np.random.Generator, number: int) -> Image:
    """An eye's ground, its vessels, a head in tomography, a cell without stain."""
    return _view(rng, BODIES[number % len(BODIES)], number // len(BODIES))


def space(rng: np.random.Generator, number: int) -> Image:
    """Galaxies or the moon."""
    return _view(rng, SKIES[number % len(SKIES)], number // len(SKIES))


def _view(rng: np.random.Generator, name: str, zoom: int) -> Image:
    """The whole picture made small for zoom 0; else a crop, the smaller the higher the zoom."""
    whole = _load(name)
    if zoom == 0:
        picture = PilImage.fromarray(whole)
        picture.thumbnail((360, 360))
        return np.asarray(picture)
    height, width = (
        max(64, min(side, 3 * most // 4) // zoom)
        for side, most in zip(any_size(rng), whole.shape[:2], strict=True)
    )
    top = int(rng.integers(whole.shape[0] - height + 1))
    left = int(rng.integers(whole.shape[1] - width + 1))
    return _cut(whole, top, left, height, width)


def _cut(whole: Image, top: int, left: int, height: int, width: int) -> Image:
    return np.ascontiguousarray(whole[top : top + height, left : left + width])


@lru_cache(maxsize=32)
def _load(name: str) -> Image:
    """A photograph as RGB; alpha is laid on white, grey and masks are spread to three channels."""
    picture = load_sample_image(name) if name.endswith(".jpg") else getattr(data, name)()
    values = img_as_ubyte(picture)
    if values.ndim == 3 and values.shape[2] == 4:
        solid = values[..., 3:] / 255
        values = np.rint(values[..., :3] * solid + 255 * (1 - solid)).astype(np.uint8)
    return values if values.ndim == 3 else np.repeat(values[..., np.newaxis], 3, axis=2)

"""What goes wrong with pictures: blur, stain, light, compression, resolution, by strength."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from scipy.ndimage import gaussian_filter
from skimage.color import hed2rgb, rgb2hed

from cervix_models.contracts import Image


@dataclass(frozen=True)
class Disturbance:
    """One thing that goes wrong, with the strengths at which it is measured."""

    name: str
    measured: tuple[float, ...]
    apply: Callable[[Image, float], Image]


def blurred(image: Image, pixels: float) -> Image:
    """The image under a Gaussian blur of this deviation in pixels, of a crop 160 pixels wide."""
    if pixels <= 0:
        return image
    sigma = pixels * min(image.shape[:2]) / 160
    return gaussian_filter(image, (sigma, sigma, 0), mode="nearest")


def stained(image: Image, factor: float) -> Image:
    """The image with its hematoxylin and eosin densities times `factor` (Ruifrok and Johnston)."""
    if factor == 1:
        return image
    densities = rgb2hed(image)
    densities[..., :2] *= factor
    return _bytes(hed2rgb(densities) * 255)


def lit(image: Image, factor: float) -> Image:
    """The image with its light times `factor`."""
    return image if factor == 1 else _bytes(image.astype(np.float64) * factor)


def compressed(image: Image, quality: float) -> Image:
    """The image as a JPEG of this quality, 1 to 100, shows it; 100 leaves it as it is."""
    if quality >= 100:
        return image
    out = io.BytesIO()
    PilImage.fromarray(image).save(out, "JPEG", quality=round(quality))
    with PilImage.open(out) as opened:
        return np.asarray(opened.convert("RGB"))


def coarsened(image: Image, side: float) -> Image:
    """The image as a camera with `side` pixels across the cell sees it, at its own size."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = PilImage.fromarray(image).resize(small, PilImage.Resampling.BOX)
    return np.asarray(picture.resize((width, height), PilImage.Resampling.BICUBIC))


def _bytes(values: NDArray[np.float64]) -> Image:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


DISTURBANCES: tuple[Disturbance, ...] = (
    Disturbance("blur", (0, 1, 2, 3, 4), blurred),
    Disturbance("stain", (0.5, 0.75, 1, 1.25, 1.5, 2), stained),
    Disturbance("light", (0.5, 0.7, 0.85, 1, 1.15, 1.3), lit),
    Disturbance("jpeg", (5, 10, 20, 40, 70, 100), compressed),
    Disturbance("resolution", (16, 24, 32, 48, 80, 160), coarsened),
)


def disturbed(image: Image, strengths: Mapping[str, float]) -> Image:
    """The image after every named disturbance at its strength, in their one order."""
    for each in DISTURBANCES:
        if each.name in strengths:
            image = each.apply(image, strengths[each.name])
    return image

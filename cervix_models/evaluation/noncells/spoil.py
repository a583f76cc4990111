"""Good cells made unreadable: what a poor camera or a careless export does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image as PilImage
from scipy.ndimage import gaussian_filter

from cervix_models.contracts import Image
from cervix_models.evaluation.noncells.drawn import as_image

TINY = 12  # pixels on the longer side


def spoiled(image: Image, seed: int) -> list[tuple[str, Image]]:
    """Seven ruined copies of `image` at its own size, each with the kind of ruin, the same for the
    same seed: blurred, overexposed, underexposed, noisy, tiny, inverted, grey."""
    return [
        (kind, ruin(image, np.random.default_rng([seed, at])))
        for at, (kind, ruin) in enumerate(RUINS.items())
    ]


def blurred(image: Image, rng: np.random.Generator) -> Image:
    """The image out of focus by a twelfth to an eighth of its shorter side."""
    blur = min(image.shape[:2]) * rng.uniform(1 / 12, 1 / 8)
    return as_image(gaussian_filter(image.astype(float), (blur, blur, 0), mode="nearest"))


def overexposed(image: Image, rng: np.random.Generator) -> Image:
    """The image under three to five times the light, burnt out where it was bright."""
    return as_image(image * rng.uniform(3.0, 5.0) + 60)


def underexposed(image: Image, rng: np.random.Generator) -> Image:
    """The image at 4 to 10 per cent of the light, with the grain that comes with it."""
    return as_image(image * rng.uniform(0.04, 0.1) + rng.normal(0, 1.5, image.shape))


def noisy(image: Image, rng: np.random.Generator) -> Image:
    """The image under grain of 70 to 110 grey levels."""
    return as_image(image + rng.normal(0, rng.uniform(70, 110), image.shape))


def tiny(image: Image, _rng: np.random.Generator) -> Image:
    """The image shrunk to TINY pixels and grown back."""
    height, width = image.shape[:2]
    part = TINY / max(height, width)
    picture = PilImage.fromarray(image)
    small = picture.resize(
        (max(1, round(width * part)), max(1, round(height * part))), PilImage.Resampling.BOX
    )
    return np.asarray(small.resize((width, height), PilImage.Resampling.BICUBIC))


def inverted(image: Image, _rng: np.random.Generator) -> Image:
    """The negative."""
    return 255 - image


def grey(image: Image, _rng: np.random.Generator) -> Image:
    """The image without its colours (ITU-R BT.601 luma, as Pillow has it)."""
    return np.asarray(PilImage.fromarray(image).convert("L").convert("RGB"))


RUINS: dict[str, Callable[[Image, np.random.Generator], Image]] = {
    "blurred": blurred,
    "overexposed": overexposed,
    "underexposed": underexposed,
    "noisy": noisy,
    "tiny": tiny,
    "inverted": inverted,
    "grey": grey,
}

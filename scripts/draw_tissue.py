"""Draws a small set of two tissues, for trying out how any folder of classes is trained.

    python scripts/draw_tissue.py FOLDER [IMAGES_A_PATIENT]

In `benign` the nuclei are small, round and apart; in `malignant` large, uneven and crowded. Each of
the twelve patients has a stain of their own and images in one class: a model can learn the patients
instead of the tissues, and a random split would not show it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 96  # pixels
PATIENTS = 12  # half of each class
# Of each class: nuclei an image, mean radius in pixels, spread of the radius, unevenness.
KINDS = {"benign": (14, 5.0, 0.6, 0.06), "malignant": (17, 6.0, 1.4, 0.16)}


def draw(kind: str, stain: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """One field of tissue; `stain` is the colour `(3,)`, 0..255, of its nuclei."""
    count, radius, spread, uneven = KINDS[kind]
    ground = 255 - (255 - stain) * rng.uniform(0.25, 0.35)
    image = Image.new("RGB", (SIDE, SIDE), tuple(ground.astype(int)))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.poisson(count)):
        x, y = rng.uniform(0, SIDE, 2)
        size = max(2.0, rng.normal(radius, spread))
        angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
        reach = size * (1 + uneven * rng.normal(size=20))
        outline = np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], 1)
        shade = np.clip(stain * rng.uniform(0.8, 1.15), 0, 255).astype(int)
        pen.polygon([tuple(point) for point in outline], fill=tuple(shade))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.8)), np.float64)
    return Image.fromarray(np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype("uint8"))


def main(folder: Path, each: int) -> None:
    """Writes `each` images of every patient below `folder`, one sub-folder a class."""
    rng = np.random.default_rng(0)
    for patient in range(PATIENTS):
        kind = list(KINDS)[patient % len(KINDS)]
        stain = np.array([120, 70, 140]) + rng.normal(0, 22, 3)
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            draw(kind, stain, rng).save(folder / kind / f"patient{patient:02}_{number:02}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 15)

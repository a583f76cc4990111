"""Blank pictures, noise, gradients, patterns and plain shapes."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw

from cervix_models.contracts import Image
from cervix_models.data import painting

Colour = tuple[int, int, int]

PLAIN: tuple[Colour, ...] = (
    (255, 255, 255), (0, 0, 0), (128, 128, 128), (236, 232, 240), (230, 160, 180), (90, 150, 170),
    (60, 40, 100), (220, 110, 70), (0, 255, 0), (20, 60, 200), (250, 230, 40), (180, 200, 215),
)  # fmt: skip


def any_size(rng: np.random.Generator) -> tuple[int, int]:
    """A height and width such as cell crops have."""
    height, width = rng.integers(90, 340, 2)
    return int(height), int(width)


def any_colour(rng: np.random.Generator) -> Colour:
    """A colour of any hue."""
    red, green, blue = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.2, 1), rng.uniform(0.2, 1))
    return round(255 * red), round(255 * green), round(255 * blue)


def as_image(values: NDArray[np.floating[Any]]) -> Image:
    """Values `(height, width, 3)` or `(height, width)`, 0..255, as an RGB image."""
    full = values if values.ndim == 3 else np.repeat(values[..., np.newaxis], 3, axis=2)
    return np.clip(np.rint(full), 0, 255).astype(np.uint8)


def blank(rng: np.random.Generator, number: int) -> Image:
    """One colour all over, in every second picture with a sensor's faint grain."""
    height, width = any_size(rng)
    colour = np.asarray(PLAIN[number % len(PLAIN)], float)
    grain = rng.normal(0, 2 * (number % 2), (height, width, 3))
    return as_image(np.full((height, width, 3), colour) + grain)


def noise(rng: np.random.Generator, number: int) -> Image:
    """White, grey, salt-and-pepper or cloudy noise, the clouds in the colours of a stain."""
    shape = any_size(rng)
    match number % 4:
        case 0:
            return as_image(rng.uniform(0, 255, (*shape, 3)))
        case 1:
            return as_image(rng.normal(128, 20 + 10 * number, shape))
        case 2:
            field = np.full(shape, 200.0)
            field[rng.random(shape) < 0.15] = 0
            field[rng.random(shape) < 0.15] = 255
            return as_image(field)
        case _:
            scale = 2.0 + 1.5 * number
            clouds = np.clip(0.8 + 0.5 * painting.noise(rng, shape, scale), 0, None)
            return as_image(230 * 10 ** -painting.stained(clouds, any_colour(rng)))


def gradient(rng: np.random.Generator, number: int) -> Image:
    """A straight or round passage from one colour to another, or all hues in a row."""
    height, width = any_size(rng)
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    if number % 3 == 2:
        hues = np.array([colorsys.hsv_to_rgb(hue, 0.8, 0.9) for hue in np.linspace(0, 1, width)])
        return as_image(np.broadcast_to(255 * hues, (height, width, 3)))
    angle = rng.uniform(0, 2 * np.pi)
    straight = 0.5 + (rows - 0.5) * np.sin(angle) + (columns - 0.5) * np.cos(angle)
    way = straight if number % 3 == 0 else np.hypot(rows - 0.5, columns - 0.5) * 1.4
    mixed = np.clip(way, 0, 1)[..., np.newaxis]
    first, last = np.asarray(any_colour(rng), float), np.asarray(any_colour(rng), float)
    return as_image(first * (1 - mixed) + last * mixed)


def pattern(rng: np.random.Generator, number: int) -> Image:
    """A checkerboard, stripes, dots, waves, a QR-like code, a bar code or a brick wall."""
    height, width = any_size(rng)
    rows, columns = np.mgrid[:height, :width]
    step = int(rng.integers(8, 40))
    match number % 7:
        case 0:
            on = (rows // step + columns // step) % 2 == 0
        case 1:
            on = ((rows + columns) // step) % 2 == 0
        case 2:
            on = np.hypot(rows % step - step / 2, columns % step - step / 2) < step / 3
        case 3:
            on = np.sin(columns / step + 3 * np.sin(rows / (2 * step))) > 0
        case 4:
            on = _code(rng, height, width)
        case 5:
            on = np.repeat(rng.random(width // 3 + 1) < 0.5, 3)[columns]
        case _:
            on = ((columns + step * (rows // step % 2)) % (2 * step) > 2) & (rows % step > 2)
    light, dark = (255, 255, 255), (0, 0, 0)
    if number >= 7:
        light, dark = any_colour(rng), any_colour(rng)
    return as_image(
        np.where(on[..., np.newaxis], np.asarray(light), np.asarray(dark)).astype(float)
    )


def shape(rng: np.random.Generator, number: int) -> Image:
    """A few flat, hard-edged shapes: what a drawing program makes, and no microscope."""
    height, width = any_size(rng)
    picture = PilImage.new("RGB", (width, height), any_colour(rng) if number % 2 else "white")
    brush = ImageDraw.Draw(picture)
    for _ in range(1 + number):
        left, right = sorted(rng.uniform(0, width, 2))
        top, low = sorted(rng.uniform(0, height, 2))
        box = [left, top, max(right, left + 4), max(low, top + 4)]
        match int(rng.integers(3)):
            case 0:
                brush.rectangle(box, fill=any_colour(rng))
            case 1:
                brush.regular_polygon(
                    (box[0], box[1], 10 + 0.2 * width),
                    int(rng.integers(3, 7)),
                    fill=any_colour(rng),
                )
            case _:
                brush.line(box, fill=any_colour(rng), width=int(rng.integers(2, 12)))
    return np.asarray(picture)


def _code(rng: np.random.Generator, height: int, width: int) -> NDArray[np.bool_]:
    """A square code of 25 x 25 dots with three finder corners, on a quiet border."""
    dots = rng.random((25, 25)) < 0.5
    finder = np.ones((7, 7), bool)
    finder[1:6, 1:6] = False
    finder[2:5, 2:5] = True
    for top, left in ((0, 0), (0, 18), (18, 0)):
        dots[top : top + 7, left : left + 7] = finder
    framed = np.pad(dots, 3)
    size = (width, height)
    grown = PilImage.fromarray(~framed).resize(size, PilImage.Resampling.NEAREST)
    return np.asarray(grown)

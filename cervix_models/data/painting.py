"""The brushes of the sample cells: outlines, noise, layers of stain, and the microscope's softness.

Light is taken away as in a real slide: each layer has an optical density a channel, densities add
up, and what is left of the light is the picture (Beer and Lambert).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_filter1d
from skimage.draw import polygon2mask

from cervix_models.contracts import Image, Mask

Field = NDArray[np.floating[Any]]  # (height, width), or (height, width, 3) where it holds densities
Points = NDArray[np.float64]  # (count, 2): row, column
Shape = tuple[int, int]
Colour = tuple[int, int, int]

POINTS_AROUND = 256


def noise(rng: np.random.Generator, shape: Shape, scale: float) -> Field:
    """Smooth noise `shape` of mean 0 and deviation 1, with blobs about `scale` pixels wide."""
    field = gaussian_filter(rng.standard_normal(shape), scale, mode="reflect")
    return (field - field.mean()) / max(float(field.std()), 1e-9)


def outline(rng: np.random.Generator, corners: int, rounding: float, ragged: float) -> Points:
    """A closed outline about (0, 0) of mean radius about 1: `corners` corners, worn down by
    `rounding` (part of the way round, 0 sharp to 0.3 a disc), their radii uneven by `ragged`."""
    turns = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) / corners * 2 * np.pi
    radii = 1 + rng.uniform(-ragged, ragged, corners)
    knots = np.stack([np.sin(turns) * radii, np.cos(turns) * radii], axis=1)
    way = np.linspace(0, corners, POINTS_AROUND, endpoint=False)
    closed = np.vstack([knots, knots[:1]])
    line = np.stack(
        [np.interp(way, np.arange(corners + 1), closed[:, at]) for at in (0, 1)], axis=1
    )
    worn = gaussian_filter1d(line, max(rounding, 0.01) * POINTS_AROUND, axis=0, mode="wrap")
    worn = worn / np.hypot(*(worn - worn.mean(axis=0)).T).mean()
    frayed = gaussian_filter1d(rng.standard_normal(POINTS_AROUND), 4, mode="wrap")
    return worn * (1 + 0.1 * ragged / max(float(frayed.std()), 1e-9) * frayed)[:, np.newaxis]


def fitted(points: Points, top_left: tuple[float, float], size: tuple[float, float]) -> Points:
    """The outline stretched to fill the upright box of `size` (height, width) at `top_left`."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - low) / (high - low) * np.asarray(size) + np.asarray(top_left)


def turned(points: Points, angle: float, stretch: float = 1.0) -> Points:
    """The outline made `stretch` times longer than wide at the same area, and turned."""
    long = points * np.array([stretch**0.5, stretch**-0.5])
    cosine, sine = np.cos(angle), np.sin(angle)
    return long @ np.array([[cosine, -sine], [sine, cosine]])


def filled(points: Points, shape: Shape) -> Mask:
    """The pixels inside the outline."""
    return polygon2mask(shape, points)


def depth(mask: Mask) -> Field:
    """How far inside `mask` a pixel lies, in pixels; 0 outside."""
    return distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]


def distance_to(mask: Mask) -> Field:
    """How far outside `mask` a pixel lies, in pixels; 0 inside."""
    return distance_transform_edt(~mask)


def density_of(colour: Colour) -> Field:
    """The optical density a channel `(3,)` under which white light takes on `colour`."""
    return -np.log10(np.clip(np.asarray(colour, float), 4, 255) / 255)


def stained(thickness: Field, colour: Colour) -> Field:
    """The layer `(height, width, 3)` of a stain that shows `colour` where `thickness` is 1."""
    return thickness[..., np.newaxis] * density_of(colour)


def mixed(
    rng: np.random.Generator, thickness: Field, colours: tuple[Colour, Colour], share: float
) -> Field:
    """The layer `(height, width, 3)` of two stains: `share` of the second on average, in clouds."""
    shape = thickness.shape
    second = np.clip(share * (1 + 0.8 * noise(rng, shape, max(shape) / 9)), 0, 1)
    return stained(thickness * (1 - second), colours[0]) + stained(thickness * second, colours[1])


def strands(rng: np.random.Generator, shape: Shape, count: int, width: float) -> Field:
    """`count` faint curved lines across the picture, 0..1, `width` pixels wide: folds and mucus."""
    field = np.zeros(shape)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for _ in range(count):
        angle, bend = rng.uniform(0, np.pi), rng.uniform(-0.6, 0.6)
        row, column = rng.uniform(0.25, 0.75, 2) * shape
        along = (rows - row) * np.sin(angle) + (columns - column) * np.cos(angle)
        across = (rows - row) * np.cos(angle) - (columns - column) * np.sin(angle)
        reach = rng.uniform(0.15, 0.4) * max(shape)
        off = across - bend * along**2 / max(shape)
        field += np.exp(-((off / width) ** 2)) * np.exp(-((along / reach) ** 2))
    return np.clip(field, 0, 1)


def granules(rng: np.random.Generator, mask: Mask, count: int, radius: float) -> Field:
    """`count` round specks of about `radius` pixels inside `mask`, 0..1."""
    field = np.zeros(mask.shape)
    places = np.argwhere(mask)
    if len(places) == 0 or count == 0:
        return field
    for row, column in places[rng.integers(len(places), size=count)]:
        reach = radius * rng.uniform(0.6, 1.4)
        span = int(3 * reach) + 1
        top, left = max(0, row - span), max(0, column - span)
        rows, columns = np.ogrid[top : row + span + 1, left : column + span + 1]
        window = field[top : row + span + 1, left : column + span + 1]
        rows, columns = rows[: window.shape[0]], columns[:, : window.shape[1]]
        spot = np.exp(-((((rows - row) ** 2 + (columns - column) ** 2) / reach**2) ** 2))
        window += rng.uniform(0.3, 1) * spot
    return np.clip(field, 0, 1)


def lamp(rng: np.random.Generator, shape: Shape, colour: Colour) -> Field:
    """The light `(height, width, 3)` that reaches the slide, 0..255: uneven by a few per cent."""
    rows, columns = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    slope = rng.uniform(-0.03, 0.03, 2)
    uneven = 1 + slope[0] * rows + slope[1] * columns + 0.008 * noise(rng, shape, max(shape) / 8)
    return uneven[..., np.newaxis] * np.asarray(colour, float)


def photographed(
    rng: np.random.Generator, light: Field, density: Field, blur: float, grain: float
) -> Image:
    """The picture a camera takes: light through `density`, out of focus by `blur` pixels, colour
    softer than brightness as in a JPEG, and a grain of deviation `grain` grey levels."""
    seen = gaussian_filter(light * 10**-density, (blur, blur, 0), mode="nearest")
    brightness = seen.mean(axis=2, keepdims=True)
    colour = gaussian_filter(seen - brightness, (1.2, 1.2, 0), mode="nearest")
    speckle = gaussian_filter(rng.standard_normal(seen.shape), (0.7, 0.7, 0.3), mode="reflect")
    speckle *= grain / max(float(speckle.std()), 1e-9)
    return np.clip(np.rint(brightness + colour + speckle), 0, 255).astype(np.uint8)

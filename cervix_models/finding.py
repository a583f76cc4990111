"""Nuclei found in whole fields: a network's map, window by window, and its peaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import peak_local_max

from cervix_models.contracts import Image
from cervix_models.data.fields import shrunk
from cervix_models.inference import Batch, normalised, sigmoid, turned, turned_back

LEAST = 0.1  # a lower peak is none
PALE = 190  # of 255: a window that is nowhere darker, in any colour, is bare ground
SMOOTH = 1.0  # standard deviation in places of the map
ROUND = 2  # places of the map
Logits = Callable[[Batch], Batch]  # of images (n, 3, side, side): maps (n, 1, side / 2, side / 2)


@dataclass(frozen=True)
class Sight:
    """How a finder is shown a field."""

    side: int  # of its windows, in pixels of the shrunk field; a quarter is shared with the next
    scale: float  # of the shrunk field
    stride: int  # pixels of a window a place of the map
    mean: tuple[float, ...]
    std: tuple[float, ...]
    views: int = 1  # quarter turns that are averaged over, 1 to 4


def nuclei_of(image: Image, logits: Logits, sight: Sight, apart: float) -> NDArray[np.float64]:
    """Centres and scores `(k, 3)` of the nuclei of a field: x, y in its own pixels, 0..1.

    Two are at least `apart` pixels from each other. The best comes first.
    """
    return peaks_of(score_map(shrunk(image, sight.scale), logits, sight), sight, apart)


def peaks_of(scores: NDArray[np.float32], sight: Sight, apart: float) -> NDArray[np.float64]:
    """The peaks `(k, 3)` of a map, as nuclei_of gives them.

    The map is smoothed first; a peak lies in the centre of mass of what rises round its top.
    """
    step = sight.stride / sight.scale  # own pixels a place of the map
    smooth = gaussian_filter(scores, SMOOTH)
    tops = peak_local_max(
        smooth, min_distance=max(1, round(apart / step)), threshold_abs=LEAST, exclude_border=False
    )
    middles = np.array([_middle(smooth, int(row), int(column)) for row, column in tops])
    found = np.column_stack([(middles.reshape(-1, 2)[:, ::-1] + 0.5) * step, smooth[*tops.T]])
    return found[np.argsort(-found[:, 2], kind="stable")]


def _middle(scores: NDArray[np.float32], row: int, column: int) -> tuple[float, float]:
    """Row and column of the centre of mass round a top, within ROUND places of it."""
    top, left = max(0, row - ROUND), max(0, column - ROUND)
    piece = scores[top : row + ROUND + 1, left : column + ROUND + 1]
    weights = piece - piece.min() + 1e-9
    rows, columns = np.mgrid[: piece.shape[0], : piece.shape[1]]
    whole = weights.sum()
    return (
        top + float((rows * weights).sum() / whole),
        left + float((columns * weights).sum() / whole),
    )


def score_map(image: Image, logits: Logits, sight: Sight) -> NDArray[np.float32]:
    """Probabilities `(h / stride, w / stride)` of a shrunk field `(h, w, 3)`, from windows."""
    height, width = image.shape[:2]
    side, stride, rim = sight.side, sight.stride, sight.side // 8
    missing = [max(0, side - each) for each in (height, width)]
    image = np.pad(image, [(0, missing[0]), (0, missing[1]), (0, 0)], "symmetric")
    shape = (-(-image.shape[0] // stride), -(-image.shape[1] // stride))
    out = np.zeros(shape, np.float32)
    for top, left in _corners(image.shape[0], image.shape[1], side):
        window = image[top : top + side, left : left + side]
        if window.min() > PALE:
            continue
        batch = normalised(window[None], sight.mean, sight.std)
        scores = np.mean(
            [
                turned_back(sigmoid(logits(turned(batch, view))), view)[0, 0]
                for view in range(sight.views)
            ],
            axis=0,
        )
        up, lo = (0 if top == 0 else rim // stride), (0 if left == 0 else rim // stride)
        y, x = top // stride + up, left // stride + lo
        inner = scores[up:, lo:]
        piece = out[y : y + inner.shape[0], x : x + inner.shape[1]]
        piece[:] = inner[: piece.shape[0], : piece.shape[1]]
    return out[: -(-height // stride), : -(-width // stride)]


def _corners(height: int, width: int, side: int) -> Iterator[tuple[int, int]]:
    """The upper left corners of windows that cover a field, on even pixels, in reading order."""
    for top in _starts(height, side):
        for left in _starts(width, side):
            yield top, left


def _starts(length: int, side: int) -> list[int]:
    step = side - side // 4
    last = (length - side) // 2 * 2
    return [*range(0, last, step), last]

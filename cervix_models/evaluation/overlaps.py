"""Where two crops of one cluster show the same pixels, found by laying one over the other.

Crops of a cluster are cut from one field, so where they overlap they are equal but for JPEG. The
sum of squared differences at every shift comes from a few Fourier transforms, as in Lewis: Fast
Normalized Cross-Correlation (1995); divided by the spread of what lies under the shift, it is below
.02 where crops of three fields with known boxes overlap, and above .1 anywhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from cervix_models.contracts import Image

SAME = 0.04  # difference over spread, below which two crops show the same
LEAST_PART, LEAST_PIXELS = 0.02, 400  # of the smaller crop, and in all, that must lie together
FLAT = 4.0  # grey levels squared: the spread of what is even is taken to be this
EMPTY = 1e9


@dataclass(frozen=True)
class Overlap:
    """Two crops that show the same pixels."""

    across: int  # pixels from the left edge of the first to that of the second
    down: int  # pixels from the upper edge of the first to that of the second
    pixels: int  # that both show


def overlap_of(first: Image, second: Image) -> Overlap | None:
    """Where two crops `(h, w, 3)` of one field overlap; None where they do not, or by too little
    to be told."""
    grey = [each.mean(axis=2, dtype=np.float32) for each in (first, second)]
    (height, width), (other_height, other_width) = grey[0].shape, grey[1].shape
    differences, counts = _differences(grey[0], grey[1])
    least = max(LEAST_PIXELS, LEAST_PART * min(grey[0].size, grey[1].size))
    differences[counts < least] = EMPTY
    at = int(differences.argmin())
    if differences.flat[at] > SAME:
        return None
    down, across = (int(each) for each in np.unravel_index(at, differences.shape))
    down -= differences.shape[0] if down >= height else 0
    across -= differences.shape[1] if across >= width else 0
    together = (min(height, down + other_height) - max(0, down)) * (
        min(width, across + other_width) - max(0, across)
    )
    return Overlap(across, down, together)


def _differences(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """At every shift of the second over the first: the mean squared difference over the spread of
    both, and how many pixels lie together. Negative shifts stand at the end."""
    size = tuple(
        fft.next_fast_len(a + b - 1, real=True)
        for a, b in zip(first.shape, second.shape, strict=True)
    )
    middle = (first.mean() + second.mean()) / 2
    one, two = (
        [
            fft.rfft2(part, size)
            for part in (np.ones_like(grey), grey - middle, (grey - middle) ** 2)
        ]
        for grey in (first, second)
    )  # how many, their sum, their squares

    def together(of_first: int, of_second: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = fft.irfft2(one[of_first] * two[of_second].conj(), size)
        return found

    counts = np.maximum(together(0, 0), 1)
    squares, other_squares = together(2, 0) / counts, together(0, 2) / counts
    spread = squares - (together(1, 0) / counts) ** 2
    other_spread = other_squares - (together(0, 1) / counts) ** 2
    difference = squares + other_squares - 2 * together(1, 1) / counts
    found = difference / np.maximum((spread + other_spread) / 2, FLAT)
    return found.astype(np.float32), counts


def pairs_within(clusters: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Every two places that have the same cluster."""
    places = defaultdict(list)
    for at, cluster in enumerate(clusters):
        places[cluster].append(at)
    for each in places.values():
        yield from combinations(each, 2)

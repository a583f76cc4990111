"""How well masks match outlines and boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS

Masks = NDArray[np.uint8]  # (n, h, w), values of contracts; 255 where the truth is unknown

_UNKNOWN = 255
DRAWS = 1000


def dice_scores(found: Masks, truth: Masks) -> dict[str, NDArray[np.float64]]:
    """The Dice `(n,)` of nucleus, cytoplasm (without nucleus) and whole cell, over known pixels.

    Foreground only: background never counts. Where both masks are empty the score is 1.
    """
    return {name: _dice(a, b) for name, (a, b) in _regions(found, truth).items()}


def pooled_dice(found: Masks, truth: Masks) -> dict[str, float]:
    """The Dice of the same regions, of the known pixels of all cells together."""
    return {
        name: float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))
        for name, (a, b) in _regions(found, truth).items()
    }


def box_errors(found: Masks, sizes: NDArray[np.int64], margin: int = 10) -> NDArray[np.float64]:
    """How far the found cell's box is from the known one `(n,)`: its worst side, in box sizes.

    The known box is the crop without its margin; `sizes` `(n, 2)` are width and height of the crop
    in pixels, to which the masks are stretched. A cell that was not found counts as 1.
    """
    return np.array([_box_error(m, s, margin) for m, s in zip(found, sizes, strict=True)])


def with_interval(
    values: NDArray[np.float64], groups: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """The mean `{value, low, high}` with a 95 % interval by bootstrap over groups."""
    names, at = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(at, values), np.bincount(at)
    picks = np.random.default_rng(seed).integers(len(names), size=(DRAWS, len(names)))
    drawn = sums[picks].sum(1) / counts[picks].sum(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def _regions(found: Masks, truth: Masks) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    known = truth != _UNKNOWN
    return {
        "nucleus": ((found == NUCLEUS) & known, (truth == NUCLEUS) & known),
        "cytoplasm": ((found == CYTOPLASM) & known, (truth == CYTOPLASM) & known),
        "cell": ((found != BACKGROUND) & known, (truth != BACKGROUND) & known),
    }


def _dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    both = (found & truth).sum((1, 2))
    total = found.sum((1, 2)) + truth.sum((1, 2))
    return np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)


def _box_error(mask: NDArray[np.uint8], size: NDArray[np.int64], margin: int) -> float:
    rows, columns = (np.flatnonzero((mask != BACKGROUND).any(axis)) for axis in (1, 0))
    if not len(rows):
        return 1.0
    width, height = (float(each) for each in size)
    x = np.array([columns[0], columns[-1] + 1]) / mask.shape[1] * width
    y = np.array([rows[0], rows[-1] + 1]) / mask.shape[0] * height
    across, down = width - 2 * margin, height - 2 * margin
    off_x = np.abs(x - [margin, width - margin]).max() / across
    off_y = np.abs(y - [margin, height - margin]).max() / down
    return float(max(off_x, off_y))

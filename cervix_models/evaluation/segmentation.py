"""How well masks match outlines and boxes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS
from cervix_models.data.masks import CROP_MARGIN

Masks = NDArray[np.uint8]  # (n, h, w), values of contracts; 255 where the truth is unknown

_UNKNOWN = 255
LABELS = (BACKGROUND, CYTOPLASM, NUCLEUS)
DRAWS = 1000
THRESHOLDS = np.arange(30, 81, 5) / 100


def dice_scores(found: Masks, truth: Masks) -> dict[str, NDArray[np.float64]]:
    """The Dice `(n,)` of nucleus, cytoplasm (without nucleus) and whole cell, over known pixels.

    Foreground only: background never counts. Where both masks are empty the score is 1.
    """
    return {name: _dice(a, b) for name, (a, b) in _regions(found, truth).items()}


def iou_scores(found: Masks, truth: Masks) -> dict[str, NDArray[np.float64]]:
    """The intersection over union `(n,)` of the same regions, over known pixels; 1 where empty."""
    return {
        name: (a & b).sum((1, 2)) / np.maximum((a | b).sum((1, 2)), 1)
        + ~(a | b).any((1, 2))  # nothing found where nothing is
        for name, (a, b) in _regions(found, truth).items()
    }


def dice_with_background(found: Masks, truth: Masks) -> NDArray[np.float64]:
    """The mean Dice `(n,)` of background, cytoplasm and nucleus, as documents that count the
    background give it; over known pixels."""
    known = truth != _UNKNOWN
    return np.mean([_dice((found == label) & known, truth == label) for label in LABELS], axis=0)


def pixel_scores(found: Masks, truth: Masks) -> dict[str, NDArray[np.float64]]:
    """The part `(n,)` of known pixels that are told rightly: of all, of each label, the mean of the
    labels, and the part of the found nucleus that lies outside the true cell.

    NaN where a picture has no pixel of a kind.
    """
    known = truth != _UNKNOWN
    right = (found == truth) & known
    names = {BACKGROUND: "background", CYTOPLASM: "cytoplasm", NUCLEUS: "nucleus"}
    each = {
        f"{name}_accuracy": _part(right & (truth == label), truth == label)
        for label, name in names.items()
    }
    nucleus = (found == NUCLEUS) & known
    return {
        "pixel_accuracy": _part(right, known),
        **each,
        "mean_class_accuracy": np.nanmean(np.stack(list(each.values())), axis=0),
        "nucleus_outside_cell": _part(nucleus & (truth == BACKGROUND), nucleus),
    }


def best_thresholds(maps: NDArray[np.float32], truth: Masks) -> tuple[float, float]:
    """From which probability a pixel is of the cell, and of the nucleus, for the best mean Dice.

    `maps` `(n, 2, h, w)` are of cell and nucleus, 0..1; `truth` has their height and width. Of
    equally good ones the nearest to one half is taken.
    """
    known = truth != _UNKNOWN
    found = []
    for index, inside in enumerate(((CYTOPLASM, NUCLEUS), (NUCLEUS,))):
        wanted = np.isin(truth, inside)
        scores = [_dice((maps[:, index] > at) & known, wanted).mean() for at in THRESHOLDS]
        best = np.flatnonzero(np.asarray(scores) >= max(scores) - 1e-9)
        found.append(min((float(THRESHOLDS[at]) for at in best), key=lambda at: abs(at - 0.5)))
    return found[0], found[1]


def surface_distances(
    found: Masks, truth: Masks, sizes: NDArray[np.int64]
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """How far the outlines of nucleus and cell lie from the true ones, in pixels of the picture.

    `sizes` `(n, 2)` are width and height of the pictures, to which the masks are stretched. Of each
    region `hausdorff_95` `(n,)`, the 95th percentile of the distances between the two outlines
    (the larger of both ways), and `average_surface_distance` `(n,)`, their mean of both ways, by
    MONAI. NaN where a region is not found, or not there.
    """
    import torch
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    height, width = found.shape[1:]
    spacing = [(float(h) / height, float(w) / width) for w, h in sizes]
    out: dict[str, dict[str, NDArray[np.float64]]] = {}
    for name in ("nucleus", "cell"):
        ours, theirs = (torch.from_numpy(each)[:, None] for each in _regions(found, truth)[name])
        asked: dict[str, Any] = {"include_background": True, "spacing": spacing}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of regions that are not found: those are NaN
            both = {
                "hausdorff_95": compute_hausdorff_distance(ours, theirs, percentile=95, **asked),
                "average_surface_distance": compute_average_surface_distance(
                    ours, theirs, symmetric=True, **asked
                ),
            }
        out[name] = {key: _finite(value[:, 0].double().numpy()) for key, value in both.items()}
    return out


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


def pooled_dice(found: Masks, truth: Masks) -> dict[str, float]:
    """The Dice of the same regions, of the known pixels of all cells together."""
    return {
        name: float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))
        for name, (a, b) in _regions(found, truth).items()
    }


def box_errors(
    found: Masks, sizes: NDArray[np.int64], margin: int = CROP_MARGIN
) -> NDArray[np.float64]:
    """How far the found cell's box is from the known one `(n,)`: its worst side, in box sizes.

    The known box is the crop without its margin; `sizes` `(n, 2)` are width and height of the crop
    in pixels, to which the masks are stretched. A cell that was not found counts as 1.
    """
    return np.array([_box_error(m, s, margin) for m, s in zip(found, sizes, strict=True)])


def with_interval(
    values: NDArray[np.float64], groups: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """The mean `{value, low, high}` with a 95 % interval by bootstrap over groups; NaN left out."""
    there = ~np.isnan(values)
    values = values[there]
    names, at = np.unique(np.asarray(groups)[there], return_inverse=True)
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


def _part(hit: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The part `(n,)` of some pixels, NaN where there are none."""
    count = of.sum((1, 2))
    return np.where(count > 0, hit.sum((1, 2)) / np.maximum(count, 1), np.nan)


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

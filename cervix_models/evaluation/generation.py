"""How near made cells are to real ones, by the features of a network that saw neither made.

Features are rows `(n, width)` of any network; which one is for the caller to say.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

Features = NDArray[np.floating]
Labelled = tuple[Features, NDArray[np.int64]]  # with the class of each row

SUBSETS, SUBSET = 200, 300  # of the kernel distance: how many, of how many cells at most, a half
FEWEST = 4  # cells of a class whose distance is told
NEIGHBOURS = 3  # that make the ball round a cell (Kynkäänniemi et al. 2019)
NEAR = 0.01  # the part of unseen real cells that lie nearer to a training cell than is flagged


class _AsGiven(nn.Module):
    """What a metric of pictures takes for its network, where the features are there already."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def kernel_distance(real: Features, made: Features, seed: int = 0) -> dict[str, float]:
    """The kernel distance (KID, Binkowski et al., ICLR 2018): zero where both are of one kind.

    Value and interval are the mean and the middle 95 % over subsets of both.
    """
    size = max(2, min(SUBSET, len(real) // 2, len(made) // 2))
    random = np.random.default_rng(seed)
    pairs = [
        (random.permutation(len(real))[:size], random.permutation(len(made))[:size])
        for _ in range(SUBSETS)
    ]
    one, two = (torch.from_numpy(np.asarray(each, np.float64)) for each in (real, made))
    apart = [float(poly_mmd(one[a], two[b])) for a, b in pairs]
    low, high = np.quantile(apart, [0.025, 0.975])
    return {"value": float(np.mean(apart)), "low": float(low), "high": float(high)}


def kernel_distance_gap(
    real: Features, made: Features, other: Features, seed: int = 0
) -> dict[str, float]:
    """The kernel distance of made cells less that of other made ones, from the same real cells each
    time: below zero where the first are nearer. Value and interval as in `kernel_distance`."""
    size = max(2, min(SUBSET, *(len(each) // 2 for each in (real, made, other))))
    random = np.random.default_rng(seed)
    one, two, three = (torch.from_numpy(np.asarray(x, np.float64)) for x in (real, made, other))
    gaps = []
    for _ in range(SUBSETS):
        a, b, c = (random.permutation(len(each))[:size] for each in (one, two, three))
        gaps.append(float(poly_mmd(one[a], two[b])) - float(poly_mmd(one[a], three[c])))
    low, high = np.quantile(gaps, [0.025, 0.975])
    return {"value": float(np.mean(gaps)), "low": float(low), "high": float(high)}


def kernel_distance_by_class(
    real: Labelled, made: Labelled, names: tuple[str, ...], seed: int = 0
) -> dict[str, dict[str, float]]:
    """The kernel distance of each class of which both have enough cells to be halved."""
    found = {}
    for at, name in enumerate(names):
        one, two = (features[labels == at] for features, labels in (real, made))
        if min(len(one), len(two)) >= FEWEST:
            found[name] = kernel_distance(one, two, seed)
    return found


def frechet_distance(real: Features, made: Features) -> float:
    """The Frechet distance of two Gaussians (FID, Heusel et al. 2017); too large for few cells."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Metric `FrechetInceptionDistance` will save")
        metric = FrechetInceptionDistance(feature=_AsGiven(real.shape[1])).set_dtype(torch.float64)
    for features, is_real in ((real, True), (made, False)):
        metric.update(torch.from_numpy(np.asarray(features, np.float64)), real=is_real)
    return float(metric.compute())


def precision_and_recall(real: Features, made: Features) -> dict[str, float]:
    """The part of made cells among the real ones, and of real ones among the made (Kynkäänniemi et
    al.: Improved Precision and Recall, NeurIPS 2019)."""
    return {"precision": _within(real, made), "recall": _within(made, real)}


def _within(ground: Features, asked: Features) -> float:
    """The part of `asked` that lie in the ball of some cell of the `ground`."""
    known = NearestNeighbors(n_neighbors=min(NEIGHBOURS + 1, len(ground))).fit(ground)
    reach = known.kneighbors(ground)[0][:, -1]
    return float((cdist(asked, ground) <= reach).any(1).mean())


def memorised(usual: NDArray[np.float64], found: NDArray[np.float64]) -> dict[str, float]:
    """How near made cells come to those that were learned from, against unseen real cells; given
    are the distances of unseen `(n,)` and of made ones `(k,)`.

    `flagged` is the part of made cells nearer than all but NEAR of the unseen real ones.
    """
    least = float(np.quantile(usual, NEAR))
    return {
        "real_first_percentile": least,
        "real_median": float(np.median(usual)),
        "made_least": float(found.min()),
        "made_median": float(np.median(found)),
        "flagged": float((found < least).mean()),
    }


def likeness(real: Features, made: Features) -> dict[str, Any]:
    """All that two sets of features say of each other."""
    return {
        "kid": kernel_distance(real, made),
        "fid": frechet_distance(real, made),
        **precision_and_recall(real, made),
    }


def recognised(
    asked: NDArray[np.int64], found: NDArray[np.int64], names: tuple[str, ...]
) -> dict[str, Any]:
    """The part of cells `(n,)` that are taken for the class that was asked for; in all, and of
    each class."""
    right = asked == found
    by_class = {
        name: float(right[asked == at].mean())
        for at, name in enumerate(names)
        if (asked == at).any()
    }
    return {"value": float(right.mean()), "by_class": by_class}


def summarised(metrics: Mapping[str, Any]) -> str:
    """The figures of a generator in one sentence."""
    kid, floor, told = metrics["kid"], metrics["floor"]["kid"], metrics.get("recognised")
    known = f"; {told['value']:.1%} are taken for the class asked for" if told else ""
    if control := metrics.get("control"):
        dice = {part: each["value"] for part, each in control["dice"].items()}
        known += (
            f"; of outlines that are given, the nucleus is found by {dice['nucleus']:.3f} and the "
            f"cytoplasm by {dice['cytoplasm']:.3f} (Dice)"
        )
    return (
        f"kernel distance {kid['value']:.4f} ({kid['low']:.4f} to {kid['high']:.4f}) from "
        f"{metrics['held_out']:,} real {'cells of clusters' if told else 'images'} held out, "
        f"{floor['value']:.4f} between real ones{known}"
    )


def summarised_translation(metrics: Mapping[str, Any]) -> str:
    """The figures of what turns cells into others, in one sentence."""
    ways = metrics["ways"]
    kept = np.mean([way["again"]["ssim"] for way in ways.values()])
    again = f"back again they are like themselves by {kept:.2f} (SSIM)"
    if not all("recognised" in way for way in ways.values()):
        near = ", ".join(f"{way['kid']['value']:.4f} as {label}" for label, way in ways.items())
        return (
            f"of {metrics['held_out']:,} real images held out, turned into another class, the "
            f"kernel distance from real ones is {near}; {again}"
        )
    told = ", ".join(f"{way['recognised']:.1%} as {label}" for label, way in ways.items())
    return (
        f"of {metrics['held_out']:,} real cells of clusters held out, turned into another class, "
        f"{told} are taken for it; {again}"
    )

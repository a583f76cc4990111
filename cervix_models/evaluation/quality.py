"""What an image set is like: copies, near copies, and how far its pictures are from others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as PilImage
from scipy.stats import ks_2samp

from cervix_models.contracts import Image
from cervix_models.data.index import Index
from cervix_models.data.pictures import read_rgb
from cervix_models.evaluation.leak_check import near_duplicates
from cervix_models.gate import quality

Progress = Callable[[int, int], None]  # pictures done, pictures in all
Small = NDArray[np.uint8]  # (n, 32, 32, 3)

SIDE = 32  # pixels a side of a small picture
WORKERS = 4
BINS = 10
LEAST = 1e-4  # share of a bin that is empty
# Of the population stability index, as is usual: Siddiqi, Credit Risk Scorecards, 2006.
SOME, MUCH = 0.1, 0.25
MEASURES = {
    "sharpness": "Sharpness (log of the variance of edges)",
    "brightness": "Brightness, 0 to 1",
    "contrast": "Contrast",
    "colour": "Strength of colour",
    "red": "Red, mean 0 to 1",
    "green": "Green, mean 0 to 1",
    "blue": "Blue, mean 0 to 1",
    "side": "Side, pixels",
}


@dataclass(frozen=True)
class Drift:
    """How far one measure of a set is from that of another."""

    measure: str
    ks: float  # largest distance of the two distributions, 0..1 (Kolmogorov and Smirnov)
    p: float  # how likely so large a distance is where both are the same
    psi: float  # population stability index

    @property
    def words(self) -> str:
        """How much that is."""
        return "little" if self.psi < SOME else "some" if self.psi < MUCH else "much"


def measured(index: Index, progress: Progress) -> tuple[pd.DataFrame, Small]:
    """A row a picture of a set, with its measures, and all pictures small, in one order.

    Raises OSError for a picture that cannot be read any more.
    """

    def one(path: str) -> tuple[dict[str, float], NDArray[np.uint8]]:
        pixels = read_rgb(index.root / path)
        return measures_of(pixels), small_of(pixels)

    found = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for each in pool.map(one, [row.path for row in index.rows]):
            found.append(each)
            progress(len(found), len(index.rows))
    facts = [
        {"path": row.path, "sha256": row.sha256, "label": row.label or "", "cluster": row.cluster,
         "width": row.width, "height": row.height}
        for row in index.rows
    ]  # fmt: skip
    rows = [{**fact, **told} for fact, (told, _) in zip(facts, found, strict=True)]
    return pd.DataFrame(rows), np.stack([small for _, small in found])


def measures_of(pixels: Image) -> dict[str, float]:
    """The measures of one picture, by the names of MEASURES."""
    red, green, blue = (float(pixels[..., at].mean()) / 255 for at in range(3))
    side = float(np.sqrt(pixels.shape[0] * pixels.shape[1]))
    return {**quality(pixels), "red": red, "green": green, "blue": blue, "side": side}


def small_of(pixels: Image) -> NDArray[np.uint8]:
    """A picture squashed to `(32, 32, 3)`."""
    small = PilImage.fromarray(pixels).resize((SIDE, SIDE), PilImage.Resampling.BOX)
    return np.asarray(small)


def copies(table: pd.DataFrame) -> list[list[str]]:
    """The paths of pictures that are equal byte for byte, together."""
    by_hash: dict[str, list[str]] = defaultdict(list)
    for path, sha256 in zip(table["path"], table["sha256"], strict=True):
        by_hash[sha256].append(path)
    return [each for each in by_hash.values() if len(each) > 1]


def near_copies(table: pd.DataFrame, small: Small) -> list[tuple[str, str]]:
    """The paths of pictures that are nearly equal, by twos, those left out that are wholly so."""
    paths, sha256 = table["path"].tolist(), table["sha256"].tolist()
    pairs = near_duplicates(small, np.arange(len(small)))
    return [(paths[a], paths[b]) for a, b in pairs if sha256[a] != sha256[b]]


def known_in(small: Small, other: Small) -> list[tuple[int, int]]:
    """Which pictures are nearly equal to one of another set: positions here and there."""
    both = np.concatenate([small, other])
    pairs = near_duplicates(both, np.arange(len(both)))
    count = len(small)
    return [(one, two - count) for one, two in pairs if one < count <= two]


def drifts(table: pd.DataFrame, other: pd.DataFrame) -> list[Drift]:
    """How far each measure of a set is from that of another, the farthest first."""
    found = []
    for name in MEASURES:
        ours, theirs = table[name].to_numpy(float), other[name].to_numpy(float)
        test = ks_2samp(ours, theirs)
        psi = stability_index(ours, theirs)
        found.append(Drift(name, float(test.statistic), float(test.pvalue), psi))
    return sorted(found, key=lambda each: -each.psi)


def stability_index(values: Sequence[float], reference: Sequence[float]) -> float:
    """The population stability index of values against a reference, in tenths of that: 0 where
    both are spread alike."""
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)))
    if len(edges) > 2:
        edges[0], edges[-1] = -np.inf, np.inf
    else:  # the reference is one value, or nearly so: what lies beside it counts as elsewhere
        edges = np.array([-np.inf, *edges, np.nextafter(edges[-1], np.inf), np.inf])
    ours, theirs = (np.histogram(each, edges)[0] / len(each) for each in (values, reference))
    ours, theirs = ours.clip(LEAST), theirs.clip(LEAST)
    return float(((ours - theirs) * np.log(ours / theirs)).sum())

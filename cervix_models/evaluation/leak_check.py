"""What of cells that are held out is also learned from: their cluster, the same or nearly the same
picture, or cells that were made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from scipy import fft

from cervix_models.data.packed import PackedSet
from cervix_models.data.splits import Fold

LeakKind = Literal["cluster", "image", "near_duplicate", "synthetic_child"]
KINDS: dict[LeakKind, str] = {
    "cluster": "cells of one cluster",
    "image": "equal pictures",
    "near_duplicate": "nearly equal pictures",
    "synthetic_child": "cells made of cells",
}
SIDE, LOW = 32, 8  # pixels a side that are transformed; of which the lowest frequencies are kept
FAR = 10  # bits of 64 by which the hashes of nearly equal pictures may differ
ALIKE = 0.985  # correlation of their pixels, once turned alike; other cells stay below 0.97
ROWS = 512  # pictures compared at once
NAMED = 5  # of the cells concerned

EMPTY: NDArray[np.int64] = np.zeros(0, np.int64)
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Leak:
    """One way in which what is held out in a fold is learned from."""

    kind: LeakKind
    fold: int
    count: int  # cells held out that are concerned
    named: tuple[str, ...]  # some of them, by cluster or picture

    @property
    def sentence(self) -> str:
        """The leak in words."""
        more = ", ..." if self.count > len(self.named) else ""
        return (
            f"Fold {self.fold}: {self.count} held-out cells have {KINDS[self.kind]} among those "
            f"learned from ({', '.join(self.named)}{more})."
        )


@dataclass(frozen=True)
class Origin:
    """Where a made cell comes from, as its mark says: the first digits of hashes."""

    parent: str | None = None  # of the picture that was turned into it
    weights: str | None = None  # of the generator


def leaks_of(
    packed: PackedSet, folds: Sequence[Fold], origins: Mapping[str, Origin],
    held_out_of: Mapping[str, Iterable[str]] | None = None,
) -> list[Leak]:  # fmt: skip
    """Every leak of some folds of a packed file, by fold.

    `origins` says of made pictures, by sha256, what they were made of; `held_out_of` gives of a
    generator's weights, by their first digits, the hashes of the lists that it did not learn from.
    """
    whole = [part for each in folds for part in (each.train, each.held_out)]
    pairs = near_duplicates(packed.images, np.unique(np.concatenate(whole)) if whole else EMPTY)
    found = []
    for number, fold in enumerate(folds):
        learned, kept = set(fold.train.tolist()), fold.held_out.tolist()
        clusters = {packed.clusters[at] for at in learned}
        pictures = {packed.sha256[at] for at in learned}
        near = {
            one
            for pair in pairs
            for one, other in (pair, pair[::-1])
            if other in learned and packed.sha256[one] not in pictures
        }
        by_kind: dict[LeakKind, list[str]] = {
            "cluster": [packed.clusters[a] for a in kept if packed.clusters[a] in clusters],
            "image": [packed.sha256[at][:12] for at in kept if packed.sha256[at] in pictures],
            "near_duplicate": [_name(packed, at) for at in kept if at in near],
            "synthetic_child": _children(packed, fold, origins, held_out_of or {}),
        }
        for kind, names in by_kind.items():
            if names:
                some = tuple(dict.fromkeys(names))[:NAMED]
                found.append(Leak(kind, number, len(names), some))
    return found


def near_duplicates(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs of rows, the smaller first, whose pictures `(n, s, s, 3)` are nearly equal, also where
    one is turned or mirrored: by perceptual hashes, then by their pixels."""
    if not len(rows):
        return []
    small = np.stack([_small(images[at]) for at in rows])
    hashes = perceptual_hashes(small)
    found = []
    for start in range(0, len(rows), ROWS):
        some = hashes[start : start + ROWS, :1]
        for way in range(8):
            bits = np.bitwise_count(some ^ hashes[None, :, way])
            for one, other in np.argwhere(bits <= FAR):
                one += start
                if one < other and _alike(small[one], turned(small[other], way)):
                    found.append((int(rows[one]), int(rows[other])))
    return sorted(set(found))


def perceptual_hashes(small: NDArray[np.float32]) -> Hashes:
    """The hash `(n, 8)` of each grey picture `(n, 32, 32)` in its eight orientations: the signs of
    its lowest frequencies against their median (Zauner: Implementation and benchmarking of
    perceptual image hash functions, 2010)."""
    ways = []
    for way in range(8):
        low = fft.dctn(np.stack([turned(each, way) for each in small]), axes=(1, 2))
        flat = low[:, :LOW, :LOW].reshape(len(small), -1)
        bits = flat > np.median(flat[:, 1:], axis=1, keepdims=True)
        ways.append(np.packbits(bits, axis=1).view(">u8")[:, 0])
    return np.stack(ways, axis=1).astype(np.uint64)


def turned(picture: NDArray[np.float32], way: int) -> NDArray[np.float32]:
    """A picture in one of its eight orientations."""
    out = np.rot90(picture, way % 4)
    return out.T if way > 3 else out


def _small(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = PilImage.fromarray(image).convert("L")
    return np.asarray(grey.resize((SIDE, SIDE), PilImage.Resampling.BOX), np.float32)


def _alike(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    one, two = first - first.mean(), second - second.mean()
    spread = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return spread > 0 and float((one * two).sum()) / spread > ALIKE


def _name(packed: PackedSet, at: int) -> str:
    return f"{packed.sha256[at][:12]} of {packed.clusters[at]}"


def _children(
    packed: PackedSet, fold: Fold, origins: Mapping[str, Origin],
    held_out_of: Mapping[str, Iterable[str]],
) -> list[str]:  # fmt: skip
    """The held-out cells that cells learned from were made of; of a generator that learned from
    them, the made cells."""
    kept = [packed.sha256[at] for at in fold.held_out]
    found = []
    for at in fold.train:
        origin = origins.get(packed.sha256[at])
        if origin is None:
            continue
        if origin.parent and any(each.startswith(origin.parent) for each in kept):
            found.append(origin.parent)
        elif origin.weights and fold.sha256 not in held_out_of.get(origin.weights, ()):
            found.append(f"made by {origin.weights}")
    return found

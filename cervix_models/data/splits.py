"""Folds of cells, disjoint by cluster or at random, each with a hash of what it holds out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervix_models.errors import DataError

from .index import Index

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """What a split needs to know of each cell: class, cluster and image hash, in one order."""

    labels: tuple[str, ...]
    clusters: tuple[str, ...]
    sha256: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, positions: Sequence[int] | Positions) -> Cells:
        """The cells at `positions`, in that order."""
        return Cells(
            tuple(self.labels[i] for i in positions),
            tuple(self.clusters[i] for i in positions),
            tuple(self.sha256[i] for i in positions),
        )


@dataclass(frozen=True)
class Fold:
    """One train and held-out pair, as sorted positions, and the hash of what is held out."""

    train: Positions
    held_out: Positions
    sha256: str


def cells_of(index: Index) -> Cells:
    """The cells of `index`, in its order."""
    rows = index.cells
    return Cells(
        tuple(row.label or "" for row in rows),
        tuple(row.cluster for row in rows),
        tuple(row.sha256 for row in rows),
    )


def held_out_hash(sha256: Iterable[str]) -> str:
    """The sha256 of the sorted image hashes, one a line: the name of a held-out list."""
    return hashlib.sha256("\n".join(sorted(sha256)).encode()).hexdigest()


def cluster_folds(cells: Cells, k: int = 5, seed: int = 0) -> tuple[Fold, ...]:
    """`k` folds, stratified by class, with every cluster on one side; the same for any row order.

    Raises DataError where a class has fewer than `k` clusters, or a fold would leak.
    """
    _check_enough(cells, cells.clusters, k, "clusters")
    order = _canonical(cells)
    from sklearn.model_selection import StratifiedGroupKFold  # most who import this split nothing

    splitter = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
    sorted_cells = cells.take(order)
    folds = tuple(
        _fold(cells, order[held_out])
        for _, held_out in splitter.split(order, sorted_cells.labels, sorted_cells.clusters)
    )
    for fold in folds:
        check_disjoint(cells, fold.train, fold.held_out)
    return folds


def random_folds(cells: Cells, k: int = 5, seed: int = 0) -> tuple[Fold, ...]:
    """`k` folds stratified by class and blind to clusters: they leak, and serve only to show it.

    Raises DataError where a class has fewer than `k` cells.
    """
    _check_enough(cells, cells.sha256, k, "cells")
    order = _canonical(cells)
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(k, shuffle=True, random_state=seed)
    labels = cells.take(order).labels
    return tuple(_fold(cells, order[held_out]) for _, held_out in splitter.split(order, labels))


def check_disjoint(
    cells: Cells, train: Sequence[int] | Positions, held_out: Sequence[int] | Positions
) -> None:
    """Raises DataError where train and held-out cells share a position, a cluster or an image."""
    learned, kept = cells.take(train), cells.take(held_out)
    shares = (
        ("cells", {str(i) for i in train} & {str(i) for i in held_out}),
        ("clusters", set(learned.clusters) & set(kept.clusters)),
        ("images", set(learned.sha256) & set(kept.sha256)),
    )
    for what, shared in shares:
        if shared:
            raise DataError(
                f"The split leaks: {len(shared)} {what} are on both sides, as {min(shared)!r}; "
                "none was expected. Split with cluster_folds."
            )


def _canonical(cells: Cells) -> Positions:
    """Positions in an order that does not depend on how the cells were listed."""
    keys = zip(cells.sha256, cells.clusters, cells.labels, range(len(cells)), strict=True)
    return np.array([key[-1] for key in sorted(keys)], np.int64)


def _fold(cells: Cells, held_out: Positions) -> Fold:
    kept = np.sort(held_out)
    train = np.setdiff1d(np.arange(len(cells)), kept)
    return Fold(train, kept, held_out_hash(cells.take(kept).sha256))


def _check_enough(cells: Cells, units: Sequence[str], k: int, what: str) -> None:
    have: dict[str, set[str]] = {}
    for label, unit in zip(cells.labels, units, strict=True):
        have.setdefault(label, set()).add(unit)
    fewest = min(have, key=lambda label: len(have[label]), default=None)
    if k < 2 or fewest is None or len(have[fewest]) < k:
        count = f"{fewest} has {len(have[fewest])} {what}" if fewest else "there are no cells"
        raise DataError(
            f"{k} folds were asked for, but {count}; at least 2 folds, and as many {what} in each "
            "class, were expected. Ask for fewer folds or import more images."
        )

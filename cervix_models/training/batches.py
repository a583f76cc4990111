"""Batches of packed cells for training: uint8 tensors in memory, drawn by seeded order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from cervix_models.data.masks import CROP_MARGIN
from cervix_models.data.packed import PackedSet
from cervix_models.errors import RecipeError

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Cells:
    """The tensors of some packed cells, at one size."""

    images: Tensor  # (n, 3, side, side) uint8
    labels: Tensor  # (n,) int64; -1 where a cell has none of the five classes
    masks: Tensor  # (n, side, side) uint8: 0, 1, 2 as in contracts; 255 unknown
    has_mask: Tensor  # (n,) bool
    margins: Tensor  # (n, 2) float: the box's margin in x and y, in parts of the side
    features: Tensor = field(default_factory=lambda: torch.empty(0))  # (n, features) float, or none

    def __len__(self) -> int:
        """How many cells there are."""
        return len(self.labels)


def cells_at(packed: PackedSet, side: int) -> Cells:
    """All cells of a packed file, resized to `side` pixels."""
    images = torch.from_numpy(packed.images).permute(0, 3, 1, 2)
    masks = torch.from_numpy(packed.masks)
    if side != images.shape[2]:
        images = torch.cat([_resized(part, side) for part in images.split(256)])
        masks = F.interpolate(masks[:, None], size=side, mode="nearest-exact")[:, 0]
    sizes = torch.from_numpy(np.asarray(packed.sizes, np.float32))
    return Cells(
        images=images.contiguous(),
        labels=torch.from_numpy(np.asarray(packed.labels, np.int64)),
        masks=masks.contiguous(),
        has_mask=torch.from_numpy(np.asarray(packed.has_mask, bool)),
        margins=(CROP_MARGIN / sizes).clamp(max=0.25),
    )


def _resized(images: Tensor, side: int) -> Tensor:
    shrunk = F.interpolate(images.float(), size=side, mode="bilinear", antialias=True)
    return shrunk.round().clamp(0, 255).byte()


class CellRows(Dataset[Batch]):
    """Chosen rows of Cells, one dictionary a row or a list of rows."""

    def __init__(self, cells: Cells, rows: np.ndarray) -> None:
        """Keeps `rows` of `cells`, without a copy."""
        self.cells, self.rows = cells, torch.as_tensor(rows, dtype=torch.int64)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def __getitem__(self, index: int | list[int]) -> Batch:
        """The row, or the rows as one batch where `index` is a list."""
        at = self.rows[torch.as_tensor(index)]
        cells = self.cells
        return {
            "image": cells.images[at],
            "label": cells.labels[at],
            "mask": cells.masks[at],
            "has_mask": cells.has_mask[at],
            "margin": cells.margins[at],
            "row": at,
        }


class ShuffledBatches(Sampler[list[int]]):
    """Whole batches in a new order each epoch; with `groups`, every batch holds each group alike.

    `groups` gives each row's group; an epoch is then as long as the largest group, and rows of
    the smaller ones come more than once.
    """

    def __init__(self, groups: np.ndarray, batch_size: int, seed: int) -> None:
        """Draws `batch_size` rows a batch from rows whose groups are `groups` `(n,)`."""
        self.members = [np.flatnonzero(groups == each) for each in np.unique(groups)]
        self.share = max(1, batch_size // len(self.members))
        self.random = np.random.default_rng(seed)

    @property
    def rows(self) -> int:
        """How many rows a batch has."""
        return self.share * len(self.members)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return max(1, max(len(each) for each in self.members) // self.share)

    def __iter__(self) -> Iterator[list[int]]:
        """One epoch."""
        wanted = len(self) * self.share
        orders = [self._order(each, wanted) for each in self.members]
        for start in range(0, wanted, self.share):
            yield [int(i) for order in orders for i in order[start : start + self.share]]

    def _order(self, rows: np.ndarray, wanted: int) -> np.ndarray:
        rounds = -(-wanted // len(rows))
        return np.concatenate([self.random.permutation(rows) for _ in range(rounds)])[:wanted]


@dataclass(frozen=True)
class Share:
    """Which of several workers this is, of those that train one network together."""

    rank: int = 0
    workers: int = 1

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Its part of some rows; all of them where there is not one for every worker."""
        return rows if len(rows) < self.workers else rows[self.rank :: self.workers]


WHOLE = Share()


class SharedBatches(Sampler[list[int]]):
    """One worker's part of every batch of another sampler, which all workers draw alike: together
    they see each of its batches once, and each part differs from the others by one row at most."""

    def __init__(self, batches: ShuffledBatches, share: Share) -> None:
        """Takes the rows at `share.rank`, `share.rank + share.workers`, ... of each batch.

        Raises RecipeError where a batch has fewer rows than there are workers.
        """
        if batches.rows < share.workers:
            raise RecipeError(
                f"{share.workers} workers were to share batches of {batches.rows} rows; at least "
                "one row for each was expected. Ask for fewer workers with CERVIX_RAY_WORKERS, or "
                "set a larger batch_size in the recipe."
            )
        self.batches, self.share = batches, share

    def __len__(self) -> int:
        """How many batches an epoch has, for every worker alike."""
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        """One epoch."""
        for batch in self.batches:
            yield batch[self.share.rank :: self.share.workers]

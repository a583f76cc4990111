"""The packed data file: every crop at training size, with class, cluster and mask, in one file.

Crops are WebP and masks PNG inside a NumPy archive without pickles, so that training can run where
only this file is. Crops are squashed to a square; `sizes` keeps what they were.
"""

from __future__ import annotations

import io
import operator
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from cervix_models.contracts import Image
from cervix_models.errors import DataError

from .archive import WORKERS, each_opened, joined, open_archive, strings, text, webp, write_archive
from .index import Index, IndexRow
from .labels import CLASS_NAMES
from .masks import UNKNOWN, mask_of
from .pictures import read_rgb
from .splits import Cells
from .tiles import tiles_of

FORMAT = "cervix-packed-1"


@dataclass(frozen=True)
class PackedSet:
    """Crops at training size. Every field but `names` has one entry a cell, in one order."""

    images: NDArray[np.uint8]  # (n, s, s, 3), RGB
    labels: NDArray[np.int64]  # (n,), index in `names`; -1 where the class is none of them
    classes: tuple[str, ...]  # the class's name in its own data set
    clusters: tuple[str, ...]  # with the source before it, so that two sets never share one
    sizes: NDArray[np.int64]  # (n, 2), width and height before squashing
    sha256: tuple[str, ...]  # of the image file
    source: tuple[str, ...]
    masks: NDArray[np.uint8]  # (n, s, s): 0 background, 1 cytoplasm, 2 nucleus, 255 unknown
    has_mask: NDArray[np.bool_]  # (n,)
    names: tuple[str, ...] = CLASS_NAMES  # of the classes that are told apart

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def cells(self) -> Cells:
        """What a split needs to know of the cells, in their order."""
        return Cells(self.classes, self.clusters, self.sha256)

    def __add__(self, other: PackedSet) -> PackedSet:
        """Both sets, one after the other; their pictures must have one size.

        Raises DataError where they are of other classes.
        """
        if self.names != other.names:
            raise DataError(
                f"Packed files of other classes were given together: {', '.join(self.names)}, and "
                f"{', '.join(other.names)}; the same classes were expected. Give one of the files."
            )

        def both(name: str) -> Any:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, np.ndarray):
                return np.concatenate([mine, theirs])
            return (*mine, *theirs)

        joined = [each.name for each in fields(self) if each.name != "names"]
        return PackedSet(**{name: both(name) for name in joined}, names=self.names)

    def where(self, source: str) -> NDArray[np.int64]:
        """The positions of the cells that come from `source`."""
        return np.flatnonzero(np.array([each == source for each in self.source]))


def squash(image: Image, size: int) -> Image:
    """The image `(size, size, 3)`, both sides scaled to `size` with the Lanczos filter."""
    return np.asarray(PilImage.fromarray(image).resize((size, size), PilImage.Resampling.LANCZOS))


def pack(indexes: Iterable[Index], out: Path, *, size: int = 160, quality: int = 92) -> Path:
    """The path of the packed file written to `out`: all cells of `indexes` at `size` pixels.

    Raises DataError where the indexes hold no cell.
    """
    entries = [(index, row) for index in indexes for row in index.cells]
    if not entries:
        raise DataError(
            "No cell was found in the given data sets; at least one crop was expected. Import "
            "SIPaKMeD or Herlev first."
        )
    with ThreadPoolExecutor(WORKERS) as pool:
        made = list(pool.map(lambda entry: _encode(entry[0], entry[1], size, quality), entries))
    facts = [
        Fact(row.width, row.height, row.label or "", row.cluster, row.sha256, index.source)
        for index, row in entries
    ]
    return _write(made, facts, out, size, quality)


def pack_tiles(indexes: Iterable[Index], out: Path, *, size: int = 160, quality: int = 92) -> Path:
    """The path of the packed file written to `out`: windows of `size` pixels of all fields.

    Raises DataError where a data set has no fields.
    """
    tiles = [(index.source, tile) for index in indexes for tile in tiles_of(index, size)]
    made = [(webp(tile.image, quality), b"") for _, tile in tiles]
    facts = [
        Fact(
            tile.image.shape[1], tile.image.shape[0], tile.label, tile.cluster, tile.sha256, source
        )
        for source, tile in tiles
    ]
    return _write(made, facts, out, size, quality)


@dataclass(frozen=True)
class Fact:
    """What the packed file says of one picture beside its pixels."""

    width: int
    height: int
    label: str
    cluster: str
    sha256: str
    source: str


def _write(
    made: list[tuple[bytes, bytes]], facts: list[Fact], out: Path, size: int, quality: int
) -> Path:
    images, images_at = joined([image for image, _ in made])
    masks, masks_at = joined([mask for _, mask in made])
    about = {"format": FORMAT, "size": size, "quality": quality, "class_names": _told_apart(facts)}
    return write_archive(
        out,
        about,
        images=images,
        images_at=images_at,
        masks=masks,
        masks_at=masks_at,
        sizes=np.array([(each.width, each.height) for each in facts], np.int64),
        classes=text([each.label for each in facts]),
        clusters=text([f"{each.source}/{each.cluster}" for each in facts]),
        sha256=text([each.sha256 for each in facts]),
        source=text([each.source for each in facts]),
    )


def _told_apart(facts: list[Fact]) -> list[str]:
    """The classes of the file: the five, or those of its folders where there are others too."""
    folders = all(each.source == "folder" for each in facts)
    found = sorted({each.label for each in facts if each.label})
    return found if folders and not set(found) <= set(CLASS_NAMES) else list(CLASS_NAMES)


def load_packed(path: Path) -> PackedSet:
    """The cells of a packed file, decoded. Raises DataError where it is not one of ours."""
    archive, about = open_archive(path, FORMAT)
    with archive:
        names = tuple(about["class_names"])
        size = int(about["size"])
        classes = strings(archive["classes"])
        masks_at = archive["masks_at"]
        labels = [names.index(each) if each in names else -1 for each in classes]
        return PackedSet(
            images=_decoded(archive["images"], archive["images_at"], (size, size, 3), 0),
            labels=np.array(labels, np.int64),
            classes=classes,
            clusters=strings(archive["clusters"]),
            sizes=archive["sizes"],
            sha256=strings(archive["sha256"]),
            source=strings(archive["source"]),
            masks=_decoded(archive["masks"], masks_at, (size, size), UNKNOWN),
            has_mask=np.diff(masks_at) > 0,
            names=names,
        )


def load_all(paths: Sequence[Path]) -> PackedSet:
    """The cells of several packed files, one after the other. Raises DataError as load_packed."""
    return reduce(operator.add, map(load_packed, paths))


def _encode(index: Index, row: IndexRow, size: int, quality: int) -> tuple[bytes, bytes]:
    """The crop as WebP bytes and its mask as PNG bytes (empty where it has none)."""
    pixels = squash(read_rgb(index.root / row.path), size)
    crop = webp(pixels, quality)
    labels = mask_of(index, row)
    if labels is None:
        return crop, b""
    mask = io.BytesIO()
    small = PilImage.fromarray(labels).resize((size, size), PilImage.Resampling.NEAREST)
    small.save(mask, "PNG", optimize=True)
    return crop, mask.getvalue()


def _decoded(
    blob: NDArray[np.uint8], at: NDArray[np.int64], shape: tuple[int, ...], fill: int
) -> NDArray[np.uint8]:
    """All pictures of a blob, `fill` where one is empty."""
    out = np.full((len(at) - 1, *shape), fill, np.uint8)
    each_opened(blob, at, out.__setitem__)
    return out

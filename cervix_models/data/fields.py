"""Whole fields with the centres of their nuclei, in one file that a training can carry."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from cervix_models.contracts import Image
from cervix_models.errors import DataError

from .archive import WORKERS, each_opened, joined, open_archive, strings, text, webp, write_archive
from .cric import read_nuclei
from .index import Index, IndexRow
from .pictures import read_rgb

FORMAT = "cervix-fields-1"
SCALE = 1 / 3  # of the field's own size: nuclei are still 7 to 20 pixels wide


@dataclass(frozen=True)
class FieldSet:
    """Fields, each with the annotated centres of its nuclei. One entry a field, in one order."""

    images: tuple[Image, ...]  # at `scale` of the field's own size
    centres: tuple[NDArray[np.float64], ...]  # (k, 2): x to the right, y down, own pixels
    labels: tuple[tuple[str, ...], ...]  # Bethesda's word for each nucleus
    sizes: NDArray[np.int64]  # (n, 2), own width and height
    sha256: tuple[str, ...]  # of the image file
    scale: float

    def __len__(self) -> int:
        return len(self.images)


def shrunk(image: Image, scale: float) -> Image:
    """The image at `scale` of its size, with the box filter."""
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(PilImage.fromarray(image).resize(size, PilImage.Resampling.BOX))


def pack_fields(
    indexes: Iterable[Index], out: Path, *, scale: float = SCALE, quality: int = 92
) -> Path:
    """The path of the file written to `out`: all fields with known nuclei of `indexes`.

    Raises DataError where none of them says where nuclei are.
    """
    known = [index for index in indexes if index.source == "cric"]
    entries = [(index, row) for index in known for row in index.fields]
    if not entries:
        raise DataError(
            "None of the given data sets says where nuclei are; CRIC's fields with their table of "
            "nuclei were expected. Import CRIC, and give its name."
        )
    nuclei = {index.root: read_nuclei(index.root) for index in known}

    def encode(entry: tuple[Index, IndexRow]) -> bytes:
        return webp(shrunk(read_rgb(entry[0].root / entry[1].path), scale), quality)

    with ThreadPoolExecutor(WORKERS) as pool:
        images, images_at = joined(list(pool.map(encode, entries)))
    own = [[n for n in nuclei[index.root] if n.image == row.path] for index, row in entries]
    flat = [nucleus for some in own for nucleus in some]
    return write_archive(
        out,
        {"format": FORMAT, "scale": scale, "quality": quality},
        images=images,
        images_at=images_at,
        sizes=np.array([(row.width, row.height) for _, row in entries], np.int64),
        sha256=text([row.sha256 for _, row in entries]),
        counts=np.array([len(some) for some in own], np.int64),
        centres=np.array([(n.x, n.y) for n in flat], np.float64).reshape(-1, 2),
        labels=text([n.bethesda for n in flat]),
    )


def load_fields(path: Path) -> FieldSet:
    """The fields of a packed file, decoded. Raises DataError where it is not one of ours."""
    archive, about = open_archive(path, FORMAT)
    with archive:
        found: dict[int, Any] = {}
        each_opened(archive["images"], archive["images_at"], found.__setitem__)
        ends = np.cumsum(archive["counts"])
        labels = strings(archive["labels"])
        spans = list(zip([0, *ends[:-1]], ends, strict=True))
        return FieldSet(
            images=tuple(found[at] for at in range(len(spans))),
            centres=tuple(archive["centres"][a:b] for a, b in spans),
            labels=tuple(labels[a:b] for a, b in spans),
            sizes=archive["sizes"],
            sha256=strings(archive["sha256"]),
            scale=float(about["scale"]),
        )

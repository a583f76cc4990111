"""Whole fields with the centres of their nuclei, in one file that a training can carry."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
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
from .composing import Composed
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
    sha256: tuple[str, ...]  # of the image file, or of the pixels of a composed field
    scale: float
    made_by: str = ""  # the generator of the cells that they are composed of; empty: they are real

    def __len__(self) -> int:
        return len(self.images)

    def __add__(self, other: FieldSet) -> FieldSet:
        """These and others. Raises DataError where they are at another scale."""
        if other.scale != self.scale:
            raise DataError(
                f"Fields at {self.scale:.3f} and at {other.scale:.3f} of their size were given "
                "together; one scale was expected. Pack or compose them again."
            )
        return FieldSet(
            self.images + other.images,
            self.centres + other.centres,
            self.labels + other.labels,
            np.concatenate([self.sizes, other.sizes]),
            self.sha256 + other.sha256,
            self.scale,
        )


@dataclass(frozen=True)
class _Field:
    """What the file holds of one field."""

    image: bytes  # WebP, at the file's scale
    size: tuple[int, int]  # own width and height
    sha256: str
    centres: NDArray[np.float64]  # (k, 2)
    labels: Sequence[str]


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

    def field(entry: tuple[Index, IndexRow]) -> _Field:
        index, row = entry
        own = [each for each in nuclei[index.root] if each.image == row.path]
        return _Field(
            webp(shrunk(read_rgb(index.root / row.path), scale), quality),
            (row.width, row.height),
            row.sha256,
            np.array([(each.x, each.y) for each in own], np.float64).reshape(-1, 2),
            [each.bethesda for each in own],
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        return _written(out, list(pool.map(field, entries)), scale=scale, quality=quality)


def pack_composed(
    fields: Iterable[Composed], made_by: str, out: Path, *, scale: float = SCALE, quality: int = 92
) -> Path:
    """The path of the file written to `out`: fields composed of the cells of a generator, whose
    name stays with them, so that none of them is taken for a real one."""
    entries = [
        _Field(
            webp(shrunk(each.image, scale), quality),
            (each.image.shape[1], each.image.shape[0]),
            hashlib.sha256(each.image.tobytes()).hexdigest(),
            each.centres,
            [each.classes[number - 1] for number in each.seen],
        )
        for each in fields
    ]
    return _written(out, entries, scale=scale, quality=quality, made_by=made_by)


def _written(out: Path, fields: Sequence[_Field], **about: Any) -> Path:
    images, images_at = joined([each.image for each in fields])
    return write_archive(
        out,
        {"format": FORMAT, **about},
        images=images,
        images_at=images_at,
        sizes=np.array([each.size for each in fields], np.int64),
        sha256=text([each.sha256 for each in fields]),
        counts=np.array([len(each.centres) for each in fields], np.int64),
        centres=np.concatenate([each.centres for each in fields]),
        labels=text([label for each in fields for label in each.labels]),
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
            made_by=str(about.get("made_by", "")),
        )

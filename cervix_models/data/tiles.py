"""Windows cut out of whole fields: round every known nucleus of CRIC, else on a grid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cervix_models.contracts import Image
from cervix_models.errors import DataError

from .cric import read_nuclei
from .index import Index, IndexRow
from .pictures import read_rgb


@dataclass(frozen=True)
class Tile:
    """One window of a field, at the field's own scale."""

    image: Image  # (side, side, 3)
    label: str  # Bethesda's word for the nucleus in its middle; "" where none is known
    cluster: str  # the field
    sha256: str  # of the pixels


def tiles_of(index: Index, side: int = 160) -> list[Tile]:
    """The windows of all fields of a data set. Raises DataError where it has no fields."""
    if not index.fields:
        raise DataError(
            f"The data set in {index.root} has no whole fields; images of many cells were "
            "expected. Give CRIC, or the full SIPaKMeD download."
        )
    known = _centres(index) if index.source == "cric" else None
    out: list[Tile] = []
    for row in index.fields:
        field = read_rgb(index.root / row.path)
        centres = _grid(row, side) if known is None else known.get(row.path, [])
        out += [_cut(field, x, y, side, label, row.cluster) for x, y, label in centres]
    return out


def _centres(index: Index) -> dict[str, list[tuple[float, float, str]]]:
    found: dict[str, list[tuple[float, float, str]]] = {}
    for nucleus in read_nuclei(index.root):
        found.setdefault(nucleus.image, []).append((nucleus.x, nucleus.y, nucleus.bethesda))
    return found


def _grid(row: IndexRow, side: int) -> Iterable[tuple[float, float, str]]:
    across, down = max(1, row.width // side), max(1, row.height // side)
    return [
        ((x + 0.5) * row.width / across, (y + 0.5) * row.height / down, "")
        for y in range(down)
        for x in range(across)
    ]


def _cut(field: Image, x: float, y: float, side: int, label: str, cluster: str) -> Tile:
    """The window round a point, moved so that it lies inside the field."""
    height, width = field.shape[:2]
    left = int(np.clip(round(x) - side // 2, 0, max(0, width - side)))
    top = int(np.clip(round(y) - side // 2, 0, max(0, height - side)))
    pixels = np.ascontiguousarray(field[top : top + side, left : left + side])
    return Tile(pixels, label, cluster, hashlib.sha256(pixels.tobytes()).hexdigest())

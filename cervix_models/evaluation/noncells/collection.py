"""The collection of non-cells: which kinds there are, and how many of each."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from cervix_models.contracts import Image
from cervix_models.evaluation.noncells import documents, drawn, photographs, slides

Maker = Callable[[np.random.Generator, int], Image]

# Kind: how many are made, and by what. A maker takes a source of chance and the picture's number.
KINDS: dict[str, tuple[int, Maker]] = {
    "blank": (12, drawn.blank),
    "noise": (12, drawn.noise),
    "gradient": (10, drawn.gradient),
    "pattern": (14, drawn.pattern),
    "shape": (10, drawn.shape),
    "chart": (18, documents.chart),
    "table": (8, documents.table),
    "text": (10, documents.text),
    "screen": (10, documents.screen),
    "photograph": (36, photographs.photograph),
    "face": (10, photographs.face),
    "texture": (10, photographs.texture),
    "medical": (12, photographs.medical),
    "space": (8, photographs.space),
    "other_stain": (16, slides.other_stain),
    "tissue": (10, slides.tissue),
    "fluorescence": (10, slides.fluorescence),
    "field": (14, slides.field),
    "no_cell": (10, slides.no_cell),
    "defocused": (10, slides.defocused),
    "exposure": (12, slides.exposure),
}


def non_cells(seed: int = 0) -> list[tuple[str, Image]]:
    """Every picture of the collection as (name, image), the same for the same seed; the name is
    the kind and a number, such as `chart-03`."""
    return [
        (f"{kind}-{number:02d}", maker(_chance(seed, kind, number), number))
        for kind, (count, maker) in KINDS.items()
        for number in range(count)
    ]


def kind_of(name: str) -> str:
    """The kind that a name of `non_cells` carries."""
    return name.rpartition("-")[0]


def _chance(seed: int, kind: str, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(kind.encode()), number])

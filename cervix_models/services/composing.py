"""Fields of steered cells for teaching and training, of which every pixel is known."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pictures

from cervix_models.contracts import NOTICE, Wish
from cervix_models.data.composing import (
    Composed,
    Numbers,
    SingleCell,
    at_size,
    composed,
    outlines_like,
)
from cervix_models.data.marks import mark_synthetic
from cervix_models.data.shapes import framed, of_labels, size_of
from cervix_models.errors import DataError
from cervix_models.morphology.ranges import load_class_ranges
from cervix_models.services.steering import Steering

MOST = 30  # cells of a field


@dataclass(frozen=True)
class MadeField:
    """A composed field, marked, with what is known of it."""

    png: bytes  # marked synthetic on its face and in the file
    truth: Composed
    about: str


def made_field(
    steering: Steering,
    name: str,
    counts: Mapping[str, int],
    seed: int,
    watch: Callable[[int, int], None] | None = None,
) -> MadeField:
    """A field of so many cells of each class by the generator `name`, whose outlines are drawn as
    those of their class are spread; the same for the same counts and seed. `watch` is told how many
    cells of how many are made, and may raise to end it.

    Raises DataError for no cells or too many, and as `Steering.make` does.
    """
    wanted = [label for label, count in counts.items() for _ in range(count)]
    if not 1 <= len(wanted) <= MOST:
        raise DataError(f"A field of {len(wanted)} cells was asked for; 1 to {MOST} can be made.")
    random, ranges = np.random.default_rng(seed), load_class_ranges()
    maker, _, origin = steering.maker(name)
    cells = []
    for at, label in enumerate(random.permutation(wanted).tolist()):
        labels = outlines_like(ranges[label], random)
        control = of_labels(framed(labels, maker.side))
        size = size_of(framed(labels, maker.side))
        wish = Wish(label, 1, int(random.integers(2**31)), control=control.picture, size=size)
        cells.append(SingleCell(label, at_size(maker.make(wish)[0], labels), labels))
        if watch:
            watch(at + 1, len(wanted))
    truth = composed(cells, seed)
    told = ", ".join(f"{count} {label}" for label, count in counts.items() if count)
    about = f"field composed of cells made by {name} ({origin}), seed {seed}: {told}"
    return MadeField(mark_synthetic(truth.image, about), truth, about)


def made_fields(
    steering: Steering,
    name: str,
    fields: int,
    cells: int,
    seed: int,
    watch: Callable[[int, int], None] | None = None,
) -> Iterator[Composed]:
    """So many fields of so many cells each, whose classes are drawn at random: what a finder of
    nuclei can learn from beside real fields. `watch` is told how many are made.

    Raises DataError as `made_field` does, and for no fields.
    """
    if fields < 1:
        raise DataError(f"{fields} fields were asked for; at least one was expected.")
    classes = steering.maker(name)[0].classes
    for at in range(fields):
        drawn = np.random.default_rng([seed, at]).choice(classes, cells).tolist()
        counts = {label: drawn.count(label) for label in classes}
        yield made_field(steering, name, counts, seed + at).truth
        if watch:
            watch(at + 1, fields)


def archive_of_field(field: MadeField) -> bytes:
    """A ZIP of the marked field, the numbers of cells and nuclei as pictures of 16 bits, and a
    manifest that names the class of each number."""
    truth = field.truth
    manifest = {
        "notice": NOTICE,
        "synthetic": True,
        "about": field.about,
        "cells.png": "the number of the cell that a pixel is of, the upper one; 0 for none",
        "nuclei.png": "the same of nuclei",
        "classes": {str(at): label for at, label in enumerate(truth.classes, start=1)},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("manifest.json", json.dumps(manifest, indent=1) + "\n")
        packed.writestr("field.png", field.png)
        packed.writestr("cells.png", _sixteen_bits(truth.cells))
        packed.writestr("nuclei.png", _sixteen_bits(truth.nuclei))
    return out.getvalue()


def _sixteen_bits(numbers: Numbers) -> bytes:
    out = io.BytesIO()
    Pictures.fromarray(numbers).save(out, "PNG")
    return out.getvalue()

"""Readings that persons corrected become a set to learn from: apart from any that is measured on,
each cell with who said what of it and when."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cervix_models.contracts import WorklistRow
from cervix_models.data.importing import find_sipakmed, safe_name
from cervix_models.data.index import CORRECTED, Index, IndexRow, write_index
from cervix_models.data.packed import load_packed, pack
from cervix_models.data.pictures import pixels_of
from cervix_models.errors import DataError
from cervix_models.evaluation.quality import Small, known_in, small_of
from cervix_models.people import acting, needs
from cervix_models.reports.training_set import UNKNOWN_CLASS, class_said, coloured
from cervix_models.services.set_quality import REFERENCE, small_pictures
from cervix_models.settings import Settings
from cervix_models.storage.store import Store

PACKED = "cells160.npz"  # in the home: the cells that the models learn from, and are measured on
FILES, ORIGINS = "files", "origins.json"  # of a set


@dataclass(frozen=True)
class Found:
    """What there is of corrected readings."""

    with_class: int
    with_outlines: int  # by a person
    left_out: int  # known already: nearly equal to a cell that models are measured on


@dataclass(frozen=True)
class Made:
    """A set that was made of corrected readings."""

    names: tuple[str, ...]  # of the sets: with classes, and of outlines alone
    packed: Path
    found: Found


@dataclass(frozen=True)
class _Cell:
    row: WorklistRow
    label: str | None
    cluster: str  # the slide or field it lies in, else its own picture


class Corrected:
    """Makes sets of corrected readings. Threads may share one."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Reads nothing yet."""
        self.store, self.settings = store, settings

    @needs("admin")
    def count(self) -> Found:
        """How many corrected readings there are; which are known already is not looked at."""
        return _counted(list(self._cells()), 0)

    @needs("admin")
    def make(self, name: str, *, agreed: bool) -> Made:
        """The sets of all corrected readings, indexed, and packed into `<name>.npz` in the home.

        Samples and made cells are left out, and so is what is nearly equal to a cell that models
        are measured on. Raises DataError where nobody `agreed` that the pictures may be learned
        from, where the name is taken, where there is no such reading, and where the cells that
        models are measured on are not here to set them against; StorageError.
        """
        safe = safe_name(name)
        if not agreed:
            raise DataError(
                "Nobody said that these pictures may be learned from; that was expected, as they "
                "were given to be read. Say so, if whoever gave them agreed."
            )
        folders = [self.settings.home / "datasets" / each for each in (safe, f"{safe}-outlines")]
        out = self.settings.home / f"{safe}.npz"
        if out.exists() or any(each.exists() for each in folders):
            raise DataError(
                f"There is a set {safe!r} already; a new name was expected. Choose one."
            )
        cells = list(self._cells())
        known = self._known(cells)
        kept = [each for at, each in enumerate(cells) if at not in known]
        if not kept:
            raise DataError(
                f"None of {len(cells)} corrected readings can be learned from; at least one with a "
                "class or outlines by a person, unlike all that models are measured on, was "
                "expected. Give verdicts, or correct outlines, first."
            )
        labelled = [each for each in kept if each.label is not None]
        others = [each for each in kept if each.label is None]
        made = []
        try:
            for source, folder, some in zip(CORRECTED, folders, (labelled, others), strict=True):
                if some:
                    index = Index(source, (folder / FILES).resolve(), self._written(folder, some))
                    write_index(index, folder)
                    made.append((folder.name, index))
            pack([index for _, index in made], out)
        except BaseException:
            for each in folders:
                shutil.rmtree(each, ignore_errors=True)
            out.unlink(missing_ok=True)
            raise
        found = _counted(kept, len(known))
        self.store.audit.add("dataset.corrected", safe, asdict(found))
        return Made(tuple(name for name, _ in made), out, found)

    def _cells(self) -> Iterator[_Cell]:
        """The readings that a person said something of, each picture once: by its newest."""
        seen: set[str] = set()
        for row, cluster in self._rows():
            label, sha256 = class_said(row), row.reading.image_sha256
            if row.reading.sample or sha256 in seen or not (label or row.corrected):
                continue
            seen.add(sha256)
            yield _Cell(row, label, cluster)

    def _rows(self) -> Iterator[tuple[WorklistRow, str]]:
        for row in self.store.readings(limit=None):
            yield row, f"image-{row.reading.image_sha256[:24]}"
        for field in self.store.fields(limit=None):
            slide = field.on_slide.slide if field.on_slide else ""
            cluster = f"slide-{slide[:24]}" if slide else f"field-{field.image_sha256[:24]}"
            for row in self.store.cells(field.id):
                yield row, cluster

    def _known(self, cells: list[_Cell]) -> set[int]:
        """Which cells are nearly equal to one that models are measured on."""
        reference = self._reference()
        if not cells:
            return set()
        pictures = (self.store.blob(each.row.reading.image_sha256) for each in cells)
        small = np.stack([small_of(pixels_of(each, "RGB")) for each in pictures])
        return {here for here, _ in known_in(small, reference)}

    def _reference(self) -> Small:
        """All cells that models are measured on, small."""
        home = self.settings.home
        if (home / PACKED).is_file():
            return np.stack([small_of(each) for each in load_packed(home / PACKED).images])
        if find_sipakmed(home) is None:
            raise DataError(
                f"Neither {PACKED} nor {REFERENCE} is here; the cells that models are measured on "
                "were expected, as none of them may be learned from again. Import it first: "
                "python -m cervix_models data import PATH"
            )
        return small_pictures(home, REFERENCE, lambda _done, _total: None)

    def _written(self, folder: Path, cells: list[_Cell]) -> tuple[IndexRow, ...]:
        """The rows of the pictures and masks that are now below a folder, with their origins."""
        rows, told = [], []
        for each in cells:
            reading, revision = each.row.reading, each.row.revision
            stem = f"{each.label or UNKNOWN_CLASS}/{reading.image_sha256[:24]}"
            picture = folder / FILES / f"{stem}.png"
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(self.store.blob(reading.image_sha256))
            mask = None
            if revision is not None and each.row.corrected:
                mask = f"{stem}-d.png"
                (folder / FILES / mask).write_bytes(coloured(self.store.blob(revision.mask_sha256)))
            rows.append(
                IndexRow(
                    f"{stem}.png", "cell", each.label, each.cluster, reading.width, reading.height,
                    reading.image_sha256, mask,
                )
            )  # fmt: skip
            told.append({"file": f"{stem}.png", "cluster": each.cluster, **_origin(each.row)})
        about = {
            "made_by": acting().name,
            "made_at": datetime.now(UTC).isoformat("T", "seconds"),
            "cells": told,
        }
        (folder / ORIGINS).write_text(json.dumps(about, indent=1), encoding="utf-8")
        return tuple(rows)


def _origin(row: WorklistRow) -> dict[str, Any]:
    """Whose word a cell of a set rests on: the reading, its models, who corrected it and when."""
    verdict, revision = row.verdict, row.revision
    said = None if verdict is None else {
        "kind": verdict.kind, "label": verdict.label, "author": verdict.author,
        "created_at": verdict.created_at.isoformat(),
    }  # fmt: skip
    drawn = None if revision is None or not row.corrected else {
        "origin": revision.origin, "author": revision.author,
        "created_at": revision.created_at.isoformat(), "mask_sha256": revision.mask_sha256,
    }  # fmt: skip
    return {
        "reading": row.reading.id,
        "read_as": row.reading.label,
        "models": [asdict(use) for use in row.reading.models],
        "verdict": said,
        "outlines": drawn,
    }


def _counted(cells: list[_Cell], left_out: int) -> Found:
    labelled = sum(each.label is not None for each in cells)
    return Found(labelled, sum(each.row.corrected for each in cells), left_out)

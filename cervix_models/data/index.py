"""The index of a data set: one row an image, kept as Parquet beside a small dataset.json."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from cervix_models.errors import DataError

# Of readings that persons corrected: with a class, and those of which the outlines alone are known.
Source = Literal["sipakmed", "herlev", "cric", "folder", "corrected", "outlined"]
CORRECTED: tuple[Source, Source] = ("corrected", "outlined")
Kind = Literal["cell", "field"]


@dataclass(frozen=True)
class IndexRow:
    """One image of a data set. Paths are relative to the data set's root, with forward slashes."""

    path: str
    kind: Kind  # one cell, or a whole field
    label: str | None  # the class; None for fields of many classes
    cluster: str  # images of one cluster stay on one side of every split
    width: int
    height: int
    sha256: str  # of the file
    mask: str | None = None  # Herlev's coloured mask
    cytoplasm: str | None = None  # outlines (.dat)
    nucleus: str | None = None
    field: str | None = None  # the field a cell was cut from, where it is at hand


@dataclass(frozen=True)
class Index:
    """All images of one data set that were found sound."""

    source: Source
    root: Path
    rows: tuple[IndexRow, ...]

    @property
    def cells(self) -> tuple[IndexRow, ...]:
        """The rows that show one cell each."""
        return tuple(row for row in self.rows if row.kind == "cell")

    @property
    def fields(self) -> tuple[IndexRow, ...]:
        """The rows that show whole fields."""
        return tuple(row for row in self.rows if row.kind == "field")

    @property
    def counts(self) -> dict[str, int]:
        """The number of cells of each class, by name."""
        return dict(sorted(Counter(row.label or "(none)" for row in self.cells).items()))

    @property
    def clusters(self) -> int:
        """The number of clusters the cells come from."""
        return len({row.cluster for row in self.cells})

    @property
    def sha256(self) -> str:
        """The hash of every row's class, cluster and image hash, in order of path."""
        lines = sorted(f"{r.path}\t{r.label}\t{r.cluster}\t{r.sha256}" for r in self.rows)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def describe(index: Index) -> dict[str, Any]:
    """What dataset.json says of `index`."""
    return {
        "source": index.source,
        "root": str(index.root),
        "cells": len(index.cells),
        "clusters": index.clusters,
        "fields": len(index.fields),
        "counts": index.counts,
        "index_sha256": index.sha256,
    }


def write_index(index: Index, folder: Path) -> None:
    """Writes index.parquet and dataset.json into `folder`, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [each.name for each in fields(IndexRow)]
    table = pd.DataFrame([asdict(row) for row in index.rows], columns=names)
    parts = [folder / "index.parquet.part", folder / "dataset.json.part"]
    try:
        table.to_parquet(parts[0], index=False)
        parts[1].write_text(json.dumps(describe(index), indent=2) + "\n", encoding="utf-8")
        for part in parts:
            part.replace(part.with_suffix(""))
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def read_index(folder: Path) -> Index:
    """The index kept in `folder`. Raises DataError where it is missing or was changed."""
    about_file = folder / "dataset.json"
    if not about_file.is_file():
        raise DataError(
            f"No data set is indexed in {folder}; an index.parquet with its dataset.json was "
            "expected. Import one with: python -m cervix_models data import PATH"
        )
    about = json.loads(about_file.read_text(encoding="utf-8"))
    try:
        table = pd.read_parquet(folder / "index.parquet").astype(object)
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise DataError(
            f"The index in {folder} cannot be read ({error}); a whole index.parquet was expected. "
            "Import the data set again."
        ) from error
    records = table.where(table.notna(), None).to_dict("records")
    rows = tuple(IndexRow(**{str(key): value for key, value in each.items()}) for each in records)
    index = Index(about["source"], Path(about["root"]), rows)
    if index.sha256 != about["index_sha256"]:
        raise DataError(
            f"The index in {folder} has hash {index.sha256[:12]}, but its dataset.json expects "
            f"{about['index_sha256'][:12]}. Import the data set again."
        )
    return index

"""The table of cells: what can be told of every SIPaKMeD cell without its picture, kept in git.

One row a cell: the hash of its image file, its class, its cluster, its size, and its features by
outlines of the fold that held it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervix_models.errors import DataError
from cervix_models.settings import ROOT

from .labels import CLASS_NAMES

TABLE = ROOT / "data" / "tables" / "sipakmed_cells.parquet"
KNOWN = ("sha256", "label", "cluster", "width", "height")


@dataclass(frozen=True)
class CellTable:
    """What is known of each cell; every field has one entry a cell, in one order."""

    sha256: tuple[str, ...]
    labels: NDArray[np.int64]  # (n,), index in CLASS_NAMES
    clusters: tuple[str, ...]
    sizes: NDArray[np.int64]  # (n, 2), width and height, pixels
    names: tuple[str, ...]  # of the features
    features: NDArray[np.float32]  # (n, features); NaN where one could not be measured

    def at(self, sha256: Sequence[str]) -> NDArray[np.int64]:
        """The rows of these cells. Raises DataError for one that is not in the table."""
        known = {each: row for row, each in enumerate(self.sha256)}
        strange = [each for each in sha256 if each not in known]
        if strange:
            raise DataError(
                f"{len(strange)} cells are not in {TABLE.name}, {strange[0][:12]} first; cells of "
                "SIPaKMeD were expected. Measure the imported cells: "
                "python -m cervix_models data tables"
            )
        return np.array([known[each] for each in sha256], np.int64)


def save_table(table: CellTable, path: Path = TABLE) -> None:
    """Writes the table as Parquet, features in single precision."""
    columns = {
        "sha256": list(table.sha256),
        "label": [CLASS_NAMES[each] for each in table.labels],
        "cluster": list(table.clusters),
        "width": table.sizes[:, 0].astype(np.int32),
        "height": table.sizes[:, 1].astype(np.int32),
    }
    measured = {name: table.features[:, at] for at, name in enumerate(table.names)}
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({**columns, **measured}).to_parquet(path, index=False, compression="zstd")


def load_table(path: Path = TABLE) -> CellTable:
    """The table that `save_table` wrote. Raises DataError where there is none."""
    if not path.is_file():
        raise DataError(
            f"There is no table of cells at {path}; the Parquet file that 'data tables' writes "
            "was expected. Restore it, or import SIPaKMeD and run: "
            "python -m cervix_models data tables"
        )
    found = pd.read_parquet(path)
    missing = [name for name in KNOWN if name not in found]
    if missing:
        raise DataError(
            f"{path} is no table of cells: {', '.join(missing)} is missing; expected "
            f"{', '.join(KNOWN)} and the features. Restore it, or measure again: "
            "python -m cervix_models data tables"
        )
    names = tuple(str(name) for name in found.columns if name not in KNOWN)
    return CellTable(
        sha256=tuple(found["sha256"]),
        labels=np.array([CLASS_NAMES.index(each) for each in found["label"]], np.int64),
        clusters=tuple(found["cluster"]),
        sizes=found[["width", "height"]].to_numpy(np.int64),
        names=names,
        features=found[list(names)].to_numpy(np.float32),
    )

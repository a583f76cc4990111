"""What is worked out from the SIPaKMeD cells beside their features, kept in git: a map, overlaps of
crops, mean cells. Numbers alone; no picture of a cell is among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cervix_models.errors import DataError
from cervix_models.settings import ROOT

TABLES = ROOT / "data" / "tables"
MAP, OVERLAPS, MEANS = "sipakmed_map.parquet", "sipakmed_overlaps.parquet", "sipakmed_means.npz"


@dataclass(frozen=True)
class CellMap:
    """A place for each cell in the plane: near where an encoder sees two cells alike."""

    sha256: tuple[str, ...]
    places: NDArray[np.float32]  # (n, 2)


@dataclass(frozen=True)
class Overlaps:
    """Pairs of crops of one cluster that show the same pixels; every field has one entry a pair."""

    first: tuple[str, ...]  # sha256
    second: tuple[str, ...]
    shifts: NDArray[np.int16]  # (n, 2), from the corner of the first to that of the second, pixels
    pixels: NDArray[np.int32]  # (n,), that both show


@dataclass(frozen=True)
class MeanCells:
    """The mean of each class and the directions in which its cells differ most, all crops brought
    to one size; classes in their one order."""

    mean: NDArray[np.uint8]  # (classes, side, side, 3)
    steps: NDArray[np.int8]  # (classes, k, side, side, 3), one deviation along each direction
    explained: NDArray[np.float32]  # (classes, k), part of what differs, 0..1
    cell: NDArray[np.uint8]  # (classes, side, side), per cent of cells whose outline holds a pixel
    nucleus: NDArray[np.uint8]  # the same, of the nucleus
    counts: NDArray[np.int64]  # (classes,)


def save_map(found: CellMap, folder: Path = TABLES) -> None:
    """Writes the map as Parquet."""
    _write(
        {"sha256": list(found.sha256), "x": found.places[:, 0], "y": found.places[:, 1]},
        folder / MAP,
    )


def load_map(folder: Path = TABLES) -> CellMap:
    """The map that `save_map` wrote. Raises DataError."""
    found = _read(folder / MAP, ("sha256", "x", "y"))
    return CellMap(tuple(found["sha256"]), found[["x", "y"]].to_numpy(np.float32))


def save_overlaps(found: Overlaps, folder: Path = TABLES) -> None:
    """Writes the pairs as Parquet."""
    across, down = found.shifts.T
    columns = {"first": list(found.first), "second": list(found.second)}
    _write({**columns, "across": across, "down": down, "pixels": found.pixels}, folder / OVERLAPS)


def load_overlaps(folder: Path = TABLES) -> Overlaps:
    """The pairs that `save_overlaps` wrote. Raises DataError."""
    found = _read(folder / OVERLAPS, ("first", "second", "across", "down", "pixels"))
    return Overlaps(
        tuple(found["first"]),
        tuple(found["second"]),
        found[["across", "down"]].to_numpy(np.int16),
        found["pixels"].to_numpy(np.int32),
    )


def save_means(found: MeanCells, folder: Path = TABLES) -> None:
    """Writes the mean cells as a compressed file of NumPy."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / MEANS, allow_pickle=False, **vars(found))


def load_means(folder: Path = TABLES) -> MeanCells:
    """The mean cells that `save_means` wrote. Raises DataError."""
    path = folder / MEANS
    try:
        with np.load(path, allow_pickle=False) as stored:
            return MeanCells(**{name: stored[name] for name in stored.files})
    except (OSError, ValueError, TypeError) as error:
        raise _lacking(path) from error


def _write(columns: dict[str, object], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_parquet(path, index=False, compression="zstd")


def _read(path: Path, names: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise _lacking(path)
    found = pd.read_parquet(path)
    if any(name not in found for name in names):
        raise _lacking(path)
    return found


def _lacking(path: Path) -> DataError:
    return DataError(
        f"{path} is missing or is no such table; the file that 'data tables' writes was expected. "
        "Restore it, or import SIPaKMeD and run: python -m cervix_models data tables"
    )

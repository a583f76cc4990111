"""What each fold's network said of the cells it never saw: kept beside the weights it measures."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervix_models.data.packed import PackedSet
from cervix_models.errors import DataError

HELD_OUT = {"cluster": "held_out.npz", "random": "held_out_random.npz"}  # by protocol
CELLS = "cells"  # the folder beside the models of what is known of the cells
_KEPT = ("probabilities", "masks")


def save_held_out(
    folder: Path, found: Mapping[str, Any], packed: PackedSet, classes: Sequence[str],
    protocol: str = "cluster",
) -> None:  # fmt: skip
    """Writes the gathered predictions of all folds, each cell by the hash of its image file.

    Of a classifier also the truth, so that it can be measured again without the images. What is
    known of the cells goes into a file that all models of the same cells share.
    """
    at = sorted(found["positions"], key=lambda each: packed.sha256[each])
    order = np.argsort([packed.sha256[each] for each in found["positions"]])
    digests = [np.frombuffer(bytes.fromhex(packed.sha256[i]), np.uint8) for i in at]
    cells = {"sha256": np.stack(digests)}
    if "probabilities" in found:
        cells |= {
            "labels": packed.labels[at].astype(np.uint8),
            "clusters": np.array([packed.clusters[i].encode() for i in at]),
            "sizes": packed.sizes[at].astype(np.uint16),
            "classes": np.array([each.encode() for each in classes]),
        }
    said = {
        name: (found[name].astype(np.float32) if name == "probabilities" else found[name])[order]
        for name in _KEPT
        if name in found
    }
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / HELD_OUT[protocol], allow_pickle=False, cells=_kept_cells(folder.parent, cells),
        folds=np.asarray(found["folds"], np.uint8)[order], **said,
    )  # fmt: skip


def _kept_cells(weights: Path, cells: Mapping[str, np.ndarray]) -> np.ndarray:
    """The name of the file that holds these cells, which is written where it is not there yet."""
    digest = hashlib.sha256()
    for name, column in cells.items():
        digest.update(f"{name} {column.dtype} {column.shape} ".encode() + column.tobytes())
    name = digest.hexdigest()[:16]
    path = weights / CELLS / f"{name}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"part-{path.name}")
        np.savez_compressed(part, allow_pickle=False, **cells)
        part.replace(path)
    return np.array(name.encode())


def load_held_out(name: str, weights: Path, protocol: str = "cluster") -> dict[str, Any]:
    """`sha256`, a list of n; `folds` (n,); and `masks` (n, h, w), or `probabilities` (n, classes)
    with `labels`, `clusters`, `sizes` (n, 2) and the names of `classes`.

    Raises DataError where the model was not measured.
    """
    path = weights / name / HELD_OUT[protocol]
    if not path.is_file():
        option = "" if protocol == "cluster" else f" --protocol {protocol}"
        raise DataError(
            f"{path} is missing; what the folds of {name} said of the cells held out from them was "
            f"expected. Train them: python -m cervix_models train {name}{option}"
        )
    out = _arrays(path)
    known = weights / CELLS / f"{out.pop('cells').item().decode()}.npz"
    if not known.is_file():
        raise DataError(
            f"{known} is missing; the cells that {path} tells of were expected there. Get it again "
            f"with the weights, or train them: python -m cervix_models train {name}"
        )
    out |= _arrays(known)
    out["sha256"] = [row.tobytes().hex() for row in out["sha256"]]
    return out


@dataclass(frozen=True)
class HeldMasks:
    """The label pictures of held-out cells, packed: unpacked they would take a hundred
    megabytes."""

    side: int  # pixels
    packed: Mapping[str, bytes]  # by the sha256 of the cell

    def get(self, sha256: str) -> NDArray[np.uint8] | None:
        """The label picture `(side, side)` of a cell; None where there is none."""
        found = self.packed.get(sha256)
        if found is None:
            return None
        return np.frombuffer(zlib.decompress(found), np.uint8).reshape(self.side, self.side)


@lru_cache(maxsize=2)
def held_masks(name: str, weights: Path) -> HeldMasks:
    """What each fold of a segmenter drew of the cells that it never saw, read once. Raises
    DataError where it was not measured."""
    held = load_held_out(name, weights)
    packed = {
        sha256: zlib.compress(mask.tobytes(), 1)
        for sha256, mask in zip(held["sha256"], held["masks"], strict=True)
    }
    return HeldMasks(held["masks"].shape[1], packed)


def _arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def in_order(said: Mapping[str, Any], packed: PackedSet) -> dict[str, Any]:
    """What load_held_out gave, with `positions` (n,) in the packed file, by which it is sorted.

    Raises DataError where a cell is not in the packed file.
    """
    known = {sha256: at for at, sha256 in enumerate(packed.sha256)}
    strange = [each for each in said["sha256"] if each not in known]
    if strange:
        raise DataError(
            f"{len(strange)} held-out cells are not in the packed file, {strange[0][:12]} first; "
            "the file that the models were trained on was expected. Pack the same data sets."
        )
    positions = np.array([known[each] for each in said["sha256"]])
    order = np.argsort(positions)
    by_cell = {k: v[order] for k, v in said.items() if k not in ("sha256", "classes")}
    return {**by_cell, "positions": positions[order]}


def check_alike(names: Sequence[str], said: Sequence[Mapping[str, Any]]) -> None:
    """Raises DataError where the models of an ensemble did not hold out the same cells together."""
    first = said[0]
    for name, other in zip(names[1:], said[1:], strict=True):
        if not all(np.array_equal(first[key], other[key]) for key in ("positions", "folds")):
            raise DataError(
                f"{names[0]} and {name} were measured on other cells or in other folds; one split "
                "for all members was expected. Train them again from one packed file, with the "
                "same folds and seed."
            )

"""What each fold's network said of the cells it never saw: kept beside the weights it measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cervix_models.errors import DataError

HELD_OUT = "held_out.npz"
_KEPT = ("probabilities", "masks")


def save_held_out(folder: Path, found: Mapping[str, Any], sha256: Sequence[str]) -> None:
    """Writes the gathered predictions of all folds, each cell by the hash of its image file."""
    digests = [np.frombuffer(bytes.fromhex(sha256[at]), np.uint8) for at in found["positions"]]
    said = {
        name: found[name].astype(np.float32) if name == "probabilities" else found[name]
        for name in _KEPT
        if name in found
    }
    np.savez_compressed(
        folder / HELD_OUT, sha256=np.stack(digests), folds=np.uint8(found["folds"]), **said
    )


def load_held_out(name: str, weights: Path) -> dict[str, Any]:
    """`sha256`, a list of n; `folds` (n,); and `probabilities` (n, 5) or `masks` (n, h, w).

    Raises DataError where the model was not measured.
    """
    path = weights / name / HELD_OUT
    if not path.is_file():
        raise DataError(
            f"{path} is missing; what the folds of {name} said of the cells held out from them was "
            f"expected. Train them: python -m cervix_models train {name}"
        )
    with np.load(path, allow_pickle=False) as stored:
        out: dict[str, Any] = {key: stored[key] for key in stored.files}
    out["sha256"] = [row.tobytes().hex() for row in out["sha256"]]
    return out

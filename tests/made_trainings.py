"""A small packed file and the service of trainings over a store of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cervix_models.data.importing import scan
from cervix_models.data.packed import pack
from cervix_models.recipes.wishes import Wish
from cervix_models.services.training import Training
from cervix_models.settings import Settings
from cervix_models.storage import open_store
from tests.data import made
from tests.fakes import drawn_cell

FILE = "cells64.npz"
QUICK = {"optimiser.epochs": 2, "optimiser.batch_size": 8, "folds": 2}


def patched(cell: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """A drawn cell under patches of its own: without them, all of them are nearly equal."""
    side = -(-len(cell) // 8)
    patches = np.random.default_rng(seed).integers(0, 180, (8, 8, 3))
    whole = np.kron(patches, np.ones((side, side, 1)))[: len(cell), : len(cell)]
    return (cell // 4 + whole).astype(np.uint8)


def pack_cells(folder: Path, home: Path, *, copies: bool = False) -> Path:
    """The packed file of 40 drawn cells, four clusters a class; with `copies` the first cell of two
    clusters is nearly the same."""
    crops = made.sipakmed_crops(folder / "crops", suffix=".png", clusters=4, cells=2)
    paths = sorted(crops.rglob("*.png"))
    for number, path in enumerate(paths):
        Image.fromarray(patched(drawn_cell(60, number), number)).save(path)
    if copies:
        again = patched(drawn_cell(60, 0), 0)
        again[:2, :2] //= 2
        other = next(path for path in paths[1:] if path.name[:3] != paths[0].name[:3])
        Image.fromarray(again).save(other)
    home.mkdir(parents=True, exist_ok=True)
    return pack([scan(crops)], home / FILE, size=64)


def wish(**changed: object) -> Wish:
    """A training of the smallest recipe, on the packed file."""
    given = {"recipe": "cnn", "changes": QUICK, "data": (f"packed:{FILE}",), "name": "tiny"}
    return Wish(**{**given, **changed})  # type: ignore[arg-type]


def service_of(settings: Settings) -> Training:
    """The service over a store of these settings."""
    return Training(open_store(settings), settings)

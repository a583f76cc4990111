"""The cells of a quiz for tests: imported noise, or made even pictures, over small models."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from cervix_models.data.importing import import_dataset
from cervix_models.evaluation.held_out import HeldMasks
from cervix_models.services.quiz_cells import QuizCells
from cervix_models.services.synthesis import Synthesis
from cervix_models.services.triage import Triage
from tests import made_cells
from tests.data import made


def cells_of(
    triage: Triage, folder: Path, *, real: bool = True, generator: bool = True
) -> QuizCells:
    """The service over a store and models, with 30 imported cells, a generator, both or none."""
    settings = replace(triage.settings, weights=folder / "weights-of-generators")
    settings.weights.mkdir(parents=True, exist_ok=True)
    synthesis = Synthesis(settings)
    if real:
        crops = made.sipakmed_crops(folder / "cells", suffix=".png", clusters=3, cells=2)
        import_dataset(crops, settings.home)
    if generator:
        made_cells.add_generator(synthesis, "one")
    return QuizCells(triage.store, synthesis, triage.reader)


def hold_out(cells: QuizCells, heard: str = "Parabasal", side: int = 16) -> None:
    """Gives every imported cell outlines and an answer by networks that never saw it."""
    cells.real()
    labels = np.zeros((side, side), np.uint8)
    labels[2:-2, 2:-2] = 1
    labels[6:-6, 6:-6] = 2
    packed = {key: zlib.compress(labels.tobytes()) for key in cells._rows}
    cells._masks = HeldMasks(side, packed)
    others = {"Dyskeratotic": 0.1, "Koilocytotic": 0.1, "Metaplastic": 0.1}
    others |= {"Superficial-Intermediate": 0.1, "Parabasal": 0.1, heard: 0.6}
    cells._heard = {key: dict(others) for key in cells._rows}

"""How far made cells heed the outlines that are given to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cervix_models.data.splits import Fold
from cervix_models.evaluation.classification import interval_of
from cervix_models.evaluation.segmentation import dice_scores
from cervix_models.generators.cellflux import CellFlux
from cervix_models.generators.controls import outlines_of, sizes_of
from cervix_models.making import AT_ONCE, noise_of
from cervix_models.training.batches import cells_at
from cervix_models.training.inputs import side_of
from cervix_models.training.judging import Judges, as_whole
from cervix_models.training.protocol import Plan

STEERED = 40  # cells of each class whose outlines are given


@torch.inference_mode()
def heeded(plan: Plan, fold: Fold, network: CellFlux, judges: Judges) -> dict[str, Any]:
    """How far made cells heed the outlines of held-out ones, as the segmenter finds them, as a card
    has it; `floor` is how well it finds them in the real cells. Nothing where none knows them."""
    packed, cells = plan.packed, cells_at(plan.packed, side_of(plan.recipe))
    known = fold.held_out[np.asarray(packed.has_mask)[fold.held_out]]
    if judges.outlines is None or not len(known):
        return {}
    random = np.random.default_rng(plan.recipe.seed)
    rows = np.concatenate(
        [random.permutation(known[packed.labels[known] == label])[:STEERED]
         for label in np.unique(packed.labels[known])]
    )  # fmt: skip
    at, clusters = torch.as_tensor(rows), [packed.clusters[row] for row in rows]
    noise = torch.from_numpy(noise_of(plan.recipe.seed, len(rows), network.latent))
    parts = torch.eye(len(plan.recipe.told_apart))[cells.labels[at]]
    given = (noise, parts, outlines_of(cells.masks[at]), sizes_of(cells.margins[at]))
    made = torch.cat(
        [network.decode(network.made(*some), some[1])
         for some in zip(*(each.split(AT_ONCE) for each in given), strict=True)]
    )  # fmt: skip
    asked = cells.masks[at].numpy()
    found, real = (judges.outlined(each) for each in (as_whole(made), cells.images[at]))
    return {
        "control": {
            "cells": len(rows),
            "dice": _dice(found, asked, clusters),
            "floor": _dice(real, asked, clusters),
        }
    }


def _dice(
    found: NDArray[np.uint8] | None, asked: NDArray[np.uint8], clusters: list[str]
) -> dict[str, dict[str, float]]:
    """By part of the cell, each with its interval."""
    if found is None:
        return {}
    return {part: interval_of(each, clusters) for part, each in dice_scores(found, asked).items()}

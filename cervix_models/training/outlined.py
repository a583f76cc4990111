"""What a segmenter is worth on the cells held out from its folds."""

from __future__ import annotations

from typing import Any

import numpy as np

from cervix_models.evaluation.notes import notes_of
from cervix_models.evaluation.segmentation import (
    box_errors,
    dice_scores,
    pooled_dice,
    with_interval,
)
from cervix_models.training.protocol import Plan


def segmenter_metrics(plan: Plan, found: dict[str, Any]) -> dict[str, Any]:
    """The metrics of a card: Dice on outlined cells, and boxes where no outline is known."""
    packed, at = plan.packed, found["positions"]
    outlined = packed.has_mask[at]
    groups = [packed.clusters[i] for i in at[outlined]]
    scores = dice_scores(found["masks"][outlined], packed.masks[at[outlined]])
    herlev = {name: with_interval(values, groups) for name, values in scores.items()}
    kinds = [packed.classes[i] for i in at[outlined]]
    boxed = ~outlined
    errors = box_errors(found["masks"][boxed], packed.sizes[at[boxed]])
    clusters = [packed.clusters[i] for i in at[boxed]]
    figures = {
        "dice": herlev,
        "dice_pooled": pooled_dice(found["masks"][outlined], packed.masks[at[outlined]]),
        "dice_by_class": {
            kind: {name: float(v[np.array(kinds) == kind].mean()) for name, v in scores.items()}
            for kind in sorted(set(kinds))
        },
        "boxes_within_a_tenth": with_interval((errors <= 0.1).astype(float), clusters),
        "boxes_by_class": _boxes_by_class(errors, [packed.classes[i] for i in at[boxed]]),
        "outlined_cells": int(outlined.sum()),
        "captures": len(set(groups)),
        "boxed_cells": int(boxed.sum()),
    }
    dice = {name: each["value"] for name, each in herlev.items()}
    summary = (
        f"Dice {dice['nucleus']:.3f} nucleus, {dice['cell']:.3f} cell and {dice['cytoplasm']:.3f} "
        f"cytoplasm without nucleus on {figures['outlined_cells']} Herlev cells, "
        f"{plan.recipe.folds} folds with captures kept apart"
    )
    return {"summary": summary, "cluster_split": figures, **notes_of(plan.recipe.name)}


def _boxes_by_class(errors: np.ndarray, kinds: list[str]) -> dict[str, float]:
    named = np.array(kinds)
    return {kind: float((errors[named == kind] <= 0.1).mean()) for kind in sorted(set(kinds))}

"""What a segmenter is worth on the cells held out from its folds."""

from __future__ import annotations

from typing import Any

import numpy as np

from cervix_models.evaluation.notes import notes_of
from cervix_models.evaluation.segmentation import (
    box_errors,
    dice_scores,
    dice_with_background,
    iou_scores,
    pixel_scores,
    pooled_dice,
    surface_distances,
    with_interval,
)
from cervix_models.training.protocol import Plan


def segmenter_metrics(plan: Plan, found: dict[str, Any]) -> dict[str, Any]:
    """The metrics of a card: Dice on outlined cells, and boxes where no outline is known."""
    packed, at = plan.packed, found["positions"]
    outlined = packed.has_mask[at]
    groups = [packed.clusters[i] for i in at[outlined]]
    said, truth = found["masks"][outlined], packed.masks[at[outlined]]
    scores = dice_scores(said, truth)
    herlev = _all(scores, groups)
    distances = surface_distances(said, truth, packed.sizes[at[outlined]])
    kinds = [packed.classes[i] for i in at[outlined]]
    boxed = ~outlined
    errors = box_errors(found["masks"][boxed], packed.sizes[at[boxed]])
    clusters = [packed.clusters[i] for i in at[boxed]]
    figures = {
        "dice": herlev,
        "iou": _all(iou_scores(said, truth), groups),
        "dice_with_background": with_interval(dice_with_background(said, truth), groups),
        "pixels": _all(pixel_scores(said, truth), groups),
        "distances_in_pixels": {
            name: {
                **_all(each, groups),
                "not_found": float(np.isnan(each["hausdorff_95"]).mean()),
            }
            for name, each in distances.items()
        },
        "dice_pooled": pooled_dice(said, truth),
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


def _all(scores: dict[str, np.ndarray], groups: list[str]) -> dict[str, Any]:
    """Each figure with its interval."""
    return {name: with_interval(values, groups) for name, values in scores.items()}


def _boxes_by_class(errors: np.ndarray, kinds: list[str]) -> dict[str, float]:
    named = np.array(kinds)
    return {kind: float((errors[named == kind] <= 0.1).mean()) for kind in sorted(set(kinds))}

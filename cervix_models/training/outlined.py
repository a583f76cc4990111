"""What a segmenter is worth on the cells held out from its folds."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from cervix_models.evaluation.notes import notes_of
from cervix_models.evaluation.segmentation import (
    best_thresholds,
    box_errors,
    dice_scores,
    dice_with_background,
    iou_scores,
    pixel_scores,
    pooled_dice,
    surface_distances,
    with_interval,
)
from cervix_models.inference import stretched
from cervix_models.outlines import HALF, Thresholds, one_cell
from cervix_models.training.protocol import Plan


def outlined_cells(plan: Plan, found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What gathered predictions say with `masks` `(n, h, w)` in place of `maps`, and the thresholds
    for the card.

    The masks of each fold are drawn at thresholds fitted on the outlined cells of the others; those
    of the card are fitted on all. Where nothing is outlined, they are one half.
    """
    packed, at, maps = plan.packed, found["positions"], found["maps"]
    rows = np.flatnonzero(packed.has_mask[at])
    drawn = torch.from_numpy(packed.masks[at[rows]])[:, None]
    truth = F.interpolate(drawn, maps.shape[-1], mode="nearest-exact")[:, 0].numpy()

    def fitted(chosen: np.ndarray) -> Thresholds:
        if not chosen.any():
            return HALF
        return best_thresholds(maps[rows[chosen]].astype(np.float32) / 255, truth[chosen])

    folds = found["folds"]
    by_fold = {n: fitted(folds[rows] != n) for n in np.unique(folds).tolist()}
    shape = packed.images.shape[1:3]
    masks = [
        one_cell(stretched(each.astype(np.float32) / 255, shape), by_fold[number]).labels()
        for each, number in zip(maps, folds.tolist(), strict=True)
    ]
    cell, nucleus = fitted(np.ones(len(rows), bool))
    kept = {key: value for key, value in found.items() if key != "maps"}
    return {**kept, "masks": np.stack(masks)}, {"thresholds": {"cell": cell, "nucleus": nucleus}}


def segmenter_metrics(plan: Plan, found: dict[str, Any]) -> dict[str, Any]:
    """The metrics of a card: Dice on Herlev's outlines and the boxes of SIPaKMeD's crops; where
    SIPaKMeD's own outlines were imported, also Dice on those."""
    packed, at = plan.packed, found["positions"]
    boxed = np.array([packed.source[i] == "sipakmed" for i in at])
    outlined = packed.has_mask[at] & ~boxed
    groups = [packed.clusters[i] for i in at[outlined]]
    said, truth = found["masks"][outlined], packed.masks[at[outlined]]
    scores = dice_scores(said, truth)
    herlev = _all(scores, groups)
    distances = surface_distances(said, truth, packed.sizes[at[outlined]])
    kinds = [packed.classes[i] for i in at[outlined]]
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
    if (drawn := boxed & packed.has_mask[at]).any():
        experts = dice_scores(found["masks"][drawn], packed.masks[at[drawn]])
        figures["dice_on_sipakmed_outlines"] = {
            **_all(experts, [packed.clusters[i] for i in at[drawn]]), "cells": int(drawn.sum()),
        }  # fmt: skip
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

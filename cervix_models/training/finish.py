"""From runs to `weights/<name>/`: figures from the folds, weights from the final run, one card."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cervix_models.cards import load_card
from cervix_models.checkpoints import OUTPUTS, save_card, save_weights, weights_hash
from cervix_models.contracts import Card
from cervix_models.data.splits import held_out_hash
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.errors import DataError
from cervix_models.evaluation.calibration import (
    conformal_figures,
    coverage_curve,
    cross_fitted,
    fitted_calibration,
    refer_figures,
)
from cervix_models.evaluation.classification import Predicted, classification_figures
from cervix_models.evaluation.scale import scale_figures
from cervix_models.evaluation.segmentation import (
    box_errors,
    dice_scores,
    pooled_dice,
    with_interval,
)
from cervix_models.predictors import averaged, tempered
from cervix_models.registry import Kind, find
from cervix_models.training.held_out import check_alike, in_order, load_held_out, save_held_out
from cervix_models.training.protocol import PREDICTIONS, Plan, run_final, run_fold

log = logging.getLogger(__name__)

_USE = {
    "classifier": "Teaching, and research on triage of single Papanicolaou-stained cervical cells "
    "cropped with a little background. Not for diagnosis.",
    "segmenter": "Outlines of one cell and its nucleus in a crop, for measuring and teaching. "
    "Not for diagnosis.",
}
_LIMITS = {
    "classifier": (
        "Measured on cells of one data set, one laboratory and one camera; other stains and "
        "scanners were not measured.",
        "SIPaKMeD has no patient ids: clusters are kept apart, patients may not be.",
        "The recipe was chosen on the folds that measure it: expect a little less on new clusters.",
        "The crop is stretched to a square: the model sees neither the cell's size nor its aspect.",
        "Dyskeratotic is no Bethesda category; no cell of the data set has HPV or biopsy truth.",
    ),
    "segmenter": (
        "Outlines were learned from Herlev alone; SIPaKMeD gave boxes, not outlines.",
        "Of dark green metaplastic cells it sometimes takes most of the cell for the nucleus.",
        "It finds one cell and one nucleus a picture: of overlapping cells the middle one, of two "
        "nuclei the larger.",
    ),
}


def finish(plan: Plan) -> Path:
    """The folder of weights and card, after all folds and the final run.

    Of an ensemble, nothing is trained: its card is measured on what its members said of the cells
    held out from them, and raises DataError where they held out others.
    """
    recipe = plan.recipe
    if recipe.members:
        return _finish_ensemble(plan)
    kind = find(recipe.model).kind
    folds = [run_fold(plan, number) for number in range(recipe.folds)]
    network, origin = run_final(plan)
    folder = plan.weights / recipe.name
    sha256 = save_weights(network, folder)
    measure: Callable[[Plan, dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]
    measure = _classified if kind == "classifier" else _segmented
    found = gathered(folds)
    metrics, calibration = measure(plan, found)
    save_held_out(folder, found, plan.packed.sha256)
    random = plan.runs / recipe.name / "random"
    if all((random / f"fold{n}" / PREDICTIONS).is_file() for n in range(recipe.folds)):
        other = gathered([random / f"fold{n}" for n in range(recipe.folds)])
        alike = measure(replace(plan, protocol="random"), other)[0]
        metrics["random_split"] = alike["cluster_split"]
    seen = {
        "size": find(recipe.model).input_size,
        "resize": recipe.resize,
        "sees_scale": False,
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
        "views": recipe.views,
    }
    data = {**_data(plan, found["hashes"]), "first_weights": origin}
    return _written(plan, kind, seen, data, metrics, calibration, sha256)


def _finish_ensemble(plan: Plan) -> Path:
    names, folder = plan.recipe.members, plan.weights / plan.recipe.name
    cards = [load_card(name, plan.weights) for name in names]
    said = [in_order(load_held_out(name, plan.weights), plan.packed) for name in names]
    check_alike(names, said)
    right = [card.metrics["cluster_split"]["accuracy"]["value"] for card in cards]
    shares = [each / sum(right) for each in right]
    tempers = [float(card.calibration["temperature"]) for card in cards]
    calibrated = [tempered(s["probabilities"], t) for s, t in zip(said, tempers, strict=True)]
    found = {**said[0], "probabilities": averaged(calibrated, shares)}
    metrics, calibration = _classified(plan, found)
    folder.mkdir(parents=True, exist_ok=True)
    save_held_out(folder, found, plan.packed.sha256)
    data = {
        **_data(plan, list(cards[0].data["held_out_sha256"])),
        "members": {card.name: card.weights_sha256 for card in cards},
        "first_weights": "; ".join(str(card.data["first_weights"]) for card in cards),
    }
    seen = {"members": dict(zip(names, shares, strict=True)), "sees_scale": False}
    sha256 = weights_hash(folder, names)
    return _written(plan, "classifier", seen, data, metrics, calibration, sha256)


def _written(
    plan: Plan,
    kind: Kind,
    seen: dict[str, Any],
    data: dict[str, Any],
    metrics: dict[str, Any],
    calibration: dict[str, Any],
    sha256: str,
) -> Path:
    """The folder that the card was written to."""
    card = Card(
        name=plan.recipe.name,
        version=plan.recipe.version,
        kind=kind,
        classes=OUTPUTS[kind],
        input=seen,
        data=data,
        metrics=metrics,
        calibration=calibration,
        recipe=_as_trained(plan),
        licence="Apache-2.0",
        weights_sha256=sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use=_USE[kind],
        limits=_LIMITS[kind],
    )
    folder = plan.weights / card.name
    save_card(card, folder)
    log.info("%s", card.summary)
    return folder


def gathered(folders: list[Path]) -> dict[str, Any]:
    """The held-out predictions of all folds as one, with `folds` (n,): who held each cell out.

    Raises DataError where a fold was not predicted yet.
    """
    parts = []
    for folder in folders:
        if not (folder / PREDICTIONS).is_file():
            raise DataError(
                f"{folder} holds no {PREDICTIONS}; the held-out cells of every fold were expected. "
                f"Train them: python -m cervix_models train {folder.parents[1].name}"
            )
        with np.load(folder / PREDICTIONS, allow_pickle=False) as stored:
            parts.append({key: stored[key] for key in stored.files})
    keys = [key for key in parts[0] if key != "hash"]
    out: dict[str, Any] = {key: np.concatenate([part[key] for part in parts]) for key in keys}
    counts = [len(part["positions"]) for part in parts]
    out["folds"] = np.repeat(np.arange(len(parts)), counts)
    out["hashes"] = [str(part["hash"]) for part in parts]
    return out


def _as_trained(plan: Plan) -> dict[str, Any]:
    """The recipe as it was followed: a trial stopped after fewer epochs."""
    followed = plan.recipe.as_dict()
    if plan.epochs:
        followed["optimiser"]["epochs"] = min(plan.epochs, followed["optimiser"]["epochs"])
    return followed


def _data(plan: Plan, held_out: list[str]) -> dict[str, Any]:
    packed = plan.packed
    rows = np.concatenate([packed.where(each) for each in plan.recipe.images])
    return {
        "sources": list(plan.recipe.images),
        "cells": len(rows),
        "clusters": len({packed.clusters[i] for i in rows}),
        "images_sha256": held_out_hash(packed.sha256[i] for i in rows),
        "held_out_sha256": held_out,
    }


def _classified(plan: Plan, found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    labels = plan.packed.labels[found["positions"]]
    clusters = [plan.packed.clusters[i] for i in found["positions"]]
    fair = cross_fitted(found["probabilities"], labels, found["folds"])
    figures = classification_figures(Predicted(fair["probabilities"], labels, clusters))
    figures["conformal"] = conformal_figures(fair["members"], labels)
    figures["refer"] = refer_figures(fair["probabilities"], fair["accepted"], labels)
    figures["coverage_curve"] = coverage_curve(fair["probabilities"], labels)
    sizes = plan.packed.sizes[found["positions"]]
    figures["scale"] = scale_figures(found["probabilities"], sizes, labels, found["folds"])
    uncalibrated = classification_figures(Predicted(found["probabilities"], labels, clusters))
    figures["uncalibrated_error"] = uncalibrated["calibration_error"]
    accuracy = figures["accuracy"]
    summary = (
        f"right in {accuracy['value']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%}) of "
        f"{figures['cells']:,} SIPaKMeD cells, {plan.recipe.folds} folds with clusters kept apart"
    )
    metrics = {"summary": summary, "cluster_split": figures, **_notes(plan.recipe.name)}
    return metrics, fitted_calibration(found["probabilities"], labels)


def _segmented(plan: Plan, found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
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
    return {"summary": summary, "cluster_split": figures, **_notes(plan.recipe.name)}, {}


def _boxes_by_class(errors: np.ndarray, kinds: list[str]) -> dict[str, float]:
    named = np.array(kinds)
    return {kind: float((errors[named == kind] <= 0.1).mean()) for kind in sorted(set(kinds))}


def _notes(name: str) -> dict[str, Any]:
    """What was tried before this recipe was chosen, and what the document it comes from reports."""
    path = Path(__file__).with_name("notes.json")
    notes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get(name, {})
    return notes

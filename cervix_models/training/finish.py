"""From runs to `weights/<name>/`: figures from the folds, weights from the final run, one card."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cervix_models.cards import OUTPUTS, WEIGHTS, load_card
from cervix_models.checkpoints import save_card, save_weights, weights_hash
from cervix_models.contracts import Card
from cervix_models.data.packed import PackedSet
from cervix_models.data.splits import held_out_hash
from cervix_models.data.table import load_table
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.errors import DataError, WeightsError
from cervix_models.evaluation.held_out import (
    HELD_OUT,
    check_alike,
    in_order,
    load_held_out,
    save_held_out,
)
from cervix_models.evaluation.notes import notes_of
from cervix_models.evaluation.protocols import PROTOCOLS, calibration_of, held_out_of, measured
from cervix_models.predictors import tempered, together
from cervix_models.recipes import Recipe, load_recipe, recipe_of
from cervix_models.registry import Kind, find
from cervix_models.training.card_words import limits, use_words
from cervix_models.training.fit import DONE, FINAL, created, trained
from cervix_models.training.importance import permutation_importances
from cervix_models.training.inputs import side_of
from cervix_models.training.outlined import outlined_cells, segmenter_metrics
from cervix_models.training.protocol import PREDICTIONS, Plan, run_final, run_fold

LOGGED = (
    "train_loss", "val_loss", "val_accuracy", "val_cell_dice", "val_nucleus_dice", "critic_loss",
    "train_cycle", "train_pixels", "val_pixels", "train_divergence", "critic_real",
    "critic_made", "train_colours",
)  # fmt: skip
KEPT = ("curves", "importances", "robustness", "foreign")  # what `evaluate` does not measure

log = logging.getLogger(__name__)


def finish(plan: Plan, *, final: bool = True) -> Path:
    """The folder of weights and card, after all folds and the final run.

    Without `final` no weights are made: the card says how well the recipe does, and of no weights;
    of a segmenter no masks are kept.
    Of an ensemble, nothing is trained: its card is measured on what its members said of the cells
    held out from them, and raises DataError where they held out others.
    """
    recipe = plan.recipe
    if recipe.members:
        return _finish_ensemble(plan)
    entry, folder = find(recipe.model), plan.weights / recipe.name
    folds = [run_fold(plan, number) for number in range(recipe.folds)]
    found = gathered(folds)
    calibration: dict[str, Any] = {}
    if entry.kind == "segmenter":
        found, calibration = outlined_cells(plan, found)
    if entry.kind == "classifier" or final:  # masks are heavy: without weights nobody needs them
        save_held_out(folder, found, plan.packed, recipe.told_apart)
    if entry.kind == "classifier":
        keep_random(plan)
    data = {**_data(plan, found["hashes"]), "training": training_facts(folds), **_size(plan)}
    sha256 = ""
    if final:
        network, data["first_weights"] = run_final(plan)
        sha256 = save_weights(network, folder, recipe.bits)
    else:
        data["first_weights"] = json.loads((folds[0] / DONE).read_text("utf-8"))["first_weights"]
        (folder / WEIGHTS).unlink(missing_ok=True)
    if entry.kind == "classifier":
        metrics, calibration = _classified(plan)
        metrics["curves"] = training_curves(folds)
        if entry.reads == "features":
            metrics["importances"] = permutation_importances(plan)
    else:
        metrics = {**segmenter_metrics(plan, found), "curves": training_curves(folds)}
    return _written(plan, entry.kind, _seen(recipe), data, metrics, calibration, sha256)


def keep_random(plan: Plan) -> bool:
    """Whether all folds of the random protocol were run; what they said is then kept."""
    folders = [
        replace(plan, protocol="random").folder / f"fold{n}" for n in range(plan.recipe.folds)
    ]
    if not all((each / PREDICTIONS).is_file() for each in folders):
        return False
    folder = plan.weights / plan.recipe.name
    save_held_out(folder, gathered(folders), plan.packed, plan.recipe.told_apart, "random")
    return True


def remeasure(name: str, weights: Path) -> dict[str, Any]:
    """The metrics of a classifier, worked out anew from what is kept, and put into its card.

    Raises WeightsError where there is no card, DataError where it is no classifier's.
    """
    card = load_card(name, weights)
    if card.kind != "classifier":
        raise DataError(
            f"{name} is a {card.kind}; a classifier was expected. It is measured by: "
            f"python -m cervix_models train {name}"
        )
    fresh = measured(name, weights, tuple(card.recipe.get("against", ())))
    kept = {key: value for key, value in card.metrics.items() if key in KEPT}
    metrics = {**fresh, **kept, **notes_of(name)}
    save_card(replace(card, metrics=metrics), weights / name)
    return metrics


def remeasure_segmenter(name: str, weights: Path, packed: PackedSet) -> dict[str, Any]:
    """The metrics of a segmenter, worked out anew from the masks that are kept of its folds and the
    true ones of a packed file, and put into its card.

    Raises WeightsError where there is no card, DataError where a cell is not in the packed file.
    """
    card = load_card(name, weights)
    plan = Plan(recipe_of(card.recipe, f"{name}/card.json"), packed, Path(), weights)
    fresh = segmenter_metrics(plan, in_order(load_held_out(name, weights), packed))
    metrics = {**fresh, **{key: card.metrics[key] for key in KEPT if key in card.metrics}}
    save_card(replace(card, metrics=metrics), weights / name)
    return metrics


def _finish_ensemble(plan: Plan) -> Path:
    names, folder = plan.recipe.members, plan.weights / plan.recipe.name
    cards = [load_card(name, plan.weights) for name in names]
    kinds = {card.kind for card in cards}
    if len(kinds) > 1:
        raise DataError(
            f"The members of {plan.recipe.name} are {' and '.join(sorted(kinds))}s; models of one "
            "kind were expected. Name others in its recipe."
        )
    data = {
        **_data(plan, list(cards[0].data["held_out_sha256"])),
        "members": {card.name: card.weights_sha256 for card in cards},
        "first_weights": "; ".join(str(card.data["first_weights"]) for card in cards),
        "parameters": sum(int(card.data.get("parameters", 0)) for card in cards),
    }
    sha256 = weights_hash(folder, names)
    if kinds == {"segmenter"}:
        found, calibration = outlined_cells(plan, _maps_together(plan))
        if all(card.weights_sha256 for card in cards):
            save_held_out(folder, found, plan.packed, plan.recipe.told_apart)
        seen: dict[str, Any] = {"members": dict.fromkeys(names, 1 / len(names))}
        metrics = segmenter_metrics(plan, found)
        return _written(plan, "segmenter", seen, data, metrics, calibration, sha256)
    right = [card.metrics["cluster_split"]["accuracy"]["value"] for card in cards]
    worth = [1 / (1 - a) if plan.recipe.shares == "inverse_error" else a for a in right]
    shares = [each / sum(worth) for each in worth]
    for protocol in PROTOCOLS:
        if all((plan.weights / name / HELD_OUT[protocol]).is_file() for name in names):
            found = _together(plan, cards, shares, protocol)
            save_held_out(folder, found, plan.packed, plan.recipe.told_apart, protocol)
    metrics, calibration = _classified(plan)
    calibration |= _kept_gate(plan.recipe.name, cards[0], plan.weights)
    seen = {
        "members": dict(zip(names, shares, strict=True)),
        "sees_scale": any(card.input["sees_scale"] for card in cards),
        "outlines": next((c.input["outlines"] for c in cards if "outlines" in c.input), None),
    }
    if plan.recipe.enough is not None:
        seen["enough"] = plan.recipe.enough
    return _written(plan, "classifier", seen, data, metrics, calibration, sha256)


def _maps_together(plan: Plan) -> dict[str, Any]:
    """The mean of the maps that the members drew of the cells held out from them all, by the runs
    of their folds."""
    names, said = plan.recipe.members, []
    for name in names:
        member = replace(plan, recipe=load_recipe(name))
        said.append(gathered([member.folder / f"fold{n}" for n in range(member.recipe.folds)]))
    check_alike(names, said)
    sizes = {each["maps"].shape[1:] for each in said}
    if len(sizes) > 1:
        raise DataError(
            f"The members of {plan.recipe.name} draw maps of {len(sizes)} sizes; one size was "
            "expected. Name members whose networks take pictures of the same size."
        )
    total = sum(each["maps"].astype(np.uint16) for each in said)
    return {**said[0], "maps": np.round(total / len(said)).astype(np.uint8)}


def _kept_gate(name: str, lead: Card, weights: Path) -> dict[str, Any]:
    """The gate that was fitted before, and what it found of made cells, where it was on the same
    first member: it reads no other."""
    try:
        before = load_card(name, weights)
    except WeightsError:
        return {}
    same = before.data.get("members", {}).get(lead.name) == lead.weights_sha256
    kept = ("gate", "without_mark") if same else ()
    return {key: before.calibration[key] for key in kept if key in before.calibration}


def _together(
    plan: Plan, cards: Sequence[Card], shares: Sequence[float], protocol: str
) -> dict[str, Any]:
    """What the members said together of the cells held out from them all."""
    names = [card.name for card in cards]
    said = [in_order(load_held_out(each, plan.weights, protocol), plan.packed) for each in names]
    check_alike(names, said)
    tempers = [float(card.calibration["temperature"]) for card in cards]
    calibrated = [tempered(s["probabilities"], t) for s, t in zip(said, tempers, strict=True)]
    return {**said[0], "probabilities": together(calibrated, shares, plan.recipe.enough)}


def _seen(recipe: Recipe) -> dict[str, Any]:
    """What the network is given, as the card states it."""
    reads = find(recipe.model).reads
    if reads == "features":
        names = list(load_table().names)
        return {
            "reads": reads,
            "features": names,
            "sees_scale": not recipe.scale_free,
            "outlines": recipe.outlines,
        }
    masked = {"outlines": recipe.outlines} if reads == "masked" else {}
    return {
        "reads": reads,
        "size": side_of(recipe),
        "resize": recipe.resize,
        "sees_scale": False,
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
        "views": recipe.views,
        **masked,
    }


def _size(plan: Plan) -> dict[str, Any]:
    """How many parameters the network has, and its megabytes of half precision."""
    network = created(plan.recipe)
    if (plan.folder / "fold0" / FINAL).is_file():
        network = trained(plan.recipe, plan.folder / "fold0")
    count = sum(each.numel() for each in network.parameters())
    return {"parameters": count, "megabytes": round(2 * count / 1e6, 2)}


def training_facts(folders: list[Path]) -> dict[str, Any]:
    """How long the runs in these folders took, on what."""
    done = [json.loads((each / DONE).read_text("utf-8")) for each in folders]
    seconds = [each["seconds"] for each in done if "seconds" in each]
    on = sorted({each["on"] for each in done if "on" in each})
    return {
        "epochs": max(each["epochs"] for each in done),
        "seconds_a_fold": round(float(np.mean(seconds)), 3) if seconds else None,
        "on": ", ".join(on),
    }


def training_curves(folders: list[Path]) -> list[dict[str, float]]:
    """One entry an epoch: losses, accuracy and Dice, mean over the folds that logged them."""
    logs = [
        pd.read_csv(path) for each in folders for path in each.glob("csv/version_*/metrics.csv")
    ]
    if not logs:
        return []
    known = [name for name in LOGGED if any(name in table for table in logs)]
    table = pd.concat(logs).groupby("epoch")[known].mean()
    return [
        {"epoch": int(epoch) + 1, **{k: round(float(v), 4) for k, v in row.items() if v == v}}
        for epoch, row in table.iterrows()
    ]


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
        classes=plan.recipe.told_apart if kind == "classifier" else OUTPUTS[kind],
        input=seen,
        data=data,
        metrics=metrics,
        calibration=calibration,
        recipe=_as_trained(plan),
        licence="Apache-2.0",
        weights_sha256=sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use=use_words(plan.recipe, kind),
        limits=limits(plan.recipe, kind, seen, data),
    )
    card = replace(card, metrics={**card.metrics, **_still_true(card, plan.weights)})
    folder = plan.weights / card.name
    save_card(card, folder)
    log.info("%s", card.summary)
    return folder


def _still_true(card: Card, weights: Path) -> dict[str, Any]:
    """What the card before said of disturbances and other sets, where it is of these weights."""
    try:
        before = load_card(card.name, weights)
    except WeightsError:
        return {}
    if not card.weights_sha256 or before.weights_sha256 != card.weights_sha256:
        return {}
    return {key: before.metrics[key] for key in ("robustness", "foreign") if key in before.metrics}


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


def _classified(plan: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    name = plan.recipe.name
    metrics = measured(name, plan.weights, plan.recipe.against)
    return {**metrics, **notes_of(name)}, calibration_of(held_out_of(name, plan.weights))

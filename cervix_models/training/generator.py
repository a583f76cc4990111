"""From a run to `weights/<name>/`: a generator that never saw the first fold, measured against
it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from cervix_models.checkpoints import load_network, save_card, save_weights
from cervix_models.classifiers.base import CellClassifier
from cervix_models.contracts import Card, Image
from cervix_models.data.splits import Fold, check_disjoint, held_out_hash
from cervix_models.evaluation.generation import likeness, memorised, recognised, summarised
from cervix_models.generators.base import CellGenerator, VariationalGenerator
from cervix_models.inference import Batch
from cervix_models.making import CellMaker, noise_of
from cervix_models.predictors import ClassReader, open_classifier
from cervix_models.registry import create, find
from cervix_models.settings import Settings
from cervix_models.training.batches import cells_at
from cervix_models.training.card_words import limits, use_words
from cervix_models.training.encoder import embedded
from cervix_models.training.finish import training_curves, training_facts
from cervix_models.training.fit import Job, fit
from cervix_models.training.inputs import cells_for, side_of
from cervix_models.training.protocol import Plan, folds_of
from cervix_models.training.start import start_from_encoder

log = logging.getLogger(__name__)

SEEN_BY = "mobilenetv3_small"  # whose self-supervised encoder gives the features


def finish_generator(plan: Plan, judge: str, settings: Settings) -> Path:
    """The folder of the generator's weights and card, after its run and its measures.

    `judge` is the classifier that says which class a made cell is of. The generator learns from all
    folds but the first, whose clusters it is measured against.
    """
    recipe, folder = plan.recipe, plan.weights / plan.recipe.name
    fold = folds_of(plan)[0]
    check_disjoint(plan.packed.cells, fold.train, fold.held_out)
    cells, run = cells_for(plan.packed, recipe), plan.shared / "final"
    network, origin = fit(Job(recipe, cells, fold.train, fold.held_out, run, plan.epochs))
    generator = cast(CellGenerator, network)
    count = sum(each.numel() for each in network.parameters())
    data = {
        "sources": list(recipe.images),
        "cells": len(fold.train),
        "clusters": len({plan.packed.clusters[at] for at in fold.train}),
        "images_sha256": held_out_hash(plan.packed.sha256[at] for at in fold.train),
        "held_out_sha256": [fold.sha256],
        "first_weights": origin,
        "training": training_facts([run]),
        "parameters": count,
        "megabytes": round(2 * count / 1e6, 2),
    }
    seen = {"size": side_of(recipe), "latent": generator.latent, "resize": recipe.resize}
    card = Card(
        name=recipe.name,
        version=recipe.version,
        kind="generator",
        classes=recipe.told_apart,
        input=seen,
        data=data,
        metrics={"summary": "not measured yet", "curves": training_curves([run])},
        calibration={},
        recipe=recipe.as_dict(),
        licence="Apache-2.0",
        weights_sha256=save_weights(network, folder),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use=use_words(recipe, "generator"),
        limits=limits(recipe, "generator", seen, data),
    )
    save_card(card, folder)
    remeasure_generator(plan, judge, settings)
    return folder


def remeasure_generator(plan: Plan, judge: str, settings: Settings) -> dict[str, Any]:
    """The metrics of a generator, worked out anew against the cells held out from it, and put into
    its card. Raises WeightsError where there is none."""
    network, card = load_network(plan.recipe.name, plan.weights)
    fold = folds_of(plan)[0]
    metrics = {
        **card.metrics,
        **measured(plan, fold, cast(CellGenerator, network), judge, settings),
    }
    metrics["summary"] = summarised(metrics)
    card = replace(card, metrics=metrics)
    save_card(card, plan.weights / card.name)
    log.info("%s", card.summary)
    return metrics


def measured(
    plan: Plan, fold: Fold, network: CellGenerator, judge: str, settings: Settings
) -> dict[str, Any]:
    """How near made cells are to held-out ones, of the same classes, and whether they are told.

    All are seen at the generator's own size. `floor` is what training cells, as many of each
    class, would reach: real against real.
    """
    packed, side = plan.packed, side_of(plan.recipe)
    real = cells_at(packed, side).images
    learned, unseen = (real[torch.as_tensor(rows)] for rows in (fold.train, fold.held_out))
    labels = packed.labels[fold.held_out]
    maker = maker_of(network, plan.recipe.told_apart)
    parts = maker.parts([maker.classes[at] for at in labels])
    made = _tensor(maker.of(noise_of(plan.recipe.seed, len(labels), maker.latent), parts))
    seen = {
        "learned": _embedded(learned, settings),
        "unseen": _embedded(unseen, settings),
        "made": _embedded(made, settings),
    }
    alike = _alike(packed.labels[fold.train], labels, plan.recipe.seed)
    floor = likeness(seen["unseen"], seen["learned"][alike])
    reader = open_classifier(judge, settings)
    metrics = {
        "held_out": len(labels),
        "judge": judge,
        "features": f"encoder_{find(SEEN_BY).backbone}",
        **likeness(seen["unseen"], seen["made"]),
        "floor": {**floor, "recognised": _recognised(unseen, labels, reader)},
        "recognised": _recognised(made, labels, reader),
        "memorised": memorised(seen["learned"], seen["unseen"], seen["made"]),
    }
    if isinstance(network, VariationalGenerator):
        metrics["again"] = _again(network, unseen, parts)
    return metrics


def maker_of(network: CellGenerator, classes: tuple[str, ...]) -> CellMaker:
    """A network of torch as what makes cells."""

    @torch.inference_mode()
    def run(noise: Batch, parts: Batch) -> Batch:
        given = (torch.from_numpy(each).split(64) for each in (noise, parts))
        out: Batch = torch.cat([network.eval()(*some) for some in zip(*given, strict=True)]).numpy()
        return out

    return CellMaker(run, classes, network.latent)


def _tensor(images: Sequence[Image]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


def _alike(labels: NDArray[np.int64], wanted: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Positions in `labels` of as many cells of each class as `wanted` has, or of all there are."""
    random = np.random.default_rng(seed)
    chosen = []
    for label, count in zip(*np.unique(wanted, return_counts=True), strict=True):
        here = np.flatnonzero(labels == label)
        chosen.append(random.permutation(here)[:count])
    return np.concatenate(chosen)


def _embedded(images: Tensor, settings: Settings) -> NDArray[np.float32]:
    """Features `(n, width)` of pictures `(n, 3, side, side)` uint8, by the encoder."""
    network, entry = create(SEEN_BY), find(SEEN_BY)
    start_from_encoder(network, str(entry.backbone), settings.weights)
    large = nn.functional.interpolate(images.float(), entry.input_size, mode="bilinear")
    large = large.round().byte()
    return embedded(cast(CellClassifier, network), large)


def _recognised(images: Tensor, labels: NDArray[np.int64], reader: ClassReader) -> dict[str, Any]:
    """How many of the pictures the classifier takes for their class."""
    pictures = list(images.permute(0, 2, 3, 1).numpy())
    starts = range(0, len(pictures), 32)
    found = [reader.see(pictures[i : i + 32]).probabilities.argmax(1) for i in starts]
    return recognised(labels, np.concatenate(found), reader.card.classes)


@torch.inference_mode()
def _again(network: VariationalGenerator, images: Tensor, parts: Batch) -> dict[str, float]:
    """How like held-out cells are what the autoencoder makes of them again."""
    real = images.float() / 255
    pairs = zip(real.split(64), torch.from_numpy(parts).split(64), strict=True)
    made = torch.cat([network(network.encode(a, c)[0], c) for a, c in pairs])
    return {
        "ssim": float(
            cast(Tensor, structural_similarity_index_measure(made, real, data_range=1.0))
        ),
        "psnr": float(peak_signal_noise_ratio(made, real, data_range=1.0)),
        "mse": float(nn.functional.mse_loss(made, real)),
    }

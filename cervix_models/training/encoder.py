"""From a self-supervised run to `weights/<name>/`: the trunk, and what it is worth untrained."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from cervix_models.checkpoints import save_card, save_weights
from cervix_models.classifiers.base import CellClassifier
from cervix_models.contracts import Card
from cervix_models.data.splits import cluster_folds, held_out_hash
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.evaluation.classification import difference, interval_of
from cervix_models.registry import create, find
from cervix_models.training.batches import Cells
from cervix_models.training.finish import training_curves, training_facts
from cervix_models.training.inputs import cells_for, joined, side_of
from cervix_models.training.protocol import Plan, run_final

log = logging.getLogger(__name__)

PROBED = "sipakmed"


def finish_encoder(plan: Plan) -> Path:
    """The folder of the encoder's weights and card, after its run and its probe.

    The probe is a logistic regression on its frozen embeddings, in cluster-disjoint folds, beside
    the same on a network of random weights.
    """
    recipe, folder = plan.recipe, plan.weights / plan.recipe.name
    network, origin = run_final(plan)
    network = cast(CellClassifier, network)
    cells = cells_for(plan.packed, recipe)
    torch.manual_seed(recipe.seed)
    fresh = cast(CellClassifier, create(recipe.model)).eval()
    metrics = _probed(plan, cells, network, fresh)
    run = plan.shared / "final"
    metrics["curves"] = training_curves([run])
    rows = np.concatenate([plan.packed.where(each) for each in recipe.images])
    count = sum(each.numel() for each in network.trunk.parameters())
    card = Card(
        name=recipe.name,
        version=recipe.version,
        kind="encoder",
        classes=(),
        input={
            "reads": "image",
            "size": side_of(recipe),
            "resize": recipe.resize,
            "mean": list(IMAGENET_MEAN),
            "std": list(IMAGENET_STD),
        },
        data={
            "sources": list(recipe.images),
            "pictures": len(rows),
            "images_sha256": held_out_hash(plan.packed.sha256[at] for at in rows),
            "first_weights": origin,
            "training": training_facts([run]),
            "parameters": count,
            "megabytes": round(2 * count / 1e6, 2),
        },
        metrics=metrics,
        calibration={},
        recipe=recipe.as_dict(),
        licence="Apache-2.0",
        weights_sha256=save_weights(network.trunk, folder),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use=f"Weights that a training of {find(recipe.model).name} starts from. It gives "
        "no classes.",
        limits=(
            "It has seen the pixels of every cell, also of those that are held out later, but no "
            "class: what is gained by it may be a little too good for cells never seen.",
        ),
    )
    save_card(card, folder)
    log.info("%s", card.summary)
    return folder


def _probed(
    plan: Plan, cells: Cells, network: CellClassifier, fresh: CellClassifier
) -> dict[str, Any]:
    rows = plan.packed.where(PROBED)
    folds = cluster_folds(plan.packed.cells.take(rows), plan.recipe.folds, plan.recipe.seed)
    labels = plan.packed.labels[rows]
    clusters = [plan.packed.clusters[at] for at in rows]
    right = {}
    for name, each in (("encoder", network), ("random_weights", fresh)):
        seen = embedded(each, cells.images[torch.as_tensor(rows)])
        right[name] = np.zeros(len(rows), bool)
        for fold in folds:
            probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, C=0.1))
            probe.fit(seen[fold.train], labels[fold.train])
            right[name][fold.held_out] = probe.predict(seen[fold.held_out]) == labels[fold.held_out]
    found = {name: interval_of(each, clusters) for name, each in right.items()}
    gain = difference(right["encoder"], right["random_weights"], clusters)
    value = found["encoder"]
    return {
        "summary": f"frozen, with a logistic regression on it, right in {value['value']:.1%} "
        f"({value['low']:.1%} to {value['high']:.1%}) of {len(rows):,} cells, {len(folds)} folds "
        f"with clusters kept apart; random weights {found['random_weights']['value']:.1%}",
        "probe": {**found, "encoder_minus_random": gain},
    }


@torch.inference_mode()
def embedded(network: CellClassifier, images: torch.Tensor) -> NDArray[np.float32]:
    """The embeddings `(n, width)` of pictures `(n, 3, side, side)` uint8."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = cast(CellClassifier, cast(nn.Module, network).to(device).eval())
    parts = [
        network.embed(joined(some.to(device).float() / 255, None)).cpu().numpy()
        for some in images.split(64)
    ]
    network.cpu()
    return np.concatenate(parts)

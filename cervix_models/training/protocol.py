"""Cross-validation: every cell predicted by a network that saw nothing of its cluster."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from cervix_models.classifiers.base import CellClassifier
from cervix_models.data.index import CORRECTED
from cervix_models.data.packed import PackedSet
from cervix_models.data.splits import (
    Fold,
    check_disjoint,
    cluster_folds,
    held_out_hash,
    random_folds,
)
from cervix_models.errors import DataError
from cervix_models.evaluation.protocols import Protocol
from cervix_models.inference import sigmoid as to_probability
from cervix_models.inference import softmax, turned, turned_back
from cervix_models.recipes import Recipe
from cervix_models.registry import find
from cervix_models.training.batches import Cells
from cervix_models.training.fit import DONE, Job, claim, fit, trained
from cervix_models.training.inputs import cells_for, check_classes, ready, with_outlines

log = logging.getLogger(__name__)

PREDICTIONS = "predictions.npz"
AT_ONCE = 64  # cells a pass


@dataclass(frozen=True)
class Plan:
    """A recipe on a packed file, and where its runs are kept.

    Raises RecipeError where the two are of different classes.
    """

    recipe: Recipe
    packed: PackedSet
    runs: Path
    weights: Path
    protocol: Protocol = "cluster"
    epochs: int | None = None
    goes_on: bool = False  # from the weights that are there, instead of the first ones

    def __post_init__(self) -> None:
        """Refuses a packed file of other classes."""
        check_classes(self.recipe, self.packed)

    @property
    def folder(self) -> Path:
        """Where this plan's folds are."""
        return self.shared / self.protocol

    @property
    def shared(self) -> Path:
        """Where all trainings of the recipe are."""
        return self.runs / self.recipe.name


def outlined(plan: Plan) -> Plan:
    """The plan, with the masks that its network is given. Raises as with_outlines does."""
    return replace(plan, packed=with_outlines(plan.packed, plan.recipe, plan.weights))


def folds_of(plan: Plan) -> list[Fold]:
    """The recipe's folds as positions in the packed file, each source split on its own. Readings
    that persons corrected are learned from in every fold where there are other sources: models are
    measured on the same cells with them and without."""
    split = cluster_folds if plan.protocol == "cluster" else random_folds
    by_source, learned = [], []
    for source in plan.recipe.images:
        rows = plan.packed.where(source)
        if source in CORRECTED and not set(plan.recipe.images) <= set(CORRECTED):
            learned.append(rows)
            continue
        folds = split(plan.packed.cells.take(rows), plan.recipe.folds, plan.recipe.seed)
        by_source.append([(rows[f.train], rows[f.held_out], f.sha256) for f in folds])
    joined = []
    for parts in zip(*by_source, strict=True):
        held = np.sort(np.concatenate([part[1] for part in parts]))
        train = np.sort(np.concatenate([*(part[0] for part in parts), *learned]))
        joined.append(Fold(train, held, parts[0][2] if len(parts) == 1 else _joint(parts)))
    return joined


def run_fold(plan: Plan, number: int) -> Path:
    """The folder of one fold, trained and its held-out cells predicted.

    Raises DataError for a fold that is none, and RecipeError as `fit` does.
    """
    if plan.recipe.members:
        raise DataError(
            f"A fold of {plan.recipe.name} was asked for, but an ensemble learns nothing of its "
            f"own. Train a fold of a member: {', '.join(plan.recipe.members)}."
        )
    if not 0 <= number < plan.recipe.folds:
        raise DataError(
            f"Fold {number} was asked for; {plan.recipe.name} has the folds 0 to "
            f"{plan.recipe.folds - 1}. Give one of these."
        )
    fold = folds_of(plan)[number]
    if plan.protocol == "cluster":
        check_disjoint(plan.packed.cells, fold.train, fold.held_out)
    folder = plan.folder / f"fold{number}"
    claim(folder, plan.recipe, plan.epochs)
    if (folder / PREDICTIONS).is_file():
        return folder
    train, watch = fold.train, fold.held_out
    if plan.recipe.watches:
        train, watch = inner(plan, fold.train)
    plan = outlined(plan)
    cells = cells_for(plan.packed, plan.recipe)
    network, _ = fit(Job(plan.recipe, cells, train, watch, folder, plan.epochs, plan.shared))
    found = predict(network, plan, cells, fold.held_out)
    part = folder / f"part-{PREDICTIONS}"
    known = {"positions": fold.held_out, "hash": np.array(fold.sha256)}
    np.savez_compressed(part, allow_pickle=False, **known, **found)
    part.replace(folder / PREDICTIONS)
    return folder


def predict_fold(plan: Plan, number: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The held-out rows of a fold, and what its trained network says of them, read anew.

    Raises DataError where the fold was not trained.
    """
    folder = plan.folder / f"fold{number}"
    if not (folder / DONE).is_file():
        raise DataError(
            f"{folder} holds no trained network; that of fold {number} was expected. Train it: "
            f"python -m cervix_models train {plan.recipe.name} --protocol {plan.protocol} "
            f"--fold {number}"
        )
    rows = folds_of(plan)[number].held_out
    plan = outlined(plan)
    network = trained(plan.recipe, folder)
    return rows, predict(network, plan, cells_for(plan.packed, plan.recipe), rows)


def run_final(plan: Plan) -> tuple[nn.Module, str]:
    """The network trained on all cells of the recipe, and the origin of its first weights."""
    rows = np.sort(np.concatenate([plan.packed.where(each) for each in plan.recipe.images]))
    train, watch = rows, rows[::20]
    if plan.recipe.watches:
        train, watch = inner(plan, rows)
    plan = outlined(plan)
    cells = cells_for(plan.packed, plan.recipe)
    folder = plan.shared / "final"
    return fit(Job(plan.recipe, cells, train, watch, folder, plan.epochs, plan.shared))


def predict(
    network: nn.Module, plan: Plan, cells: Cells, rows: np.ndarray
) -> dict[str, np.ndarray]:
    """What the network says of `rows`: probabilities and embeddings, or of a segmenter `maps`
    `(n, 2, side, side)` of cell and nucleus, 0..255.

    `plan` is one that `outlined` gave, and `cells` are those of its packed file.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device)
    kind = find(plan.recipe.model).kind
    several = _classified if kind == "classifier" else _segmented
    starts = range(0, len(rows), AT_ONCE)
    parts = [several(network, plan, cells, rows[i : i + AT_ONCE]) for i in starts]
    network.cpu()
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


@torch.inference_mode()
def _classified(
    network: nn.Module, plan: Plan, cells: Cells, rows: np.ndarray
) -> dict[str, np.ndarray]:
    batch = ready(plan.packed, cells, plan.recipe, rows)
    classifier = cast(CellClassifier, network)
    probabilities, embeddings = [], []
    for view in range(plan.recipe.views):
        embedding = classifier.embed(_on(network, turned(batch, view) if view else batch))
        probabilities.append(softmax(classifier.head(embedding).float().cpu().numpy()))
        embeddings.append(embedding.float().cpu().numpy())
    return {
        "probabilities": np.mean(probabilities, axis=0),
        "embeddings": np.mean(embeddings, axis=0),
    }


@torch.inference_mode()
def _segmented(
    network: nn.Module, plan: Plan, cells: Cells, rows: np.ndarray
) -> dict[str, np.ndarray]:
    batch, maps = ready(plan.packed, cells, plan.recipe, rows), []
    for view in range(plan.recipe.views):
        logits = network(_on(network, turned(batch, view))).float().cpu().numpy()
        maps.append(turned_back(to_probability(logits), view))
    return {"maps": (np.mean(maps, axis=0) * 255).round().astype(np.uint8)}


def _on(network: nn.Module, batch: np.ndarray) -> torch.Tensor:
    device = next(network.parameters()).device
    tensor = torch.from_numpy(batch).to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def inner(plan: Plan, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A tenth of the training clusters, kept apart to stop early on."""
    fold = cluster_folds(plan.packed.cells.take(rows), 10, plan.recipe.seed)[0]
    return rows[fold.train], rows[fold.held_out]


def _joint(parts: tuple[tuple[np.ndarray, np.ndarray, str], ...]) -> str:
    return held_out_hash(part[2] for part in parts)

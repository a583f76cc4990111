"""Whether made cells help a classifier that learns from real ones, from made ones, or from both."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cervix_models.checkpoints import load_network, save_card
from cervix_models.data.splits import Fold
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, normalise
from cervix_models.errors import DataError
from cervix_models.evaluation.classification import difference, interval_of
from cervix_models.generators.base import CellGenerator
from cervix_models.making import maker_of, noise_of
from cervix_models.recipes import Recipe
from cervix_models.training.batches import Cells, cells_at
from cervix_models.training.fit import Job, fit
from cervix_models.training.generator import kept_apart
from cervix_models.training.inputs import side_of
from cervix_models.training.judging import as_tensor
from cervix_models.training.protocol import Plan

log = logging.getLogger(__name__)

SHARES = (0.1, 0.25, 0.5, 1.0)  # of the real cells, in whole clusters
APART = 10_000  # added to a generator's seed: cells that it was not measured with
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Arm:
    """What some classifiers learned from, and how often each cell held out was told rightly."""

    share: float  # of the real cells
    made: bool  # whether made cells were added, or stood alone
    cells: int  # mean over the draws
    right: NDArray[np.float64]  # the part of the draws that told it, of each cell held out

    def figures(self, clusters: list[str], of_class: Mapping[str, Rows]) -> dict[str, Any]:
        """For the card; `of_class` says which of the cells held out are of each class."""
        return {
            "real_share": self.share,
            "made": self.made,
            "cells": self.cells,
            "accuracy": interval_of(self.right, clusters),
            "by_class": _by_class(self.right, of_class),
        }


@dataclass(frozen=True)
class Trial:
    """One generator, one kind of classifier, and the cells that neither learns from."""

    plan: Plan  # of the generator
    learner: Recipe
    network: CellGenerator
    weights: str  # hash of the generator's
    fold: Fold
    real: Cells  # of the packed file, as the learner is shown them

    def draw(self, number: int) -> tuple[dict[tuple[float, bool], Learned], NDArray[np.bool_]]:
        """What each arm learned in one draw of the real cells that are kept, of made ones and of
        the classifier's first weights, the same for all arms; and which of the made cells are told
        rightly by what learned from all real ones."""
        plan, rows = self.plan, self.fold.train
        labels = plan.packed.labels[rows]
        cells = _joined(self.real, self._made(labels, number), labels)
        added = np.arange(len(plan.packed), len(plan.packed) + len(labels))
        arms = {}
        told = np.zeros(0, bool)
        for share in (0.0, *SHARES):
            kept = _of_clusters(plan, rows, share, number)
            for with_made in (True,) if share == 0 else (False, True):
                chosen = np.concatenate([kept, added]) if with_made else kept
                learned = self._learned(cells, chosen, number, share, with_made)
                right = _right(learned, cells, self.fold.held_out)
                arms[share, with_made] = Learned(len(chosen), right)
                if (share, with_made) == (1.0, False):
                    told = _right(learned, cells, added)
                words = " and made cells" if with_made else ""
                log.info("%d, %g%s: %.1f %%", number, share, words, 100 * right.mean())
        return arms, told

    def _made(self, labels: NDArray[np.int64], number: int) -> Tensor:
        """A made cell of each label."""
        maker = maker_of(self.network, self.plan.recipe.told_apart)
        seed = self.plan.recipe.seed + APART + number
        noise = noise_of(seed, len(labels), maker.latent)
        return as_tensor(maker.of(noise, maker.parts([maker.classes[at] for at in labels])))

    def _learned(
        self, cells: Cells, rows: NDArray[np.int64], number: int, share: float, made: bool
    ) -> nn.Module:
        """A network that learned from `rows`, in as many steps as the recipe takes for all real
        cells. Those that learned from real cells alone serve every generator."""
        asked, whole = self.learner.optimiser, len(self.fold.train)
        epochs = max(1, round((self.plan.epochs or asked.epochs) * whole / len(rows)))
        seed = self.learner.seed + number
        recipe = replace(self.learner, seed=seed, optimiser=replace(asked, epochs=epochs))
        start = f"{self.plan.recipe.name}_{self.weights[:12]}" if made else "real"
        folder = self.plan.runs / "help" / f"{recipe.name}_{self.fold.sha256[:12]}" / start
        watched = self.fold.held_out[:: max(1, len(self.fold.held_out) // 64)]
        return fit(Job(recipe, cells, rows, watched, folder / f"{number}_{share:g}"))[0]


@dataclass(frozen=True)
class Learned:
    """What one classifier learned from and was right in."""

    cells: int
    right: NDArray[np.bool_]  # of the cells held out


def measure_help(plan: Plan, learner: Recipe, draws: int) -> dict[str, Any]:
    """How well `learner` tells held-out cells when it learned from shares of the real cells, from
    the same with as many made cells of each class as there are real ones in all, and from those
    alone; put into the generator's card. The share of made cells of each class that it tells where
    it learned from all real ones alone is `reverse`.

    All take as many steps. Each arm is the mean of some `draws`, paired: of which clusters a share
    has, of the made cells, and of the classifier's first weights. The generator learned from all
    real cells but those held out: with few real cells, what it adds also comes from the others.
    Raises WeightsError where it is not here.
    """
    network, card = load_network(plan.recipe.name, plan.weights)
    if not isinstance(network, CellGenerator):
        raise DataError(
            f"{card.name} is a {card.kind}; a generator that makes cells of a class was expected."
        )
    fold, packed = kept_apart(plan), plan.packed
    real = cells_at(packed, side_of(learner))
    trial = Trial(plan, learner, network, card.weights_sha256, fold, real)
    drawn = [trial.draw(number) for number in range(draws)]
    clusters = [packed.clusters[at] for at in fold.held_out]
    of_class = _of_class(packed.labels[fold.held_out], packed.names)
    arms = [_mean(*key, [arms[key] for arms, _ in drawn]) for key in drawn[0][0]]
    gains = [
        {"real_share": one.share, **difference(two.right, one.right, clusters)}
        for one in arms
        for two in arms
        if one.share == two.share and two.made and not one.made
    ]
    told, labels = np.concatenate([each for _, each in drawn]), packed.labels[fold.train]
    found = {
        "learner": learner.name,
        "held_out": len(fold.held_out),
        "draws": draws,
        "arms": [each.figures(clusters, of_class) for each in arms],
        "gains": gains,
        "reverse": {
            "accuracy": interval_of(told, [str(at) for at in range(len(told))]),
            "by_class": _by_class(told, _of_class(np.tile(labels, draws), packed.names)),
        },
    }
    save_card(replace(card, metrics={**card.metrics, "help": found}), plan.weights / card.name)
    return found


def _mean(share: float, made: bool, drawn: Sequence[Learned]) -> Arm:
    cells = round(float(np.mean([each.cells for each in drawn])))
    return Arm(share, made, cells, np.mean([each.right for each in drawn], axis=0))


def _joined(real: Cells, made: Tensor, labels: NDArray[np.int64]) -> Cells:
    """Real cells, and made ones behind them, at the size of the real ones."""
    side, count = real.images.shape[2], len(made)
    if made.shape[2] != side:
        large = torch.nn.functional.interpolate(made.float(), side, mode="bilinear", antialias=True)
        made = large.round().clamp(0, 255).byte()
    return replace(
        real,
        images=torch.cat([real.images, made]),
        labels=torch.cat([real.labels, torch.from_numpy(labels)]),
        masks=torch.cat([real.masks, torch.zeros(count, side, side, dtype=torch.uint8)]),
        has_mask=torch.cat([real.has_mask, torch.zeros(count, dtype=torch.bool)]),
        margins=torch.cat([real.margins, torch.zeros(count, 2)]),
    )


def _of_clusters(plan: Plan, rows: NDArray[np.int64], share: float, draw: int) -> NDArray[np.int64]:
    """The rows of as many whole clusters as make a share of them; those of a smaller one among
    them."""
    clusters = np.array([plan.packed.clusters[at] for at in rows])
    order = np.random.default_rng([plan.recipe.seed, draw]).permutation(np.unique(clusters))
    counts = np.array([(clusters == each).sum() for each in order])
    kept = order[np.cumsum(counts) <= share * len(rows) + 0.5]
    return rows[np.isin(clusters, kept)]


@torch.inference_mode()
def _right(network: nn.Module, cells: Cells, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `rows` a network tells rightly."""
    at = torch.as_tensor(rows)
    shown = (some.float() / 255 for some in cells.images[at].split(64))
    found = torch.cat(
        [network(normalise(some, IMAGENET_MEAN, IMAGENET_STD)).argmax(1) for some in shown]
    )
    right: NDArray[np.bool_] = (found == cells.labels[at]).numpy()
    return right


def _of_class(labels: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, Rows]:
    """Which of the labels are of each class, of those that there are."""
    found = {name: labels == at for at, name in enumerate(names)}
    return {name: rows for name, rows in found.items() if rows.any()}


def _by_class(
    right: NDArray[np.bool_] | NDArray[np.float64], of_class: Mapping[str, Rows]
) -> dict[str, float]:
    """The part of each class that is right, to four digits: a card holds many of them."""
    return {name: round(float(right[rows].mean()), 4) for name, rows in of_class.items()}

"""Where classifiers bend: one fold's held-out cells disturbed, and pictures of other data sets."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage
from sklearn.metrics import roc_auc_score

from cervix_models.cards import load_card, members_of
from cervix_models.checkpoints import save_card
from cervix_models.classifiers.base import CellClassifier
from cervix_models.contracts import Card, Image, Segmentation
from cervix_models.data.importing import list_datasets
from cervix_models.data.labels import CLASSES
from cervix_models.data.packed import PackedSet
from cervix_models.data.pictures import read_rgb
from cervix_models.evaluation.classification import interval_of
from cervix_models.evaluation.disturbances import DISTURBANCES
from cervix_models.gate import Space, load_space, measures_of, refusals
from cervix_models.inference import softmax, turned
from cervix_models.predictors import (
    CellReader,
    OutlineReader,
    given_batch,
    open_classifier,
    tempered,
    together,
)
from cervix_models.recipes import load_recipe
from cervix_models.settings import Settings
from cervix_models.training.field_cells import ForeignCells, field_cells
from cervix_models.training.fit import trained
from cervix_models.training.protocol import Plan, folds_of

log = logging.getLogger(__name__)

FOLD = 0
FIELDS = "cric_fields"
AT_ONCE = 32
ABNORMAL = [at for at, each in enumerate(CLASSES) if each.group == "abnormal"]
NORMAL_WORDS = ("normal_", "Negative for intraepithelial lesion")
MAPPING = (
    "Koilocytotic and Dyskeratotic are taken as abnormal, the other three as normal. Of Herlev the "
    "three normal classes, and of CRIC “negative for intraepithelial lesion”, are normal; all "
    "others are abnormal. Columnar cells, severe grades and carcinoma have no counterpart among "
    "the five classes. CRIC's cells are windows round an annotated nucleus, not crops of a cell; "
    "of its fields they are the cells cut out round those annotated nuclei that the finder found."
)

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Guard:
    """The gate and the segmenter of the product, as every reading meets them."""

    outlines: OutlineReader
    lead: CellReader
    space: Space
    ranges: Mapping[str, tuple[float, float]]
    settings: Settings

    def look(
        self, images: Sequence[Image], given: Sequence[Segmentation] | None = None
    ) -> tuple[list[Segmentation], NDArray[np.bool_]]:
        """The outlines of images, where none are `given`, and whether the gate refuses each."""
        masks: list[Segmentation] = []
        refused: list[bool] = []
        for at in range(0, len(images), AT_ONCE):
            some = images[at : at + AT_ONCE]
            found = self.outlines.predict(some) if given is None else given[at : at + AT_ONCE]
            far = self.space.distances(self.lead.see(some).embeddings)
            for image, mask, distance in zip(some, found, far, strict=True):
                refused.append(
                    bool(refusals(measures_of(image, mask, float(distance)), self.ranges))
                )
            masks += found
        return masks, np.array(refused)


def open_guard(classifier: str, segmenter: str, settings: Settings) -> Guard:
    """The gate of this default classifier and segmenter. Raises WeightsError."""
    card, shares = members_of(classifier, settings.weights)
    return Guard(
        outlines=OutlineReader(segmenter, settings),
        lead=CellReader(next(iter(shares), classifier), settings),
        space=load_space(settings.weights / classifier),
        ranges=card.calibration["gate"]["ranges"],
        settings=settings,
    )


def measure_robustness(plans: Sequence[Plan], guard: Guard, cells: int) -> dict[str, Any]:
    """What each plan's model answers of so many held-out cells of fold FOLD under disturbances.

    Written into the models' cards. The networks are those of the fold, which never saw the cells;
    the gate is the product's. Raises DataError and RecipeError where a fold was not trained.
    """
    first = plans[0]
    rows = _some(folds_of(first)[FOLD].held_out, first.packed, cells)
    images = _originals(first.packed, rows, guard.settings)
    labels = first.packed.labels[rows]
    clusters = [first.packed.clusters[at] for at in rows]
    found: dict[str, dict[str, list[dict[str, Any]]]] = {p.recipe.name: {} for p in plans}
    for kind in DISTURBANCES:
        for strength in kind.measured:
            disturbed = [kind.apply(image, strength) for image in images]
            masks, refused = guard.look(disturbed)
            for plan in plans:
                right = _said(plan, disturbed, masks).argmax(1) == labels
                found[plan.recipe.name].setdefault(kind.name, []).append(
                    {
                        "strength": strength,
                        "accuracy": interval_of(right, clusters),
                        "refused": float(refused.mean()),
                        "wrong_and_not_refused": float((~right & ~refused).mean()),
                    }
                )
            log.info("%s %g: %.1f %% refused", kind.name, strength, 100 * refused.mean())
    for name, by_kind in found.items():
        _keep(name, guard.settings, robustness={"fold": FOLD, "cells": len(rows), **by_kind})
    return found


def measure_foreign(names: Sequence[str], guard: Guard, packed: PackedSet) -> dict[str, Any]:
    """How well each classifier tells abnormal from normal on Herlev and CRIC, into its card: on the
    crops and windows of the packed file, and on the cells that are cut out of CRIC's fields round
    the nuclei that were found in them, where CRIC is imported and a finder was trained."""
    out: dict[str, Any] = {name: {} for name in names}
    readers = {name: open_classifier(name, guard.settings) for name in names}
    for source in ("herlev", "cric", FIELDS):
        cells = field_cells(guard) if source == FIELDS else _packed_cells(source, guard, packed)
        if not cells.images:
            continue
        masks, refused = guard.look(cells.images, cells.masks)
        kinds = np.array(cells.kinds)
        truth = np.array([not each.startswith(NORMAL_WORDS) for each in kinds])
        for name, reader in readers.items():
            seen = np.concatenate(
                [
                    reader.see(
                        cells.images[at : at + AT_ONCE], masks[at : at + AT_ONCE]
                    ).probabilities
                    for at in range(0, len(masks), AT_ONCE)
                ]
            )
            out[name][source] = _foreign_figures(seen, truth, refused, kinds, cells.clusters)
    for name, found in out.items():
        _keep(name, guard.settings, foreign={"mapping": MAPPING, **found})
    return out


def _packed_cells(source: str, guard: Guard, packed: PackedSet) -> ForeignCells:
    rows = [int(at) for at in packed.where(source) if packed.classes[at]]
    return ForeignCells(
        _originals(packed, np.array(rows, np.int64), guard.settings),
        None,
        [packed.classes[at] for at in rows],
        [packed.clusters[at] for at in rows],
    )


def _foreign_figures(
    seen: Probabilities,
    truth: NDArray[np.bool_],
    refused: NDArray[np.bool_],
    kinds: NDArray[np.str_],
    clusters: Sequence[str],
) -> dict[str, Any]:
    said = np.isin(seen.argmax(1), ABNORMAL)
    groups = np.array(clusters)
    return {
        "cells": len(truth),
        "abnormal_cells": int(truth.sum()),
        "roc_auc": float(roc_auc_score(truth, seen[:, ABNORMAL].sum(1))),
        "sensitivity": interval_of(said[truth], list(groups[truth])),
        "specificity": interval_of(~said[~truth], list(groups[~truth])),
        "refused_by_the_gate": float(refused.mean()),
        "called_abnormal_by_class": {k: float(said[kinds == k].mean()) for k in np.unique(kinds)},
    }


def _said(plan: Plan, images: Sequence[Image], masks: Sequence[Segmentation]) -> Probabilities:
    """Probabilities by the plan's fold, or by the folds of an ensemble's members together."""
    if not plan.recipe.members:
        return _of_fold(plan, images, masks)
    card = load_card(plan.recipe.name, plan.weights)
    shares = list(card.input["members"].values())
    each = [
        tempered(
            _of_fold(replace(plan, recipe=load_recipe(name)), images, masks),
            float(load_card(name, plan.weights).calibration["temperature"]),
        )
        for name in plan.recipe.members
    ]
    return together(each, shares, plan.recipe.enough)


@torch.inference_mode()
def _of_fold(plan: Plan, images: Sequence[Image], masks: Sequence[Segmentation]) -> Probabilities:
    network = cast(CellClassifier, trained(plan.recipe, plan.folder / f"fold{FOLD}"))
    card = load_card(plan.recipe.name, plan.weights)
    parts = []
    for at in range(0, len(images), AT_ONCE):
        batch = given_batch(card, images[at : at + AT_ONCE], masks[at : at + AT_ONCE])
        views = [turned(batch, v) if v else batch for v in range(plan.recipe.views)]
        parts.append(np.mean([softmax(network(torch.from_numpy(v)).numpy()) for v in views], 0))
    return np.concatenate(parts)


def _some(rows: NDArray[np.int64], packed: PackedSet, cells: int) -> NDArray[np.int64]:
    """So many of the rows, of each class alike, the same each time."""
    random = np.random.default_rng(0)
    labels = packed.labels[rows]
    share = max(1, cells // len(CLASSES))
    chosen = [random.permutation(rows[labels == each])[:share] for each in np.unique(labels)]
    return np.sort(np.concatenate(chosen))


def _originals(packed: PackedSet, rows: NDArray[np.int64], settings: Settings) -> list[Image]:
    """The crops at their own size, from the imported sets where they are there."""
    files = {
        row.sha256: index.root / row.path
        for index in list_datasets(settings.home).values()
        for row in index.cells
    }
    return [
        read_rgb(files[packed.sha256[at]]) if packed.sha256[at] in files else _own_size(packed, at)
        for at in rows
    ]


def _own_size(packed: PackedSet, at: int) -> Image:
    """A packed crop brought back to the size it had: a little softer than it was."""
    width, height = (int(each) for each in packed.sizes[at])
    picture = PilImage.fromarray(packed.images[at])
    return np.asarray(picture.resize((width, height), PilImage.Resampling.BICUBIC))


def _keep(name: str, settings: Settings, **found: Mapping[str, Any]) -> None:
    card: Card = load_card(name, settings.weights)
    save_card(replace(card, metrics={**card.metrics, **found}), settings.weights / name)

"""Fits the gate of a classifier on held-out cells, and counts what it refuses of other pictures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cervix_models.cards import load_card, members_of
from cervix_models.checkpoints import save_card
from cervix_models.contracts import Image, Segmentation
from cervix_models.errors import DataError
from cervix_models.evaluation.gate import (
    as_columns,
    cross_refused,
    fit_ranges,
    fit_space,
    refused,
)
from cervix_models.evaluation.held_out import load_held_out
from cervix_models.evaluation.noncells import kind_of, non_cells
from cervix_models.gate import load_space, measures_of
from cervix_models.predictors import CellReader, ClassReader, OutlineReader
from cervix_models.settings import Settings
from cervix_models.training.finish import gathered
from cervix_models.training.fit import trained
from cervix_models.training.inputs import cells_for
from cervix_models.training.protocol import Plan, folds_of, predict

log = logging.getLogger(__name__)

SHOWN = 800  # training cells of a fold that its space is made of
AT_ONCE = 32  # pictures


def fit_gate(lead: Plan, classifier: str, segmenter: str, settings: Settings) -> dict[str, Any]:
    """The gate's figures, after its space and ranges were written beside the classifier's card.

    `lead` is the plan of the classifier, or of the first member where it is an ensemble.
    Distances are those of held-out cells in the space of their own fold's network; outlines are
    those of the fold that held the cell out. The final space is made of the final network. The
    ranges are chosen on all cells; the share that is refused is counted with each fold's cells
    judged by ranges that the other folds chose.
    """
    measures, folds = _held_out(lead, segmenter, settings)
    ranges = fit_ranges(measures)
    folder = settings.weights / classifier
    cells = CellReader(lead.recipe.name, settings)
    rows = lead.packed.where("sipakmed")
    if not len(rows):  # cells of another set
        rows = np.sort(np.concatenate([fold.held_out for fold in folds_of(lead)]))
    images = [lead.packed.images[i] for i in rows]
    fit_space(embeddings_of(cells, images)).save(folder)
    card = load_card(classifier, settings.weights)
    figures = {
        "held_out_cells": len(rows),
        "held_out_refused": float(cross_refused(measures, folds).mean()),
        "refused_by": {n: float(cross_refused({n: measures[n]}, folds).mean()) for n in ranges},
    }
    calibration = {**card.calibration, "gate": {"ranges": ranges, **figures}}
    save_card(replace(card, calibration=calibration), folder)
    return figures


def embeddings_of(cells: ClassReader, images: Sequence[Image]) -> NDArray[np.float32]:
    """The embeddings `(n, width)` of pictures, a few at a time."""
    starts = range(0, len(images), AT_ONCE)
    return np.concatenate([cells.see(images[i : i + AT_ONCE]).embeddings for i in starts])


def try_gate(classifier: str, segmenter: str, settings: Settings) -> dict[str, Any]:
    """The share of non-cells that the fitted gate refuses, by kind, written into the card."""
    card, members = members_of(classifier, settings.weights)
    lead = CellReader(next(iter(members), classifier), settings)
    outlines = OutlineReader(segmenter, settings)
    folder = settings.weights / classifier
    space, gate = load_space(folder), card.calibration["gate"]
    names, images = zip(*non_cells(), strict=True)
    rows = []
    for image in images:
        far = space.distances(lead.see([image]).embeddings)[0]
        rows.append(measures_of(image, outlines.predict([image])[0], float(far)))
    out = refused(as_columns(rows), gate["ranges"])
    kinds = np.array([kind_of(name) for name in names])
    figures = {
        "non_cells": len(images),
        "non_cells_refused": float(out.mean()),
        "non_cells_refused_by_kind": {k: float(out[kinds == k].mean()) for k in np.unique(kinds)},
    }
    gate = {**gate, **figures}
    save_card(replace(card, calibration={**card.calibration, "gate": gate}), folder)
    return figures


def _held_out(
    classifier: Plan, segmenter: str, settings: Settings
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Every measure of the gate, of every cell, by networks not trained on it, and its fold."""
    outline = _outlines(segmenter, settings)
    seen = gathered([classifier.folder / f"fold{n}" for n in range(classifier.recipe.folds)])
    packed = classifier.packed
    cells = cells_for(packed, classifier.recipe)
    rows = []
    for number, fold in enumerate(folds_of(classifier)):
        folder = classifier.folder / f"fold{number}"
        shown = np.random.default_rng(number).permutation(fold.train)[:SHOWN]
        known = predict(trained(classifier.recipe, folder), classifier, cells, shown)
        space = fit_space(known["embeddings"])
        here = seen["folds"] == number
        distances = space.distances(seen["embeddings"][here])
        for at, far in zip(seen["positions"][here], distances, strict=True):
            mask = outline(packed.sha256[at], packed.images[at])
            rows.append(measures_of(packed.images[at], mask, float(far)))
    return as_columns(rows), seen["folds"]


def _outlines(segmenter: str, settings: Settings) -> Callable[[str, Image], Segmentation]:
    """What outlines a cell, by its hash and picture: the fold of the segmenter that held it out;
    the segmenter itself where it never learned from it."""
    try:
        known = load_held_out(segmenter, settings.weights)
    except DataError:  # it was not measured
        known = {"sha256": [], "masks": []}
    masks = dict(zip(known["sha256"], known["masks"], strict=True))
    readers: list[OutlineReader] = []

    def outline(sha256: str, image: Image) -> Segmentation:
        if sha256 in masks:
            return Segmentation.from_labels(masks[sha256])
        if not readers:
            readers.append(OutlineReader(segmenter, settings))
        return readers[0].predict([image])[0]

    return outline

"""Cells cut out of annotated fields, round the nuclei that a finder found in fields held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cervix_models.cards import load_cards
from cervix_models.contracts import Image, Segmentation
from cervix_models.cutting import cut_cells
from cervix_models.data.importing import list_datasets
from cervix_models.data.pictures import read_rgb
from cervix_models.evaluation.finding import kept_fields, matched
from cervix_models.evaluation.held_out import HELD_OUT

if TYPE_CHECKING:
    from cervix_models.training.robustness import Guard

KEPT = HELD_OUT["cluster"]


@dataclass(frozen=True)
class ForeignCells:
    """Cells of another data set, each with its kind and the field or capture it is of."""

    images: Sequence[Image] = ()
    masks: Sequence[Segmentation] | None = None  # where the outlines are known
    kinds: Sequence[str] = field(default_factory=list)
    clusters: Sequence[str] = field(default_factory=list)


def field_cells(guard: Guard) -> ForeignCells:
    """The cells of all imported fields that a finder was measured on: of each annotated nucleus
    that was found by the network that had not seen its field, as the product cuts and outlines it.

    None where no finder was measured here, or no field is imported.
    """
    weights = guard.settings.weights
    finders = (card for card in load_cards(weights) if card.kind == "finder")
    measured = [card for card in finders if (weights / card.name / KEPT).is_file()]
    if not measured:
        return ForeignCells()
    finder = measured[0]
    with np.load(weights / finder.name / KEPT, allow_pickle=False) as stored:
        known = kept_fields(stored)
    files = {
        row.sha256: index.root / row.path
        for index in list_datasets(guard.settings.home).values()
        for row in index.fields
    }
    images: list[Image] = []
    masks: list[Segmentation] = []
    kinds: list[str] = []
    clusters: list[str] = []
    for each in known:
        if each.sha256 not in files:
            continue
        image = read_rgb(files[each.sha256])
        found = each.found[each.found[:, 2] >= finder.calibration["threshold"], :2]
        pairs = matched(found, each.truth)
        cuts = cut_cells(image, found)  # also round the others: they part what touches
        own = [at for at in range(len(cuts)) if pairs[at] >= 0]
        windows = [np.ascontiguousarray(image[cuts[at].window]) for at in own]
        points = [(found[at, 0] - cuts[at].left, found[at, 1] - cuts[at].top) for at in own]
        images += windows
        masks += guard.outlines.predict_at(windows, points, [cuts[at].inside for at in own])
        kinds += [each.labels[pairs[at]] for at in own]
        clusters += [each.sha256] * len(own)
    return ForeignCells(images, masks, kinds, clusters)

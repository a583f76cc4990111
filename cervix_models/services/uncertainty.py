"""How far measurements move where the segmenter sees the same cell turned and mirrored."""

from __future__ import annotations

from dataclasses import dataclass

from cervix_models.contracts import Image
from cervix_models.morphology import measure
from cervix_models.predictors import OutlineReader

VIEWS = 8  # all quarter turns and flips


@dataclass(frozen=True)
class Spread:
    """The least and the largest of a feature over the views."""

    low: float
    high: float


def feature_spreads(outlines: OutlineReader, image: Image) -> dict[str, Spread]:
    """Of each feature its spread over eight views of one cell, in pixels.

    Every view gives outlines of its own, which are turned back and measured on the picture as it
    is. A view without a nucleus or cytoplasm is left out; with fewer than two nothing is said.
    """
    measured = [
        measure(image, mask)
        for mask in outlines.views_of(image, VIEWS)
        if mask.nucleus.any() and mask.cytoplasm.any()
    ]
    if len(measured) < 2:
        return {}
    shared = set.intersection(*(set(each) for each in measured))
    return {
        name: Spread(min(each[name] for each in measured), max(each[name] for each in measured))
        for name in measured[0]
        if name in shared
    }

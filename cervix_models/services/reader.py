"""One picture read by all models that have a say: outlines, class, heat, measures, refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervix_models.contracts import (
    Card,
    Classification,
    Decision,
    Heat,
    HeatShares,
    Image,
    ModelRole,
    ModelUse,
    Segmentation,
)
from cervix_models.explain import open_explainer
from cervix_models.gate import load_space, measures_of, refusals
from cervix_models.morphology import heat_shares, measure
from cervix_models.predictors import OutlineReader, conformal_members, open_classifier
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.settings import Settings


@dataclass(frozen=True)
class Finding:
    """What the models say of one picture, before anything is stored."""

    decision: Decision
    label: str | None
    reasons: tuple[str, ...]
    classification: Classification | None  # None where the picture is no readable single cell
    conformal_set: tuple[str, ...]
    segmentation: Segmentation
    features: Mapping[str, float]
    heat: Heat | None
    shares: HeatShares | None
    gate: Mapping[str, float]


class Reader:
    """The default models, loaded once; threads may share one."""

    def __init__(self, settings: Settings) -> None:
        """Loads outlines, class, heat and gate. Raises WeightsError."""
        self.outlines = OutlineReader(SEGMENTER, settings)
        self.cells = open_classifier(CLASSIFIER, settings)
        self.explainer = open_explainer(CLASSIFIER, settings)
        self.space = load_space(settings.weights / CLASSIFIER)
        fitted = self.cells.card.calibration
        self.ranges = {name: (low, high) for name, (low, high) in fitted["gate"]["ranges"].items()}
        self.refer_below = float(fitted["refer_below"])
        self.least = np.array([fitted["conformal_least"][n] for n in self.cells.card.classes])

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """The weights that speak in every reading."""
        return (
            _use("classifier", self.cells.card),
            *(_use("member", card) for card in self.cells.members),
            _use("segmenter", self.outlines.card),
        )

    def read(self, image: Image) -> Finding:
        """The finding of one picture, with heat."""
        return self.read_many([image], with_heat=True)[0]

    def read_many(self, images: Sequence[Image], *, with_heat: bool = False) -> list[Finding]:
        """The findings of several pictures; Grad-CAM costs most, and comes `with_heat` only."""
        masks = self.outlines.predict(images)
        seen = self.cells.see(images)
        distances = self.space.distances(seen.embeddings)
        return [
            self._finding(image, mask, row, float(far), with_heat)
            for image, mask, row, far in zip(
                images, masks, seen.probabilities, distances, strict=True
            )
        ]

    def _finding(
        self,
        image: Image,
        mask: Segmentation,
        row: NDArray[np.float64],
        distance: float,
        with_heat: bool,
    ) -> Finding:
        gate = measures_of(image, mask, distance)
        refused = refusals(gate, self.ranges)
        answer = self.cells.named(row)
        members = conformal_members(row, self.least)
        chosen = tuple(n for n, held in zip(answer.probabilities, members, strict=True) if held)
        unsure = [] if refused else self._doubts(answer, chosen)
        reasons = (*refused, *unsure)
        heat = shares = None
        if with_heat and not refused:
            heat = self.explainer.heat(image, answer.top)
            shares = heat_shares(heat, mask)
        whole = mask.nucleus.any() and mask.cytoplasm.any()
        return Finding(
            decision="refer" if reasons else "class",
            label=None if reasons else answer.top,
            reasons=reasons,
            classification=None if refused else answer,
            conformal_set=() if refused else chosen,
            segmentation=mask,
            features=measure(image, mask) if whole and not refused else {},
            heat=heat,
            shares=shares,
            gate=gate,
        )

    def _doubts(self, answer: Classification, chosen: tuple[str, ...]) -> list[str]:
        top = answer.probabilities[answer.top]
        if top >= self.refer_below:
            return []
        among = f" It may be {' or '.join(chosen)}." if len(chosen) > 1 else ""
        return [
            f"The model is not sure enough: its largest probability is {top:.0%}, and a class is "
            f"named from {self.refer_below:.0%} on.{among} A person should read it."
        ]


def _use(role: ModelRole, card: Card) -> ModelUse:
    return ModelUse(role, card.name, card.version, card.weights_sha256, card.summary)

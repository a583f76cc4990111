"""Cells whose nucleus and outline are asked for: what steers them, and how far they heed it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pictures

from cervix_models.cards import here_of
from cervix_models.contracts import NUCLEUS, Card, Image, Wish
from cervix_models.data.marks import mark_synthetic
from cervix_models.data.shapes import Control, Labels, framed, of_labels, resized, size_of
from cervix_models.evaluation.segmentation import dice_scores
from cervix_models.nearness import CopyCheck, open_check
from cervix_models.services.defaults import CLASSIFIER
from cervix_models.services.triage import Triage, taken

if TYPE_CHECKING:
    from cervix_models.steering import SteeredMaker

PARTS = ("nucleus", "cytoplasm", "cell")


@dataclass(frozen=True)
class SteeredCell:
    """One cell that was steered, and what the models see in it."""

    png: bytes  # marked synthetic on its face and in the file
    labels: Labels  # as the segmenter finds them
    dice: Mapping[str, float]  # with what was asked, by PARTS; empty where no outlines were
    probabilities: Mapping[str, float]
    near_copy: bool  # nearer to a training cell than 99 of 100 unseen real cells are


class Steering:
    """The generators at hand that can be steered; threads may share one."""

    def __init__(self, triage: Triage) -> None:
        """Loads nothing yet."""
        self.triage, self.settings = triage, triage.settings
        self._loading = threading.Lock()
        self._makers: dict[str, tuple[SteeredMaker, CopyCheck, Card]] = {}

    def cards(self) -> list[Card]:
        """The cards of the generators that can be steered and whose weights are here, by name."""
        found = here_of(("generator",), self.settings.weights)
        return sorted((card for card in found if card.recipe.get("flow")), key=lambda c: c.name)

    def make(
        self,
        name: str,
        wish: Wish,
        control: Control | None,
        watch: Callable[[int, list[bytes]], None] | None = None,
    ) -> list[SteeredCell]:
        """The cells of a wish, steered by `control`; the same for the same wish. `watch` is shown
        how they come out of the noise, as marked pictures, and may raise to end it.

        Raises WeightsError for a generator that is not here, DataError for a wish that cannot be.
        """
        maker, check, card = self._maker(name)
        labels = control.labels if control else None
        wish = replace(
            wish,
            control=control.picture if control else None,
            size=None if labels is None else size_of(labels),
        )
        about = f"{wish.label} cell made by {name} ({card.weights_sha256[:12]}), seed {wish.seed}"

        def shown(step: int, images: list[Image]) -> None:
            if watch:
                watch(step, [mark_synthetic(each, about) for each in images])

        images = maker.make(wish, shown if watch else None)
        return self._looked_at(images, labels, about, check)

    def _looked_at(
        self, images: Sequence[Image], asked: Labels | None, about: str, check: CopyCheck
    ) -> list[SteeredCell]:
        reader = self.triage.reader()
        drawn = reader.outlines.predict(images)
        told = reader.voice(CLASSIFIER).cells.predict(images, drawn)
        found = np.stack([each.labels() for each in drawn])
        dice: list[dict[str, float]] = [{} for _ in images]
        if asked is not None:
            wanted = np.repeat(resized(asked, images[0].shape[0])[None], len(images), 0)
            scores = dice_scores(found, wanted)
            dice = [{part: float(scores[part][at]) for part in PARTS} for at in range(len(images))]
        return [
            SteeredCell(
                mark_synthetic(image, f"{about}, number {at + 1}"),
                found[at], dice[at], told[at].probabilities, copied,
            )
            for at, (image, copied) in enumerate(zip(images, check.flagged(images), strict=True))
        ]  # fmt: skip

    def _maker(self, name: str) -> tuple[SteeredMaker, CopyCheck, Card]:
        with self._loading:
            if name not in self._makers:
                from cervix_models.steering import open_steered  # brings torch and diffusers

                maker, card = open_steered(name, self.settings)
                self._makers[name] = maker, open_check(name, self.settings), card
            return self._makers[name]


def control_of(upload: bytes, filename: str, side: int) -> Control:
    """The control of an image file: outlines where it holds labels alone, 0 background, 1
    cytoplasm, 2 nucleus; else the edges of the picture.

    Raises IntakeError for a file that is none.
    """
    cell = taken(upload, filename, sample=True)
    pixels = cell.pixels
    grey = (pixels == pixels[..., :1]).all()
    if grey and pixels.max() <= NUCLEUS:
        return of_labels(framed(pixels[..., 0], side))
    from cervix_models.generators.controls import edges_picture  # brings torch

    small = Pictures.fromarray(pixels).resize((side, side), Pictures.Resampling.BILINEAR)
    return Control(None, edges_picture(np.asarray(small)))

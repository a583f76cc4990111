"""A cell turned into one of another class: before, after and back again, as the models see them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervix_models.cards import here_of
from cervix_models.contracts import Card, Image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import mark_synthetic, without_letters
from cervix_models.data.pictures import png_of
from cervix_models.evaluation.segmentation import dice_scores
from cervix_models.limits import take
from cervix_models.making import CellTurner, open_turner
from cervix_models.nearness import CopyCheck, open_check
from cervix_models.services.triage import Triage, taken


@dataclass(frozen=True)
class Look:
    """A cell, and what the models say of it."""

    png: bytes  # marked where it was made
    labels: NDArray[np.uint8] | None  # (side, side): 0, 1, 2 as in contracts
    probabilities: Mapping[str, float]  # empty, as there are no labels, where it is no such cell

    @property
    def label(self) -> str:
        """The class that the classifier would name."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


@dataclass(frozen=True)
class Turned:
    """A cell that was turned into one of another class."""

    generator: str
    label: str  # the wanted class
    before: Look
    after: Look
    again: Look  # turned back
    kept: Mapping[str, float]  # Dice of nucleus and cell, before and after; empty without labels
    near_copy: bool  # nearer to a training cell than 99 of 100 unseen real cells are


class Turning:
    """The translators at hand, each loaded by the first who asks; threads may share one."""

    def __init__(self, triage: Triage) -> None:
        """Loads nothing yet."""
        self.triage, self.settings = triage, triage.settings
        self._loading = threading.Lock()
        self._turners: dict[str, tuple[CellTurner, CopyCheck, Card]] = {}

    def cards(self) -> list[Card]:
        """The cards of the translators whose weights are here, those first whose cells are most
        often taken for the class that they were turned into."""
        found = here_of(("translator",), *self.settings.shelves)
        return sorted(found, key=lambda card: (-_told(card), card.name))

    def turn(
        self, name: str, upload: bytes, filename: str, label: str, back: str, *, sample: bool
    ) -> Turned:
        """A cell as it would look in the class `label`, and turned back into one of `back`.

        With `sample`, a generated picture of ours may be turned, all but the letters of its mark.
        Raises IntakeError for bytes that are no cell picture, and for a generated one without
        `sample`; WeightsError; DataError for a class that the translator turns no cell into.
        """
        take("made cells", 2)
        cell = taken(upload, filename, sample=sample)
        turner, check, card = self._turner(name)
        before = turner.seen([without_letters(cell.pixels)])[0]
        after = turner.turn([before], label)[0]
        again = turner.turn([after], back)[0]
        looks = self._looks([before, after, again], card)
        about = f"by {name} ({card.weights_sha256[:12]}) from {cell.sha256[:12]}"
        pngs = (
            mark_synthetic(before, "A drawn sample") if cell.synthetic else png_of(before),
            mark_synthetic(after, f"Cell turned into {label} {about}"),
            mark_synthetic(again, f"Cell turned into {label} and back into {back} {about}"),
        )
        first, second, third = (
            Look(png, mask, told) for png, (mask, told) in zip(pngs, looks, strict=True)
        )
        kept = {}
        if first.labels is not None and second.labels is not None:
            dice = dice_scores(second.labels[None], first.labels[None])
            kept = {part: float(dice[part][0]) for part in ("nucleus", "cell")}
        return Turned(name, label, first, second, third, kept, check.flagged([after])[0])

    def _looks(
        self, images: Sequence[Image], card: Card
    ) -> list[tuple[NDArray[np.uint8] | None, Mapping[str, float]]]:
        """Labels and probabilities of each; none where the translator is of other images."""
        if card.classes != CLASS_NAMES:
            return [(None, {}) for _ in images]
        reader = self.triage.reader()
        drawn = reader.outlines.predict(images)
        found = reader.voice().cells.predict(images, drawn)
        pairs = zip(drawn, found, strict=True)
        return [(mask.labels(), told.probabilities) for mask, told in pairs]

    def _turner(self, name: str) -> tuple[CellTurner, CopyCheck, Card]:
        with self._loading:
            if name not in self._turners:
                turner, card = open_turner(name, self.settings)
                self._turners[name] = turner, open_check(name, self.settings), card
            return self._turners[name]


def _told(card: Card) -> float:
    """The share of turned cells that is taken for their class, mean over the classes."""
    ways = card.metrics.get("ways", {}).values()
    return float(np.mean([each.get("recognised", 0.0) for each in ways])) if ways else 0.0

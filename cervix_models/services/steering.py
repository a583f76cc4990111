"""Cells whose nucleus and outline are asked for: what steers them, and how far they heed it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pictures

from cervix_models.cards import here_of
from cervix_models.contracts import NUCLEUS, Card, Image, Wish
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import mark_synthetic
from cervix_models.data.shapes import Control, Labels, borders, framed, of_labels, resized, size_of
from cervix_models.errors import WeightsError
from cervix_models.evaluation.segmentation import dice_scores
from cervix_models.flux import NAME, SIDE, find_flux, open_flux
from cervix_models.limits import take
from cervix_models.nearness import CopyCheck, open_check
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


@dataclass(frozen=True)
class Offer:
    """A generator that can be steered, or could be."""

    name: str
    classes: tuple[str, ...]
    side: int  # of its pictures, pixels
    card: Card | None = None  # the large Flux has none
    lacks: str = ""  # what is missing before it can be used
    licence: str = ""  # what is to be accepted before its first use


class Steering:
    """The generators at hand that can be steered; threads may share one."""

    def __init__(self, triage: Triage) -> None:
        """Loads nothing yet."""
        self.triage, self.settings = triage, triage.settings
        self._loading = threading.Lock()
        self._makers: dict[str, tuple[SteeredMaker, CopyCheck | None, str]] = {}

    def offers(self) -> list[Offer]:
        """What can be steered: generators of ours whose weights are here and what was added to
        them, by name, and the large Flux, which may lack its files or an accepted licence."""
        cards = here_of(("generator", "adapter"), *self.settings.shelves)
        ours = [
            Offer(card.name, card.classes, int(card.input["size"]), card)
            for card in cards
            if card.metrics.get("control") or card.kind == "adapter"  # it was seen to heed them
        ]
        place = find_flux(self.settings)
        lacks = "" if place.whole else place.lacks
        licence = place.licence if place.whole and not self._licence.is_file() else ""
        return [*ours, Offer(NAME, CLASS_NAMES, SIDE, lacks=lacks, licence=licence)]

    def accept(self, user: str) -> None:
        """Remembers that the licence of the large Flux was read and accepted."""
        self._licence.parent.mkdir(parents=True, exist_ok=True)
        told = f"{user}, {datetime.now(UTC).isoformat(timespec='seconds')}\n"
        self._licence.write_text(told, encoding="utf-8")

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
        take("made cells", wish.count)
        maker, check, origin = self.maker(name)
        labels, picture = (control.labels, control.picture) if control else (None, None)
        if labels is not None and not maker.outlines:
            picture = borders(labels, maker.side)
        size = None if labels is None else size_of(labels)
        wish = replace(wish, control=picture, size=size)
        about = f"{wish.label} cell made by {name} ({origin}), seed {wish.seed}"

        def shown(step: int, images: list[Image]) -> None:
            if watch:
                watch(step, [mark_synthetic(each, about) for each in images])

        images = maker.make(wish, shown if watch else None)
        return self._looked_at(images, labels, about, check)

    def _looked_at(
        self, images: Sequence[Image], asked: Labels | None, about: str, check: CopyCheck | None
    ) -> list[SteeredCell]:
        reader = self.triage.reader()
        drawn = reader.outlines.predict(images)
        told = reader.voice().cells.predict(images, drawn)
        found = np.stack([each.labels() for each in drawn])
        dice: list[dict[str, float]] = [{} for _ in images]
        if asked is not None:
            wanted = np.repeat(resized(asked, images[0].shape[0])[None], len(images), 0)
            scores = dice_scores(found, wanted)
            dice = [{part: float(scores[part][at]) for part in PARTS} for at in range(len(images))]
        copies = check.flagged(images) if check else [False] * len(images)
        return [
            SteeredCell(
                mark_synthetic(image, f"{about}, number {at + 1}"),
                found[at], dice[at], told[at].probabilities, copied,
            )
            for at, (image, copied) in enumerate(zip(images, copies, strict=True))
        ]  # fmt: skip

    @property
    def _licence(self) -> Path:
        return self.settings.home / "licences" / f"{NAME}.txt"

    def maker(self, name: str) -> tuple[SteeredMaker, CopyCheck | None, str]:
        """A generator as a pipeline, what finds copies among its cells, and the hash of its weights
        or where it comes from. Raises WeightsError, CapacityError."""
        with self._loading:
            if name not in self._makers:
                self._makers[name] = self._large() if name == NAME else self._small(name)
            return self._makers[name]

    def _small(self, name: str) -> tuple[SteeredMaker, CopyCheck, str]:
        from cervix_models.steering import open_steered  # brings torch and diffusers

        maker, card = open_steered(name, self.settings)
        return maker, open_check(name, self.settings), card.weights_sha256[:12]

    def _large(self) -> tuple[SteeredMaker, None, str]:
        if not self._licence.is_file():
            raise WeightsError(
                f"The licence of {NAME} was not accepted here yet. Read and accept it in the "
                "Studio first."
            )
        return open_flux(self.settings), None, find_flux(self.settings).wanted[0]


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

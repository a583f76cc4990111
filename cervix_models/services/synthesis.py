"""Cells made by generators, each marked as such: by class and seed, and on the way between two."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from cervix_models.cards import here_of
from cervix_models.contracts import NOTICE, Card, Image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import mark_synthetic, synthetic_film, without_letters
from cervix_models.data.pictures import pixels_of
from cervix_models.errors import DataError
from cervix_models.inference import Batch
from cervix_models.limits import take
from cervix_models.making import MOST, CellMaker, noise_of, open_maker
from cervix_models.nearness import CopyCheck, open_check
from cervix_models.settings import Settings
from cervix_models.telemetry import MADE

STEPS = (2, 60)  # of a walk
FRAME = 120  # milliseconds a step of its film
ENLARGED = 4  # times, of a film's pictures


@dataclass(frozen=True)
class Spot:
    """Where a cell comes from: its class, and the noise that a seed gives."""

    label: str
    seed: int
    number: int = 1  # among the cells of this seed


@dataclass(frozen=True)
class MadeCell:
    """One made cell, with all that it takes to make it again."""

    generator: str
    weights: str  # sha256
    label: str
    seed: int
    number: int  # among the cells of this seed, from 1
    temperature: float
    near_copy: bool  # nearer to a training cell than 99 of 100 unseen real cells are
    png: bytes  # marked synthetic on its face and in the file

    @property
    def name(self) -> str:
        """A file's name for it."""
        return f"synthetic-{self.label.lower()}-{self.seed}-{self.number:03}.png"

    @property
    def about(self) -> str:
        """What made it, in one line."""
        near = ", nearly a copy of a training cell" if self.near_copy else ""
        return (
            f"{self.label} cell made by {self.generator} ({self.weights[:12]}), seed {self.seed}, "
            f"number {self.number}, temperature {self.temperature:g}{near}"
        )


class Synthesis:
    """The generators at hand, each loaded by the first who asks; threads may share one."""

    def __init__(self, settings: Settings) -> None:
        """Loads nothing yet."""
        self.settings = settings
        self._loading = threading.Lock()
        self._makers: dict[str, tuple[CellMaker, CopyCheck, Card]] = {}

    def cards(self) -> list[Card]:
        """The cards of the generators of the five classes whose weights are here: those first that
        make a cell in one step, which is quick, and of these the likest to real cells."""
        found = here_of(("generator",), *self.settings.shelves)
        cells = [card for card in found if card.classes == CLASS_NAMES]
        return sorted(
            cells, key=lambda card: (bool(card.recipe.get("flow")), _distance(card), card.name)
        )

    def make(
        self, name: str, label: str, count: int, *, seed: int, temperature: float = 1.0
    ) -> list[MadeCell]:
        """So many marked cells of a class; the same for the same seed.

        Raises WeightsError for a generator that is not here, DataError as `generate` does.
        """
        take("made cells", count)
        maker, check, card = self._maker(name)
        images = maker.generate(label, count, seed=seed, temperature=temperature)
        made = [
            MadeCell(name, card.weights_sha256, label, seed, at, temperature, near, b"")
            for at, near in enumerate(check.flagged(images), start=1)
        ]
        MADE.inc(len(made))
        return [
            replace(each, png=mark_synthetic(image, each.about))
            for each, image in zip(made, images, strict=True)
        ]

    def walk(self, name: str, start: Spot, end: Spot, steps: int) -> list[bytes]:
        """Marked cells on the way from one to another: noise along the great circle between them,
        as most of its length is typical of all noise (White 2016), and classes in equal steps.

        Raises as `make` does, and DataError for a number of steps that is none.
        """
        low, high = STEPS
        if not low <= steps <= high:
            raise DataError(f"A walk of {steps} steps was asked for; {low} to {high} can be made.")
        take("made cells", steps)
        maker, _, _ = self._maker(name)
        _check(maker, start, end)
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        first, last = (noise_of(each.seed, each.number, maker.latent)[-1] for each in (start, end))
        one, two = maker.parts([start.label, end.label])
        images = maker.of(between(first, last, share), (1 - share) * one + share * two)
        ends = " and ".join(f"{x.label}, seed {x.seed}, number {x.number}" for x in (start, end))
        return [
            mark_synthetic(image, f"Cell made by {name} between {ends}, step {at} of {steps}")
            for at, image in enumerate(images, start=1)
        ]

    def _maker(self, name: str) -> tuple[CellMaker, CopyCheck, Card]:
        with self._loading:
            if name not in self._makers:
                maker, card = open_maker(name, self.settings)
                self._makers[name] = maker, open_check(name, self.settings), card
            return self._makers[name]


def between(first: Batch, last: Batch, share: Batch) -> Batch:
    """Points `(n, width)` on the great circle from one `(width,)` to the other, at shares
    `(n, 1)` of the way; on the straight line where the two lie on one."""
    lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(last))
    cosine = float(first @ last) / max(lengths, 1e-9)
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-4:
        return np.asarray((1 - share) * first + share * last, np.float32)
    parts = np.sin((1 - share) * angle) * first + np.sin(share * angle) * last
    return np.asarray(parts / np.sin(angle), np.float32)


def archive(made: Sequence[MadeCell]) -> bytes:
    """A ZIP of made cells, with a manifest that says of each what made it."""
    manifest = {
        "notice": NOTICE,
        "synthetic": True,
        "cells": [
            {"file": each.name, **{k: v for k, v in vars(each).items() if k != "png"}}
            for each in made
        ],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("manifest.json", json.dumps(manifest, indent=1) + "\n")
        for each in made:
            packed.writestr(each.name, each.png)
    return out.getvalue()


def film(steps: Sequence[bytes]) -> bytes:
    """A walk as an animated WebP, there and back, marked on every picture and in the file."""
    large = [_enlarged(without_letters(pixels_of(each, "RGB"))) for each in steps]
    frames = [*large, *large[-2:0:-1]]
    return synthetic_film(frames, "a walk between made cells", [FRAME] * len(frames), 85)


def _enlarged(image: NDArray[np.uint8]) -> Image:
    height, width = image.shape[:2]
    picture = Pictures.fromarray(image)
    size = (width * ENLARGED, height * ENLARGED)
    return np.asarray(picture.resize(size, Pictures.Resampling.BICUBIC))


def _check(maker: CellMaker, *spots: Spot) -> None:
    for each in spots:
        if each.label not in maker.classes:
            raise DataError(
                f"A walk by way of {each.label!r} was asked for; this generator makes cells of "
                f"{', '.join(maker.classes)}. Ask for one of these."
            )
        if not 1 <= each.number <= MOST:
            raise DataError(
                f"A walk by way of cell {each.number} of a seed was asked for; 1 to {MOST} are "
                "there. Ask for one of these."
            )


def _distance(card: Card) -> float:
    return float(card.metrics.get("kid", {}).get("value", np.inf))

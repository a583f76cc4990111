"""Generators for tests of pages and services: even pictures, and no network behind them."""

from __future__ import annotations

import numpy as np

from cervix_models.contracts import Card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.making import CellMaker
from cervix_models.services.synthesis import Synthesis
from tests import tiny

KID = {"value": 0.05, "low": 0.04, "high": 0.06}
FLOOR = {"kid": {**KID, "value": 0.001}, "recognised": {"value": 0.97}}
METRICS = {"summary": "", "kid": KID, "floor": FLOOR, "recognised": {"value": 0.88}}


class NoCopies:
    """Takes no picture for a copy."""

    def flagged(self, images: list[np.ndarray]) -> list[bool]:
        return [False] * len(images)


def flat(noise: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Even pictures whose tone the class and the first number of the noise give."""
    tone = (parts @ np.linspace(0.2, 0.8, 5)[:, None] + noise[:, :1] / 20).clip(0, 1)
    return (tone[:, :, None, None] * np.ones((1, 3, 64, 64))).astype(np.float32)


def add_generator(synthesis: Synthesis, name: str) -> Card:
    """The card of a generator that the service now has."""
    given = tiny.recipe("cgan", name=name)
    tiny.save_tiny(synthesis.settings.weights, given, metrics=METRICS)
    card = next(each for each in synthesis.cards() if each.name == name)
    synthesis._makers[name] = (CellMaker(flat, CLASS_NAMES, 100), NoCopies(), card)
    return card

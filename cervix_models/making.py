"""Cells made by generators: weights and card as something that makes pictures, without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervix_models.contracts import Card, Image
from cervix_models.errors import DataError
from cervix_models.inference import Batch
from cervix_models.sessions import onnx_session
from cervix_models.settings import Settings

MOST = 500  # cells at once
TEMPERATURES = (0.0, 1.5)  # factors on the noise: 0 is the same cell every time
Network = Callable[[Batch, Batch], Batch]  # noise (n, latent), parts of classes (n, classes)


@dataclass(frozen=True)
class CellMaker:
    """A generator that is ready to make cells."""

    network: Network
    classes: tuple[str, ...]
    latent: int

    def generate(
        self, label: str, count: int, *, seed: int, temperature: float = 1.0
    ) -> list[Image]:
        """So many cells of a class; the same for the same seed, and the first of them whatever the
        count.

        Raises DataError for a class, a count or a temperature that is none.
        """
        if label not in self.classes:
            raise DataError(
                f"Cells of {label!r} were asked for; this generator makes those of "
                f"{', '.join(self.classes)}. Ask for one of these."
            )
        if not 1 <= count <= MOST:
            raise DataError(f"{count} cells were asked for; 1 to {MOST} can be made at once.")
        low, high = TEMPERATURES
        if not low <= temperature <= high:
            raise DataError(
                f"The temperature is {temperature:g}; {low:g} to {high:g} was expected. "
                "1 is the spread that the generator was trained with."
            )
        noise = noise_of(seed, count, self.latent) * np.float32(temperature)
        return self.of(noise, self.parts([label] * count))

    def of(self, noise: Batch, parts: Batch) -> list[Image]:
        """The cells of noise `(n, latent)` and parts of classes `(n, classes)`."""
        made = np.clip(self.network(noise, parts) * 255, 0, 255).round().astype(np.uint8)
        return list(made.transpose(0, 2, 3, 1))

    def parts(self, labels: list[str]) -> Batch:
        """One row a label: one at its class, zero elsewhere."""
        return np.eye(len(self.classes), dtype=np.float32)[[self.classes.index(x) for x in labels]]


def noise_of(seed: int, count: int, latent: int) -> NDArray[np.float32]:
    """Standard normal noise `(count, latent)`: row k depends on the seed and k alone."""
    return np.random.default_rng(seed).standard_normal((count, latent), np.float32)


def open_maker(name: str, settings: Settings) -> tuple[CellMaker, Card]:
    """The generator of `weights/<name>/` and its card. Raises WeightsError."""
    run, card = onnx_session(name, settings)
    return CellMaker(lambda *given: run(*given)[0], card.classes, int(card.input["latent"])), card

"""Cells made by generators, or turned by translators: weights and card as something that makes
pictures, without torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from cervix_models.cards import load_card
from cervix_models.contracts import Card, Image
from cervix_models.errors import DataError
from cervix_models.inference import Batch, normalised, prepared
from cervix_models.sessions import TORCH, onnx_session
from cervix_models.settings import Settings

if TYPE_CHECKING:
    from cervix_models.generators.base import CellGenerator

MOST = 500  # cells at once
AT_ONCE = 64  # of them, by torch
TEMPERATURES = (0.0, 1.5)  # factors on the noise: 0 is the same cell every time
Network = Callable[[Batch, Batch], Batch]  # noise (n, latent), parts of classes (n, classes)
Turns = Callable[[Batch, Batch], list[Batch]]  # cells (n, 3, side, side), parts: there, and back


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
        return _pictures(self.network(noise, parts))

    def parts(self, labels: list[str]) -> Batch:
        """One row a label: one at its class, zero elsewhere."""
        return _parts(self.classes, labels)


@dataclass(frozen=True)
class CellTurner:
    """A translator that is ready to turn cells of one domain into those of the other."""

    network: Turns
    classes: tuple[str, ...]
    side: int  # of its cells, pixels
    domains: tuple[tuple[str, ...], tuple[str, ...]]  # classes; the network goes there, and back

    def seen(self, images: Sequence[Image]) -> list[Image]:
        """Images of any size as the network is given them, at its own size."""
        return _pictures(prepared(images, self.side, (0, 0, 0), (1, 1, 1)))

    def turn(self, images: Sequence[Image], label: str) -> list[Image]:
        """Images of the network's own size, as `seen` gives them, as cells of a class.

        Raises DataError for a class that it turns no cell into.
        """
        known = [each for domain in self.domains[::-1] for each in domain]
        if label not in known:
            raise DataError(
                f"Cells were to be turned into {label!r}; this network turns them into "
                f"{', '.join(known)}. Ask for one of these."
            )
        given = normalised(np.stack(images), (0, 0, 0), (1, 1, 1))
        there, back = self.network(given, _parts(self.classes, [label] * len(images)))
        return _pictures(there if label in self.domains[1] else back)

    def starts(self, label: str) -> tuple[str, ...]:
        """The classes whose cells it has learned to turn into this one."""
        return self.domains[0] if label in self.domains[1] else self.domains[1]


def _parts(classes: tuple[str, ...], labels: list[str]) -> Batch:
    return np.eye(len(classes), dtype=np.float32)[[classes.index(each) for each in labels]]


def _pictures(made: Batch) -> list[Image]:
    """Cells `(n, 3, h, w)` in 0..1 as pictures."""
    whole = np.clip(made * 255, 0, 255).round().astype(np.uint8)
    return list(np.ascontiguousarray(whole.transpose(0, 2, 3, 1)))


def noise_of(seed: int, count: int, latent: int) -> NDArray[np.float32]:
    """Standard normal noise `(count, latent)`: row k depends on the seed and k alone."""
    return np.random.default_rng(seed).standard_normal((count, latent), np.float32)


def open_maker(name: str, settings: Settings) -> tuple[CellMaker, Card]:
    """The generator of `weights/<name>/` and its card. Raises WeightsError."""
    if load_card(name, settings.shelf(name)).recipe.get("flow"):
        from cervix_models.checkpoints import load_network

        # By torch: it takes so many steps that they would be too many for one graph.
        network, card = load_network(name, settings.shelf(name))
        return maker_of(cast("CellGenerator", network), card.classes), card
    run, card = onnx_session(name, settings)
    return CellMaker(lambda *given: run(*given)[0], card.classes, int(card.input["latent"])), card


def maker_of(network: CellGenerator, classes: tuple[str, ...]) -> CellMaker:
    """A network of torch as what makes cells."""
    import torch

    @torch.inference_mode()
    def run(noise: Batch, parts: Batch) -> Batch:
        given = (torch.from_numpy(each).split(AT_ONCE) for each in (noise, parts))
        with TORCH:
            made = [network.eval()(*some) for some in zip(*given, strict=True)]
        out: Batch = torch.cat(made).numpy()
        return out

    return CellMaker(run, classes, network.latent)


def open_turner(name: str, settings: Settings) -> tuple[CellTurner, Card]:
    """The translator of `weights/<name>/` and its card. Raises WeightsError."""
    run, card = onnx_session(name, settings)
    cycle = card.recipe["cycle"]
    domains = tuple(cycle["source"]), tuple(cycle["target"])
    return CellTurner(run, card.classes, int(card.input["size"]), domains), card

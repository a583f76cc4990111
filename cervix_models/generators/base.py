"""What every generator of cells can do, whatever it is trained by."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class CellGenerator(nn.Module, ABC):
    """Makes square cells from noise, of classes that are given as parts of each.

    A row of `classes` is one at the asked class and zero elsewhere; between two classes it is
    divided among them, which is how a walk goes from one to the other.
    """

    latent: int  # numbers of noise a cell
    side: int  # of a cell, pixels

    @abstractmethod
    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """Cells `(n, 3, side, side)` in 0..1 of standard normal noise `(n, latent)` and parts of
        classes `(n, classes)`."""


class AdversarialGenerator(CellGenerator):
    """A generator that learns against a critic."""

    @abstractmethod
    def critic(self) -> nn.Module:
        """A fresh critic: of cells in 0..1 and parts of classes, how real each looks, from below to
        above zero, `(n,)` or at several places. Where it has a `trunk` that knows pictures, its
        `backbone` names the network that those weights are of."""


class VariationalGenerator(CellGenerator):
    """A decoder with the encoder that it learns together with, which is not kept."""

    learned_by: tuple[str, ...]  # names of the encoder's parts

    @abstractmethod
    def encode(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance, each `(n, latent)`, of cells in 0..1."""

    @abstractmethod
    def decode(self, latents: Tensor, classes: Tensor) -> Tensor:
        """Cells `(n, 3, side, side)` in 0..1 of what `encode` says of them."""

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """See CellGenerator; the noise is taken for what `encode` would say."""
        return self.decode(noise, classes)

    def settle(self, images: Tensor, labels: Tensor, sizes: Tensor) -> None:
        """Learns, once it is trained, where cells in 0..1 of each label, whose size in pixels has
        these logarithms, lie among its latents; one whose document says that they lie like noise
        has nothing to learn."""
